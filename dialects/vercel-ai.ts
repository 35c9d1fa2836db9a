import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import type { Message, SpanFields } from './fields.js';
import { readMessage, readMessages } from './messages.js';
import { resultText } from './parts.js';
import { SESSION_NAMES, USER_NAMES } from './people.js';
import { readToolDefinitions } from './tool-definitions.js';
import { content, count, list, member, structure, text, unquoted } from './values.js';

/** By `ai.operationId`. An operation is an agent, because it may take several model calls; `.do…` is one of them. */
const KINDS = new Map<string, StepKind>([
  ['ai.generateText', 'agent'],
  ['ai.streamText', 'agent'],
  ['ai.generateObject', 'agent'],
  ['ai.streamObject', 'agent'],
  ['ai.generateText.doGenerate', 'model'],
  ['ai.streamText.doStream', 'model'],
  ['ai.generateObject.doGenerate', 'model'],
  ['ai.streamObject.doStream', 'model'],
  ['ai.toolCall', 'tool'],
  ['ai.embed', 'embedding'],
  ['ai.embed.doEmbed', 'embedding'],
  ['ai.embedMany', 'embedding'],
  ['ai.embedMany.doEmbed', 'embedding'],
  ['ai.rerank.doRerank', 'retrieval'],
]);

/** Where the application's own context stands: up to version 6, and from 7 on. */
const CONTEXTS = ['ai.telemetry.metadata.', 'ai.settings.context.'];

type Attributes = Span['attributes'];

/**
 * Vercel AI SDK's own attributes: all there is up to version 6 and in the legacy form of 7; in 7's OTel GenAI form only
 * what those conventions have no name for.
 */
export function readVercelAi({ attributes }: Span): SpanFields | undefined {
  const operation = text(attributes.get('ai.operationId'));
  const context = readContext(attributes);
  const embedded = readEmbedded(attributes);
  if (operation === undefined)
    return context === undefined && embedded === undefined ? undefined : { ...context, arguments: embedded };
  const kind = KINDS.get(operation);
  return {
    kind,
    ...readModel(attributes),
    ...(kind === 'model' || kind === 'agent' ? readConversation(attributes) : {}),
    ...(kind === 'tool' ? readTool(attributes) : {}),
    ...(kind === 'agent' ? { name: text(attributes.get('ai.telemetry.functionId')) } : {}),
    ...(kind === 'embedding' ? { arguments: embedded } : {}),
    ...(kind === 'retrieval' ? readReranking(attributes) : {}),
    ...context,
  };
}

function readContext(attributes: Attributes): SpanFields | undefined {
  const find = (names: readonly string[]): string | undefined => {
    for (const prefix of CONTEXTS)
      for (const name of names) {
        const value = text(attributes.get(prefix + name));
        if (value !== undefined) return value;
      }
    return undefined;
  };
  const [sessionId, userId] = [find(SESSION_NAMES), find(USER_NAMES)];
  return sessionId === undefined && userId === undefined ? undefined : { sessionId, userId };
}

function readModel(attributes: Attributes): SpanFields {
  const get = (key: string): AttributeValue | undefined => attributes.get(`ai.${key}`);
  return {
    requestModel: text(get('model.id')),
    responseModel: text(get('response.model')),
    provider: text(get('model.provider')),
    responseId: text(get('response.id')),
    finishReason: text(get('response.finishReason')),
    // Both pairs are of one release: it names them by the kind of call.
    inputTokens: count(get('usage.inputTokens')) ?? count(get('usage.promptTokens')),
    outputTokens: count(get('usage.outputTokens')) ?? count(get('usage.completionTokens')),
    tools: readToolDefinitions(get('prompt.tools')),
  };
}

function readConversation(attributes: Attributes): SpanFields {
  const prompt = structure(attributes.get('ai.prompt')) ?? {};
  const told = readPrompt(member(prompt, 'system', 'instructions'), 'system')?.flatMap(
    ({ text: words }) => words ?? [],
  );
  return {
    instructions: told === undefined || told.length === 0 ? undefined : told.join('\n'),
    inputMessages:
      readMessages(attributes.get('ai.prompt.messages'), 'user') ??
      readPrompt(member(prompt, 'messages', 'prompt'), 'user'),
    outputMessages: readAnswer(attributes),
  };
}

/** Messages, or the words of one, which stay as they are even when they look like JSON. */
function readPrompt(value: AttributeValue | undefined, role: string): readonly Message[] | undefined {
  return readMessages(typeof value === 'string' ? [{ role, content: value }] : value, role);
}

function readAnswer(attributes: Attributes): readonly Message[] | undefined {
  const said = text(attributes.get('ai.response.text')) ?? text(attributes.get('ai.response.object'));
  const calls = attributes.get('ai.response.toolCalls');
  const message = readMessage({ content: said ?? null, tool_calls: calls ?? null }, 'assistant');
  return message === undefined ? undefined : [message];
}

function readTool(attributes: Attributes): SpanFields {
  const sent = (...names: readonly string[]): AttributeValue | undefined =>
    names.map((name) => attributes.get(`ai.toolCall.${name}`)).find((value) => text(value) !== undefined);
  return {
    name: text(sent('name')),
    callId: text(sent('id')),
    arguments: unquoted(sent('args', 'input')),
    result: resultText(unquoted(sent('result', 'output'))),
  };
}

/** The one value or the many, each as JSON. */
function readEmbedded(attributes: Attributes): string | undefined {
  const one = unquoted(attributes.get('ai.value'));
  return one ?? lines(attributes.get('ai.values'));
}

function readReranking(attributes: Attributes): SpanFields {
  return { arguments: lines(attributes.get('ai.documents')), result: content(attributes.get('ai.ranking')) };
}

function lines(value: AttributeValue | undefined): string | undefined {
  const texts = list(value).flatMap((item) => unquoted(item) ?? []);
  return texts.length === 0 ? undefined : texts.join('\n');
}
