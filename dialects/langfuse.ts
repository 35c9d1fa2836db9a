import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import { answeredText, askedText, toolOutput } from './asked-text.js';
import { documentsText } from './documents-text.js';
import type { SpanFields } from './fields.js';
import { langfuseUsage } from './langfuse-usage.js';
import { readIfMessages, readMessages } from './messages.js';
import { readToolDefinitions } from './tool-definitions.js';
import { content, isStructure, member, structured, text, type Structure } from './values.js';

/** `span`, `event` and `chain` say no more than that something was done. */
const KINDS = new Map<string, StepKind>([
  ['generation', 'model'],
  ['embedding', 'embedding'],
  ['agent', 'agent'],
  ['tool', 'tool'],
  ['retriever', 'retrieval'],
  ['guardrail', 'guardrail'],
]);

const OBSERVATION = 'langfuse.observation.';
/** What only Langfuse's own spans have. Its span processor puts user, session and release on everyone's. */
const OWN = [
  `${OBSERVATION}type`,
  `${OBSERVATION}input`,
  `${OBSERVATION}output`,
  'langfuse.trace.input',
  'langfuse.trace.output',
];

/** What an object has that is a message, or holds some. */
const ONE = ['role', 'tool_calls', 'choices'];

/** Langfuse's SDK: observations with input and output of no fixed shape. */
export function readLangfuse(span: Span): SpanFields | undefined {
  const { attributes } = span;
  if (!OWN.some((key) => attributes.has(key))) return undefined;
  const kind = KINDS.get((text(attributes.get(`${OBSERVATION}type`)) ?? '').toLowerCase());
  const input = attributes.get(`${OBSERVATION}input`);
  const output = attributes.get(`${OBSERVATION}output`);
  const said = kind === 'model' ? readGeneration(input, output) : readOther(kind, input, output);
  return {
    kind,
    name: kind === 'model' || kind === 'embedding' ? undefined : span.name,
    responseModel: text(attributes.get(`${OBSERVATION}model.name`)),
    ...langfuseUsage(attributes.get(`${OBSERVATION}usage_details`)),
    ...said,
    ...readRun(span),
    failure: failureOf(span) ?? said.failure,
  };
}

/** What holds for the whole trace, on whatever span it stands. */
function readRun({ attributes }: Span): SpanFields {
  return {
    runInput: askedText(attributes.get('langfuse.trace.input')),
    runOutput: answeredText(attributes.get('langfuse.trace.output')),
    sessionId: text(attributes.get('langfuse.session.id')),
    userId: text(attributes.get('langfuse.user.id')),
    release: text(attributes.get('langfuse.release')),
    environment: text(attributes.get('langfuse.environment')),
  };
}

/** The request as the model's client was given it: messages, or an object with them and the tools. */
function readGeneration(input: AttributeValue | undefined, output: AttributeValue | undefined): SpanFields {
  const request = structured(input);
  const given = isStructure(request) ? (member(request, 'messages', 'input', 'prompt') ?? request) : request;
  const outputMessages = readAnswer(output);
  return {
    inputMessages: typeof given === 'string' ? readMessages(given, 'user') : readIfMessages(given, 'user'),
    outputMessages,
    inputText: askedText(input),
    outputText: outputMessages === undefined ? answeredText(output) : undefined,
    ...(isStructure(request) ? readRequest(request) : {}),
  };
}

function readRequest(request: Structure): SpanFields {
  return {
    instructions: content(member(request, 'instructions', 'system')),
    tools: readToolDefinitions(member(request, 'tools', 'functions')),
  };
}

/** Messages, or bare text, which is what a model said. */
function readAnswer(output: AttributeValue | undefined): SpanFields['outputMessages'] {
  const answer = structured(output);
  const isOne = isStructure(answer) && (ONE.some((key) => key in answer) || answer.type === 'function_call');
  return isOne || typeof answer === 'string' ? readMessages(answer, 'assistant') : readIfMessages(answer, 'assistant');
}

function readOther(
  kind: StepKind | undefined,
  input: AttributeValue | undefined,
  output: AttributeValue | undefined,
): SpanFields {
  if (kind === 'tool') {
    const answer = toolOutput(output);
    return {
      arguments: content(input),
      result: answer.text,
      callId: text(answer.callId),
      failure: answer.failed ? (answer.text ?? 'tool failed') : undefined,
    };
  }
  const asked = askedText(input);
  return {
    arguments: asked,
    result: kind === 'retrieval' ? documentsText(output) : content(output),
    inputMessages: readIfMessages(input, 'user'),
    outputMessages: readIfMessages(output, 'assistant'),
    inputText: asked,
    outputText: answeredText(output),
  };
}

/** Langfuse leaves the status of a failed span unset. */
function failureOf({ attributes }: Span): string | undefined {
  if (text(attributes.get(`${OBSERVATION}level`)) !== 'ERROR') return undefined;
  return text(attributes.get(`${OBSERVATION}status_message`)) ?? 'failed without a message';
}
