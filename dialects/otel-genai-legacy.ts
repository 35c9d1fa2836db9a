import type { AttributeValue } from '../core/attributes.js';
import type { Span, SpanEvent } from '../core/span.js';
import type { Message, SpanFields } from './fields.js';
import { bodyOf, CHOICE, choiceIndex, choiceOf, inputMessageOf } from './message-events.js';
import { readMessages } from './messages.js';
import { resultText } from './parts.js';
import { content, structure, structured } from './values.js';

/**
 * OTel GenAI up to v1.36: content in events, one a message, on the span or joined to it from log records, and before that
 * in `gen_ai.prompt` and `gen_ai.completion`.
 */
export function readOtelGenAiLegacy(span: Span, known: SpanFields): SpanFields | undefined {
  if (known.kind === 'tool') return readToolEvents(span);
  const inputs: Message[] = [];
  const outputs: Message[] = [];
  for (const event of span.events) {
    if (event.name === 'gen_ai.content.prompt') inputs.push(...(read(event, 'gen_ai.prompt', 'user') ?? []));
    else if (event.name === 'gen_ai.content.completion')
      outputs.push(...(read(event, 'gen_ai.completion', 'assistant') ?? []));
    else inputs.push(...present(inputMessageOf(event)));
  }
  const choices = span.events.filter((event) => event.name === CHOICE);
  if (choices.length > 1) choices.sort((a, b) => choiceIndex(a) - choiceIndex(b));
  outputs.push(...choices.flatMap((event) => present(choiceOf(event))));
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
  const gave = span.events.find((event) => event.name === CHOICE);
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

function present(message: Message | undefined): readonly Message[] {
  return message === undefined ? [] : [message];
}

function read(from: Span | SpanEvent, key: string, role: string): readonly Message[] | undefined {
  return readMessages(from.attributes.get(key), role);
}
