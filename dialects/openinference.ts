import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import type { Message, SpanFields } from './fields.js';
import { at, inOrder, takeMessage, toMessages, type FlatMessage, type Indexed } from './flattened.js';
import { readToolDefinitions } from './tool-definitions.js';
import { content, count, member, structure, text, type Structure } from './values.js';

/** CHAIN, EVALUATOR and PROMPT say no more about a span than that it is there, so another dialect may. */
const KINDS = new Map<string, StepKind>([
  ['LLM', 'model'],
  ['EMBEDDING', 'embedding'],
  ['RETRIEVER', 'retrieval'],
  ['RERANKER', 'retrieval'],
  ['TOOL', 'tool'],
  ['AGENT', 'agent'],
  ['GUARDRAIL', 'guardrail'],
]);

type Document = Record<string, AttributeValue>;

/** What a pass over the attributes gathers from the flattened lists. */
interface Lists {
  readonly inputs: Indexed<FlatMessage>;
  readonly outputs: Indexed<FlatMessage>;
  readonly prompts: Indexed<Document>;
  readonly choices: Indexed<Document>;
  readonly tools: Indexed<Document>;
  readonly embedded: Indexed<Document>;
  readonly retrieved: Indexed<Document>;
  readonly reranked: Indexed<Document>;
}

/** Arize's OpenInference: what its own attributes say. `input.value` and `output.value` are read as a last resort, elsewhere. */
export function readOpenInference(span: Span): SpanFields | undefined {
  const { attributes } = span;
  const kind = text(attributes.get('openinference.span.kind'));
  if (kind === undefined && !attributes.has('llm.model_name')) return undefined;
  const lists = gather(span);
  const parameters = structure(attributes.get('llm.invocation_parameters'));
  const metadata = structure(attributes.get('metadata')) ?? {};
  return {
    kind: KINDS.get((kind ?? 'LLM').toUpperCase()),
    ...readModel(span, metadata),
    name: text(attributes.get('tool.name')) ?? text(attributes.get('agent.name')),
    instructions: parameters === undefined ? undefined : content(member(parameters, 'system', 'instructions')),
    inputMessages: toMessages(lists.inputs, 'user') ?? toCompletions(lists.prompts, 'user'),
    outputMessages: toMessages(lists.outputs, 'assistant') ?? toCompletions(lists.choices, 'assistant'),
    tools:
      readToolDefinitions(inOrder(lists.tools).map((tool) => tool.json_schema ?? null)) ??
      readToolDefinitions(parameters === undefined ? undefined : member(parameters, 'tools', 'functions')),
    callId: text(attributes.get('tool.id')) ?? text(attributes.get('tool_call.id')),
    arguments: contents(lists.embedded, 'text') ?? content(attributes.get('reranker.query')),
    result: contents(lists.reranked, 'content') ?? contents(lists.retrieved, 'content'),
    sessionId: text(attributes.get('session.id')) ?? metadataOf(span, metadata, 'sessionId', 'session_id'),
    userId: text(attributes.get('user.id')) ?? metadataOf(span, metadata, 'userId', 'user_id'),
  };
}

function readModel({ attributes }: Span, metadata: Structure): SpanFields {
  return {
    responseModel:
      text(attributes.get('llm.response.model_name')) ??
      text(attributes.get('llm.model_name')) ??
      text(attributes.get('embedding.model_name')) ??
      text(attributes.get('reranker.model_name')),
    requestModel: text(attributes.get('llm.request.model_name')),
    // LangChain says it in its own metadata alone.
    provider: text(attributes.get('llm.provider')) ?? text(attributes.get('llm.system')) ?? text(metadata.ls_provider),
    inputTokens: count(attributes.get('llm.token_count.prompt')),
    outputTokens: count(attributes.get('llm.token_count.completion')),
    finishReason: text(attributes.get('llm.finish_reason')),
  };
}

function metadataOf(span: Span, json: Structure, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = text(span.attributes.get(`metadata.${name}`)) ?? text(json[name]);
    if (value !== undefined) return value;
  }
  return undefined;
}

function gather(span: Span): Lists {
  const lists: Lists = {
    inputs: new Map(),
    outputs: new Map(),
    prompts: new Map(),
    choices: new Map(),
    tools: new Map(),
    embedded: new Map(),
    retrieved: new Map(),
    reranked: new Map(),
  };
  for (const [key, sent] of span.attributes) {
    // As text, because from a row of the span table that is all there is.
    const value = text(sent);
    if (value === undefined) continue;
    if (key.startsWith('llm.')) takeModelAttribute(lists, key, value);
    else if (key.startsWith('retrieval.documents.')) takeField(lists.retrieved, key.split('.', 5).slice(2), value);
    else if (key.startsWith('reranker.output_documents.')) takeField(lists.reranked, key.split('.', 5).slice(2), value);
    else if (key.startsWith('embedding.embeddings.')) takeField(lists.embedded, key.split('.', 5).slice(2), value);
  }
  return lists;
}

function takeModelAttribute(lists: Lists, key: string, value: AttributeValue): void {
  if (key.startsWith('llm.input_messages.')) takeMessage(lists.inputs, key.split('.', 9).slice(2), value);
  else if (key.startsWith('llm.output_messages.')) takeMessage(lists.outputs, key.split('.', 9).slice(2), value);
  else if (key.startsWith('llm.tools.')) takeField(lists.tools, key.split('.', 5).slice(2), value);
  else if (key.startsWith('llm.prompts.')) takeField(lists.prompts, key.split('.', 5).slice(2), value);
  else if (key.startsWith('llm.choices.')) takeField(lists.choices, key.split('.', 5).slice(2), value);
}

/** Takes `{i}.document.content` and the like. */
function takeField(items: Indexed<Document>, path: readonly string[], value: AttributeValue): void {
  const [index, , field] = path;
  if (field !== 'content' && field !== 'text' && field !== 'json_schema') return;
  const item = at<Document>(items, index, () => ({}));
  if (item !== undefined) item[field] = value;
}

function contents(items: Indexed<Document>, field: string): string | undefined {
  const texts = inOrder(items).flatMap((item) => content(item[field]) ?? []);
  return texts.length === 0 ? undefined : texts.join('\n');
}

/** Of completion models, which have prompts and choices instead of messages. */
function toCompletions(items: Indexed<Document>, role: string): readonly Message[] | undefined {
  const words = contents(items, 'text');
  return words === undefined ? undefined : [{ role, text: words, toolCalls: [], toolResults: [] }];
}
