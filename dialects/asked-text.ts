import type { AttributeValue } from '../core/attributes.js';
import { lastText, readIfMessages } from './messages.js';
import { resultText } from './parts.js';
import { content, isStructure, structure, structured, type Structure } from './values.js';

const ASKED = new Set(['prompt', 'input', 'question', 'query', 'message', 'text', 'messages', 'system']);
const ANSWERED = new Set(['output', 'answer', 'text', 'content', 'message', 'response', 'result', 'messages']);

/** What a span was asked, from an input of no fixed shape: the last user message where it holds messages, else its text. */
export function askedText(value: AttributeValue | undefined): string | undefined {
  return wordsOf(value, 'user', ASKED);
}

/** What a span answered, from an output of no fixed shape. */
export function answeredText(value: AttributeValue | undefined): string | undefined {
  return wordsOf(value, 'assistant', ANSWERED);
}

/** A tool's output of no fixed shape as text; LangChain's serialised messages are unwrapped. */
export function toolOutput(value: AttributeValue | undefined): {
  readonly text: string | undefined;
  readonly failed: boolean;
  readonly callId?: AttributeValue | undefined;
} {
  const outer = structure(value);
  const dump = outer === undefined ? undefined : (dumped(outer) ?? dumped(structure(outer.output)));
  if (dump === undefined) return { text: resultText(value), failed: false };
  return { text: resultText(dump.content), failed: dump.status === 'error', callId: dump.tool_call_id };
}

function dumped(value: Structure | undefined): Structure | undefined {
  return value?.lc === 1 ? structure(value.kwargs) : undefined;
}

function wordsOf(value: AttributeValue | undefined, role: string, keys: ReadonlySet<string>): string | undefined {
  const found = structured(value);
  const messages = readIfMessages(found, role);
  if (messages !== undefined) return lastText(messages, role) ?? content(value);
  const inner = isStructure(found) ? onlyText(found, keys) : undefined;
  // JSON that is no message is somebody's own structure: it is kept as it was sent.
  return inner ?? content(typeof found === 'string' ? found : value);
}

function onlyText(value: Structure, keys: ReadonlySet<string>): string | undefined {
  const names = Object.keys(value).filter((name) => name !== 'system');
  const name = names.length === 1 ? names[0] : undefined;
  return name !== undefined && keys.has(name) && typeof value[name] === 'string' ? content(value[name]) : undefined;
}
