import type { AttributeValue } from '../core/attributes.js';
import type { Span, SpanEvent } from '../core/span.js';
import type { Message, SpanFields } from './fields.js';
import { readMessage, readMessages } from './messages.js';
import { resultText } from './parts.js';
import { content, isStructure, structure, structured, text, type Structure } from './values.js';

const INPUT_ROLES = new Map([
  ['gen_ai.system.message', 'system'],
  ['gen_ai.user.message', 'user'],
  ['gen_ai.assistant.message', 'assistant'],
  ['gen_ai.tool.message', 'tool'],
]);

/**
 * OTel GenAI up to v1.36: content in span events, one a message, and before that in `gen_ai.prompt` and
 * `gen_ai.completion`. Emitters that put it into log records instead leave nothing for this to find.
 */
export function readOtelGenAiLegacy(span: Span, known: SpanFields): SpanFields | undefined {
  if (known.kind === 'tool') return readToolEvents(span);
  const inputs: Message[] = [];
  const outputs: Message[] = [];
  for (const event of span.events) {
    const role = INPUT_ROLES.get(event.name);
    if (role !== undefined) add(inputs, bodyOf(event), role);
    else if (event.name === 'gen_ai.choice') add(outputs, choiceOf(event), 'assistant');
    else if (event.name === 'gen_ai.content.prompt') inputs.push(...(read(event, 'gen_ai.prompt', 'user') ?? []));
    else if (event.name === 'gen_ai.content.completion')
      outputs.push(...(read(event, 'gen_ai.completion', 'assistant') ?? []));
  }
  const inputMessages = inputs.length > 0 ? inputs : read(span, 'gen_ai.prompt', 'user');
  const outputMessages = outputs.length > 0 ? outputs : read(span, 'gen_ai.completion', 'assistant');
  if (inputMessages === undefined && outputMessages === undefined) return undefined;
  return {
    inputMessages,
    outputMessages,
    finishReason: outputMessages?.find((message) => message.finishReason)?.finishReason,
  };
}

/** A tool span's arguments and result, which some emitters send as the messages of a tool and a choice. */
function readToolEvents(span: Span): SpanFields | undefined {
  const given = span.events.find((event) => event.name === 'gen_ai.tool.message');
  const gave = span.events.find((event) => event.name === 'gen_ai.choice');
  if (given === undefined && gave === undefined) return undefined;
  return {
    arguments: given === undefined ? undefined : content(bodyOf(given).content),
    result: gave === undefined ? undefined : answerOf(bodyOf(gave).message),
  };
}

function answerOf(value: AttributeValue | undefined): string | undefined {
  const message = structure(value);
  const inner = message !== undefined && 'content' in message ? message.content : value;
  const blocks = structured(inner);
  return resultText(Array.isArray(blocks) ? blocks : inner);
}

/** The event's attributes as the message that they are; one emitter puts all of it, as JSON, into one attribute. */
function bodyOf(event: SpanEvent): Structure {
  const whole = structure(event.attributes.get('gen_ai.event.content'));
  return whole ?? Object.fromEntries([...event.attributes].map(([key, value]) => [key, text(value) ?? null]));
}

/** A choice's message is an object, its JSON, or its bare content; the call and finish reason may stand beside it. */
function choiceOf(event: SpanEvent): Structure {
  const { message, ...rest } = bodyOf(event);
  const inner = structured(message);
  return isStructure(inner) && ('content' in inner || 'tool_calls' in inner || 'parts' in inner)
    ? { ...rest, ...inner }
    : { ...rest, content: rest.content ?? inner ?? null };
}

function add(to: Message[], body: Structure, role: string): void {
  // The event's name says the role; a `role` attribute is optional and repeats it.
  const message = readMessage({ ...body, role: text(body.role) ?? role }, role);
  if (message !== undefined) to.push(message);
}

function read(from: Span | SpanEvent, key: string, role: string): readonly Message[] | undefined {
  return readMessages(from.attributes.get(key), role);
}
