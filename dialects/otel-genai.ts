import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import { documentsText } from './documents-text.js';
import type { Message, SpanFields } from './fields.js';
import { firstReason } from './finish-reason.js';
import { readMessages } from './messages.js';
import { resultText } from './parts.js';
import { readToolDefinitions } from './tool-definitions.js';
import { content, count, plain, structure, text } from './values.js';

const KINDS = new Map<string, StepKind>([
  ['chat', 'model'],
  ['generate_content', 'model'],
  ['text_completion', 'model'],
  ['realtime_inference', 'model'],
  ['llm_call', 'model'],
  ['embeddings', 'embedding'],
  ['retrieval', 'retrieval'],
  ['search_memory', 'retrieval'],
  ['execute_tool', 'tool'],
  ['tool_call', 'tool'],
  ['invoke_agent', 'agent'],
  ['invoke_workflow', 'agent'],
  ['agent_call', 'agent'],
  ['guard', 'guardrail'],
  ['guardrail.run', 'guardrail'],
]);

type Get = (key: string) => AttributeValue | undefined;

/**
 * OTel GenAI from v1.37 on: messages as attributes, as JSON text or as structures, on the span or on the event
 * `gen_ai.client.inference.operation.details` (which one emitter repeats once an attribute), of the span or from a log record.
 */
export function readOtelGenAi(span: Span): SpanFields | undefined {
  const get = lookup(span);
  const mcp = text(get('mcp.method.name'));
  const kind = kindOf(get, mcp);
  const provider = text(get('gen_ai.provider.name')) ?? text(get('gen_ai.system'));
  const says = kind ?? mcp ?? provider ?? text(get('gen_ai.operation.name')) ?? text(get('gen_ai.request.model'));
  if (says === undefined) return undefined;
  return {
    kind,
    provider,
    ...readModel(get),
    ...readContent(get),
    ...(kind === 'tool' || mcp !== undefined ? readTool(span, get) : {}),
    ...(kind === 'retrieval' ? readRetrieval(get) : {}),
    ...(kind === 'agent' ? { name: text(get('gen_ai.agent.name')) } : {}),
    sessionId: text(get('gen_ai.conversation.id')),
    mcp: mcp === undefined ? undefined : true,
  };
}

function lookup(span: Span): Get {
  const { attributes } = span;
  const details = span.events
    .filter((event) => event.name === 'gen_ai.client.inference.operation.details')
    .map((event) => ({ ...event, logged: structure(event.body) }));
  if (details.length === 0) return (key) => plain(attributes.get(key));
  return (key) => {
    const own = plain(attributes.get(key));
    if (own !== undefined) return own;
    for (const event of details) {
      const told = plain(event.attributes.get(key)) ?? plain(event.logged?.[key]);
      if (told !== undefined) return told;
    }
    return undefined;
  };
}

function kindOf(get: Get, mcp: string | undefined): StepKind | undefined {
  const operation = text(get('gen_ai.operation.name'));
  if (operation !== undefined) return KINDS.get(operation);
  if (mcp !== undefined) return mcp === 'tools/call' ? 'tool' : undefined;
  if (text(get('gen_ai.tool.name')) !== undefined) return 'tool';
  // A guess, so whoever says the kind under a name of its own is let speak.
  if (text(get('llm.request.type')) !== undefined || text(get('ai.operationId')) !== undefined) return undefined;
  const isModel = text(get('gen_ai.response.model')) ?? text(get('gen_ai.request.model'));
  return isModel === undefined ? undefined : 'model';
}

function readModel(get: Get): SpanFields {
  return {
    responseModel: text(get('gen_ai.response.model')),
    requestModel: text(get('gen_ai.request.model')),
    responseId: text(get('gen_ai.response.id')),
    inputTokens: count(get('gen_ai.usage.input_tokens')) ?? count(get('gen_ai.usage.prompt_tokens')),
    outputTokens: count(get('gen_ai.usage.output_tokens')) ?? count(get('gen_ai.usage.completion_tokens')),
    finishReason: firstReason(get('gen_ai.response.finish_reasons')) ?? text(get('anthropic.message.stop_reason')),
    tools: readToolDefinitions(get('gen_ai.tool.definitions')) ?? readToolDefinitions(get('gen_ai.agent.tools')),
  };
}

function readContent(get: Get): SpanFields {
  const outputMessages = readMessages(get('gen_ai.output.messages'), 'assistant');
  return {
    instructions: readInstructions(get('gen_ai.system_instructions')),
    inputMessages: readMessages(get('gen_ai.input.messages'), 'user'),
    outputMessages,
  };
}

/** Parts, messages or plain text. */
function readInstructions(value: AttributeValue | undefined): string | undefined {
  const texts = readMessages(value, 'system')?.flatMap((message: Message) => message.text ?? []) ?? [];
  return texts.length === 0 ? undefined : texts.join('\n');
}

function readTool(span: Span, get: Get): SpanFields {
  const result = get('gen_ai.tool.call.result');
  // Only MCP results say it, so others are not parsed for it.
  const says = typeof result === 'string' ? result.includes('"isError"') : true;
  const failed = get('gen_ai.tool.status') === 'error' || (says && structure(result)?.isError === true);
  const shown = resultText(text(result));
  return {
    name: text(get('gen_ai.tool.name')) ?? /^(?:execute_tool|tools\/call) (.+)$/.exec(span.name)?.[1],
    callId: text(get('gen_ai.tool.call.id')),
    arguments: content(get('gen_ai.tool.call.arguments')),
    result: shown,
    failure: failed ? (shown ?? 'tool failed') : undefined,
  };
}

function readRetrieval(get: Get): SpanFields {
  return {
    name: text(get('gen_ai.data_source.id')),
    arguments: content(get('gen_ai.retrieval.query.text')),
    result: documentsText(get('gen_ai.retrieval.documents')),
  };
}
