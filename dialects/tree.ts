import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import type { MutableFields } from './fields.js';

/** A span in its place. */
export interface Node {
  readonly span: Span;
  readonly fields: MutableFields;
  kind: StepKind;
  /** Undefined for roots, orphans, and where a cycle was cut. */
  parent: Node | undefined;
  readonly children: Node[];
  depth: number;
  /** Said the same as another span, which now speaks for both; or is no part of the run. */
  absorbed: boolean;
}

/** Spans once each, by start; of two with one id the one that ended later. */
export function uniqueByStart(spans: readonly Span[]): readonly Span[] {
  const byId = new Map<string, Span>();
  for (const span of spans) {
    const known = byId.get(span.spanId);
    if (known === undefined || span.endNs >= known.endNs) byId.set(span.spanId, span);
  }
  return [...byId.values()].sort(compareSpans);
}

/** By start; what started at once by end and id, so that the order of arrival decides nothing. */
export function compareSpans(a: Span, b: Span): number {
  if (a.startNs !== b.startNs) return a.startNs < b.startNs ? -1 : 1;
  if (a.endNs !== b.endNs) return a.endNs < b.endNs ? -1 : 1;
  return a.spanId < b.spanId ? -1 : a.spanId > b.spanId ? 1 : 0;
}

/**
 * Joins children to parents. Orphans and self-parents stand as roots, cycles are cut at the span that started first.
 *
 * @param nodes - by start, without parents and children yet
 * @returns every node once, parents before children, the root first
 */
export function plant(nodes: readonly Node[]): readonly Node[] {
  const byId = new Map(nodes.map((node) => [node.span.spanId, node]));
  for (const node of nodes) {
    const parent = byId.get(node.span.parentSpanId);
    if (parent === undefined || parent === node) continue;
    node.parent = parent;
    parent.children.push(node);
  }
  const tops = nodes.filter((node) => node.parent === undefined);
  // A true root goes before orphans, whose parents may only be late.
  const roots = tops.filter((node) => node.span.parentSpanId === '');
  const ordered: Node[] = [];
  const seen = new Set<Node>();
  for (const top of [...roots, ...tops, ...nodes]) if (!seen.has(top)) walk(top, ordered, seen);
  return ordered;
}

function walk(top: Node, ordered: Node[], seen: Set<Node>): void {
  if (top.parent !== undefined) {
    // Only a node inside a cycle is reached here with a parent.
    const siblings = top.parent.children;
    siblings.splice(siblings.indexOf(top), 1);
    top.parent = undefined;
  }
  const stack = [top];
  seen.add(top);
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    ordered.push(node);
    node.depth = node.parent === undefined ? 0 : node.parent.depth + 1;
    for (const child of node.children.toReversed()) {
      seen.add(child);
      stack.push(child);
    }
  }
}
