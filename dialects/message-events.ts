import type { SpanEvent } from '../core/span.js';
import type { Message } from './fields.js';
import { readMessage } from './messages.js';
import { content, count, isStructure, structure, structured, text, type Structure } from './values.js';

const INPUT_ROLES = new Map([
  ['gen_ai.system.message', 'system'],
  ['gen_ai.user.message', 'user'],
  ['gen_ai.assistant.message', 'assistant'],
  ['gen_ai.tool.message', 'tool'],
]);

/** The event that holds what a model answered. */
export const CHOICE = 'gen_ai.choice';

/** True for an event that is one message of what a model was given. */
export function isInputMessage({ name }: SpanEvent): boolean {
  return INPUT_ROLES.has(name);
}

/** The message that a `gen_ai.*.message` event is. @returns undefined for other events, and for a message that says nothing */
export function inputMessageOf(event: SpanEvent): Message | undefined {
  const role = INPUT_ROLES.get(event.name);
  return role === undefined ? undefined : toMessage(bodyOf(event), role);
}

/** The answer that a `gen_ai.choice` event is. */
export function choiceOf(event: SpanEvent): Message | undefined {
  return toMessage(choiceBody(event), 'assistant');
}

/** A choice's place among the choices of one answer; 0 when it has none. */
export function choiceIndex(event: SpanEvent): number {
  return count(bodyOf(event).index) ?? 0;
}

/**
 * What a message event holds: its attributes, and over them the body that it had as a log record, as a structure or as
 * JSON text. One emitter puts all of it, as JSON, into one attribute.
 */
export function bodyOf({ attributes, body }: SpanEvent): Structure {
  const whole = structure(attributes.get('gen_ai.event.content'));
  if (whole !== undefined) return whole;
  const own = Object.fromEntries([...attributes].map(([key, value]) => [key, text(value) ?? null]));
  const logged = structure(body);
  if (logged !== undefined) return { ...own, ...logged };
  const plain = content(body);
  return plain === undefined ? own : { ...own, content: plain };
}

/** A choice's message is an object, its JSON, or its bare content; the call and finish reason may stand beside it. */
function choiceBody(event: SpanEvent): Structure {
  const { message, ...rest } = bodyOf(event);
  const inner = structured(message);
  return isStructure(inner) && ('content' in inner || 'tool_calls' in inner || 'parts' in inner)
    ? { ...rest, ...inner }
    : { ...rest, content: rest.content ?? inner ?? null };
}

/** The event's name says the role; a `role` attribute is optional and repeats it. */
function toMessage(body: Structure, role: string): Message | undefined {
  return readMessage({ ...body, role: text(body.role) ?? role }, role);
}
