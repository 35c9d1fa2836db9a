import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import type { Message, SpanFields } from './fields.js';
import { readMessage, readMessages } from './messages.js';
import { resultText } from './parts.js';
import { SESSION_NAMES, USER_NAMES } from './people.js';
import { readToolDefinitions } from './tool-definitions.js';
import { content, count, list, member, plain, structure, text, unquoted } from './values.js';

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

type Get = (key: string) => AttributeValue | undefined;

/**
 * Vercel AI SDK's own attributes: all there is up to version 6 and in the legacy form of 7; in 7's OTel GenAI form only
 * what those conventions have no name for.
 */
export function readVercelAi({ attributes }: Span): SpanFields | undefined {
  const get: Get = (key) => plain(attributes.get(key));
  const operation = text(get('ai.operationId'));
  const context = readContext(get);
  const embedded = readEmbedded(get);
  if (operation === undefined)
    return context === undefined && embedded === undefined ? undefined : { ...context, arguments: embedded };
  const kind = KINDS.get(operation);
  return {
    kind,
    ...readModel(get),
    ...(kind === 'model' || kind === 'agent' ? readConversation(get) : {}),
    ...(kind === 'tool' ? readTool(get) : {}),
    ...(kind === 'agent' ? { name: text(get('ai.telemetry.functionId')) } : {}),
    ...(kind === 'embedding' ? { arguments: embedded } : {}),
    ...(kind === 'retrieval' ? readReranking(get) : {}),
    ...context,
  };
}

function readContext(get: Get): SpanFields | undefined {
  const find = (names: readonly string[]): string | undefined => {
    for (const prefix of CONTEXTS)
      for (const name of names) {
        const value = text(get(prefix + name));
        if (value !== undefined) return value;
      }
    return undefined;
  };
  const [sessionId, userId] = [find(SESSION_NAMES), find(USER_NAMES)];
  return sessionId === undefined && userId === undefined ? undefined : { sessionId, userId };
}

function readModel(get: Get): SpanFields {
  return {
    requestModel: text(get('ai.model.id')),
    responseModel: text(get('ai.response.model')),
    provider: text(get('ai.model.provider')),
    responseId: text(get('ai.response.id')),
    finishReason: text(get('ai.response.finishReason')),
    // Both pairs are of one release: it names them by the kind of call.
    inputTokens: count(get('ai.usage.inputTokens')) ?? count(get('ai.usage.promptTokens')),
    outputTokens: count(get('ai.usage.outputTokens')) ?? count(get('ai.usage.completionTokens')),
    tools: readToolDefinitions(get('ai.prompt.tools')),
  };
}

function readConversation(get: Get): SpanFields {
  const prompt = structure(get('ai.prompt')) ?? {};
  const told = readPrompt(member(prompt, 'system', 'instructions'), 'system')?.flatMap(
    ({ text: words }) => words ?? [],
  );
  return {
    instructions: told === undefined || told.length === 0 ? undefined : told.join('\n'),
    inputMessages:
      readMessages(get('ai.prompt.messages'), 'user') ?? readPrompt(member(prompt, 'messages', 'prompt'), 'user'),
    outputMessages: readAnswer(get),
  };
}

/** Messages, or the words of one, which stay as they are even when they look like JSON. */
function readPrompt(value: AttributeValue | undefined, role: string): readonly Message[] | undefined {
  return readMessages(typeof value === 'string' ? [{ role, content: value }] : value, role);
}

function readAnswer(get: Get): readonly Message[] | undefined {
  const said = text(get('ai.response.text')) ?? text(get('ai.response.object'));
  const calls = get('ai.response.toolCalls');
  const message = readMessage({ content: said ?? null, tool_calls: calls ?? null }, 'assistant');
  return message === undefined ? undefined : [message];
}

function readTool(get: Get): SpanFields {
  const sent = (...names: readonly string[]): AttributeValue | undefined =>
    names.map((name) => get(`ai.toolCall.${name}`)).find((value) => text(value) !== undefined);
  return {
    name: text(sent('name')),
    callId: text(sent('id')),
    arguments: unquoted(sent('args', 'input')),
    result: resultText(unquoted(sent('result', 'output'))),
  };
}

/** The one value or the many, each as JSON. */
function readEmbedded(get: Get): string | undefined {
  const one = unquoted(get('ai.value'));
  return one ?? lines(get('ai.values'));
}

function readReranking(get: Get): SpanFields {
  return { arguments: lines(get('ai.documents')), result: content(get('ai.ranking')) };
}

function lines(value: AttributeValue | undefined): string | undefined {
  const texts = list(value).flatMap((item) => unquoted(item) ?? []);
  return texts.length === 0 ? undefined : texts.join('\n');
}
