import { lastText } from './messages.js';
import type { Node } from './tree.js';

/**
 * What the user asked: as the root has it, else the first of the outermost agents, else the first model step.
 *
 * @param live - collapsed nodes, parents before children, the root first
 * @param models - model nodes by start
 */
export function firstAsked(live: readonly Node[], models: readonly Node[]): string | undefined {
  for (const node of [...live.slice(0, 1), ...outermostAgents(live), ...models.slice(0, 1)]) {
    const { inputMessages, inputText, arguments: given } = node.fields;
    const isAsk = node.kind === 'embedding' || node.kind === 'retrieval' || node.kind === 'tool';
    const asked = lastText(inputMessages, 'user') ?? (isAsk ? given : undefined) ?? inputText;
    if (asked !== undefined) return asked;
  }
  return undefined;
}

/**
 * The final answer: as the root has it, else the last of the outermost agents, else the last model step. A last step that
 * failed is passed over when the run itself did not.
 */
export function finalText(live: readonly Node[], models: readonly Node[]): string | undefined {
  for (const node of [...live.slice(0, 1), ...outermostAgents(live).toReversed(), ...lastSpeaker(live, models)]) {
    const { outputMessages, outputText, result } = node.fields;
    const answer = lastText(outputMessages, 'assistant') ?? (outputMessages === undefined ? outputText : undefined);
    const found = answer ?? (node === live[0] && node.kind !== 'model' && node.kind !== 'agent' ? result : undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

function lastSpeaker(live: readonly Node[], models: readonly Node[]): readonly Node[] {
  if (live[0]?.fields.failure !== undefined) return models.slice(-1);
  const failed = ({ fields }: Node) => fields.failure !== undefined && fields.outputMessages === undefined;
  return models.filter((node) => !failed(node)).slice(-1);
}

/** System instructions of the first model step, else of the first span that has any. */
export function instructionsOf(live: readonly Node[], models: readonly Node[]): string | undefined {
  for (const node of [...models, ...live]) {
    const { instructions, inputMessages } = node.fields;
    const said = inputMessages?.flatMap((message) => (message.role === 'system' ? (message.text ?? []) : [])) ?? [];
    // Some emitters send the same instructions in both places.
    const all = [...new Set([...(instructions === undefined ? [] : [instructions]), ...said])];
    if (all.length > 0) return all.join('\n\n');
  }
  return undefined;
}

/** True when the span holds a message that anyone but the system wrote. */
export function hasMessageText({ fields }: Node): boolean {
  const all = [...(fields.inputMessages ?? []), ...(fields.outputMessages ?? [])];
  return all.some((message) => message.role !== 'system' && message.text !== undefined);
}

function outermostAgents(live: readonly Node[]): readonly Node[] {
  const agents = live.filter((node) => node.kind === 'agent');
  const depth = agents.reduce((least, node) => Math.min(least, node.depth), Number.POSITIVE_INFINITY);
  return agents.filter((node) => node.depth === depth);
}
