import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import { answeredText, askedText, toolOutput } from './asked-text.js';
import type { Message, SpanFields } from './fields.js';
import { readIfMessages, readMessages } from './messages.js';
import { SESSION_NAMES, USER_NAMES } from './people.js';
import { content, member, structure, text } from './values.js';

/** `model_generation` is the loop around a run's model calls, and `model_chunk` a piece of one call's answer. */
const KINDS = new Map<string, StepKind>([
  ['agent_run', 'agent'],
  ['workflow_run', 'agent'],
  ['model_step', 'model'],
  ['model_inference', 'model'],
  ['tool_call', 'tool'],
  ['mcp_tool_call', 'tool'],
  ['client_tool_call', 'tool'],
  ['provider_tool_call', 'tool'],
  ['rag_embedding', 'embedding'],
]);

/** What stands in later conversations in place of a call and its answer. */
const ABBREVIATED = /^\[tool(?:-result)?: [^\]]*\]$/;

/**
 * Mastra's exporter. A model call is two spans: `model_inference` has model and tokens in the names of OTel GenAI and of the
 * messages only the answer's text; `model_step` around it has the conversation and what was called.
 */
export function readMastra(span: Span, known: SpanFields): SpanFields | undefined {
  const { attributes } = span;
  const type = text(attributes.get('mastra.span.type'));
  if (type === undefined) return undefined;
  const kind = KINDS.get(type);
  const input = attributes.get(`mastra.${type}.input`);
  const output = attributes.get(`mastra.${type}.output`);
  return {
    kind,
    ...(type === 'model_step' ? { aroundModel: true as const } : {}),
    ...((known.kind ?? kind) === 'tool' ? readTool(span, input, output) : readTalk(type, input, output)),
    sessionId: metadata(span, ...SESSION_NAMES),
    userId: metadata(span, ...USER_NAMES, 'resourceId'),
  };
}

function metadata({ attributes }: Span, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = text(attributes.get(`mastra.metadata.${name}`));
    if (value !== undefined) return value;
  }
  return undefined;
}

function readTool(span: Span, input: AttributeValue | undefined, output: AttributeValue | undefined): SpanFields {
  const answer = toolOutput(output);
  return { name: span.name, arguments: content(input), result: answer.text, callId: text(answer.callId) };
}

function readTalk(type: string, input: AttributeValue | undefined, output: AttributeValue | undefined): SpanFields {
  const inputMessages = readIfMessages(input, 'user')?.flatMap(unabbreviated);
  const answer = structure(output);
  const said = answer === undefined ? undefined : content(member(answer, 'text', 'object'));
  // Those of the loop are of all its turns.
  const calls = type === 'model_step' ? answer?.toolCalls : undefined;
  return {
    inputMessages,
    outputMessages:
      calls === undefined ? undefined : readMessages({ content: said ?? null, tool_calls: calls }, 'assistant'),
    arguments: askedText(input),
    inputText: inputMessages === undefined ? askedText(input) : undefined,
    outputText: said ?? answeredText(output),
  };
}

function unabbreviated(message: Message): readonly Message[] {
  const isShort = message.text !== undefined && ABBREVIATED.test(message.text);
  const toolResults = message.toolResults.map((result) =>
    result.text !== undefined && ABBREVIATED.test(result.text) ? { ...result, text: undefined } : result,
  );
  if (isShort && toolResults.length === 0 && message.toolCalls.length === 0) return [];
  return [{ ...message, text: isShort ? undefined : message.text, toolResults }];
}
