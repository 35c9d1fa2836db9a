import type { AttributeValue } from '../core/attributes.js';
import type { FinishReason } from '../core/trajectory.js';
import { list, text } from './values.js';

const NORMAL = new Map<string, FinishReason>([
  ['stop', 'stop'],
  ['end_turn', 'stop'],
  ['endTurn', 'stop'],
  ['stop_sequence', 'stop'],
  ['tool_calls', 'tool_call'],
  ['tool_call', 'tool_call'],
  ['tool-calls', 'tool_call'],
  ['tool_use', 'tool_call'],
  ['toolUse', 'tool_call'],
  ['function_call', 'tool_call'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['content_filter', 'content_filter'],
  ['content-filter', 'content_filter'],
  ['refusal', 'content_filter'],
]);

/** The first reason of an array, of the JSON text of one, or of a plain string; as the emitter wrote it. */
export function firstReason(value: AttributeValue | undefined): string | undefined {
  for (const reason of list(value)) {
    const found = text(reason);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * The reason in the words of OTel GenAI; unknown ones as they came.
 *
 * @param callsTool - some emitters say `stop` on a turn that asks for a tool
 */
export function finishReason(raw: string | undefined, callsTool: boolean): FinishReason | undefined {
  if (raw === undefined) return undefined;
  const reason = NORMAL.get(raw) ?? raw;
  return reason === 'stop' && callsTool ? 'tool_call' : reason;
}
