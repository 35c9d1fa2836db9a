import type { TokenCount } from '../core/trajectory.js';
import type { Node } from './tree.js';

/**
 * The nodes whose token counts are counted: leaves. A span above others with usage repeats their sum, under the same
 * names, and counting both doubles the truth. What a tool of a model span spent is not in that model span.
 *
 * @param ordered - parents before children, collapsed
 */
export function countedUsage(ordered: readonly Node[]): ReadonlyMap<Node, TokenCount> {
  const counted = new Map<Node, TokenCount>();
  const below = new Set<Node>();
  const directlyBelow = new Set<Node>();
  for (const node of ordered.toReversed()) {
    const usage = usageOf(node);
    const isSum = node.kind === 'model' ? directlyBelow.has(node) : below.has(node);
    if (usage !== undefined && !isSum) counted.set(node, usage);
    if (node.parent === undefined) continue;
    if (usage !== undefined || below.has(node)) below.add(node.parent);
    if (node.kind !== 'tool' && (usage !== undefined || directlyBelow.has(node))) directlyBelow.add(node.parent);
  }
  return counted;
}

/** Agents count too where no model span beneath them says anything, as remote ones do. */
function usageOf({ absorbed, fields, kind }: Node): TokenCount | undefined {
  if (absorbed || (kind !== 'model' && kind !== 'agent')) return undefined;
  if (fields.inputTokens === undefined && fields.outputTokens === undefined) return undefined;
  return { input: fields.inputTokens ?? 0, output: fields.outputTokens ?? 0 };
}

/** The sum, or the most that a number can count. @returns undefined when nothing was counted */
export function totalUsage(counts: Iterable<TokenCount>): TokenCount | undefined {
  let total: TokenCount | undefined;
  for (const { input, output } of counts)
    total = { input: sum(total?.input ?? 0, input), output: sum(total?.output ?? 0, output) };
  return total;
}

function sum(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
}
