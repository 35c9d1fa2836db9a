import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { StepKind } from '../core/trajectory.js';
import { answeredText, askedText, toolOutput } from './asked-text.js';
import type { SpanFields } from './fields.js';
import { isArray } from './json.js';
import { SESSION_NAMES, USER_NAMES } from './people.js';
import { content, isStructure, plain, structure, text, unquoted, type Structure } from './values.js';

/** A task is a stretch of the application's own code: it says no more about a span than that it is there. */
const KINDS = new Map<string, StepKind>([
  ['workflow', 'agent'],
  ['agent', 'agent'],
  ['tool', 'tool'],
]);

const ASSOCIATION = 'traceloop.association.properties.';

/**
 * Traceloop's OpenLLMetry: workflows, agents and tools as its decorators mark them, whom a trace is about, and what vector
 * stores found. Its model spans speak OTel GenAI, or before that what `readOpenLlmetryLegacy` reads.
 */
export function readOpenLlmetry(span: Span, known: SpanFields): SpanFields | undefined {
  const { attributes } = span;
  const spanKind = text(attributes.get('traceloop.span.kind'));
  const input = plain(attributes.get('traceloop.entity.input'));
  const output = plain(attributes.get('traceloop.entity.output'));
  const whom = readAssociation(span);
  const found = readFound(span);
  if (spanKind === undefined && input === undefined && output === undefined && !whom && !found) return undefined;
  const kind = spanKind === undefined ? undefined : KINDS.get(spanKind.toLowerCase());
  return {
    kind,
    name: text(attributes.get('traceloop.entity.name')),
    ...((known.kind ?? kind) === 'tool' ? readTool(input, output) : readWork(input, output)),
    ...found,
    ...whom,
  };
}

function readAssociation({ attributes }: Span): SpanFields | undefined {
  const find = (names: readonly string[]): string | undefined => {
    for (const name of names) {
      const value = text(attributes.get(ASSOCIATION + name));
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const [sessionId, userId] = [find(SESSION_NAMES), find(USER_NAMES)];
  return sessionId === undefined && userId === undefined ? undefined : { sessionId, userId };
}

function readTool(input: AttributeValue | undefined, output: AttributeValue | undefined): SpanFields {
  const call = structure(input);
  const given = call === undefined ? input : handed(call);
  const isMcp = call !== undefined && 'tool_name' in call;
  const answer = toolOutput(returned(output, isMcp));
  return {
    arguments: typeof given === 'string' ? unquoted(given) : content(given),
    result: answer.text,
    callId: text(answer.callId),
    failure: answer.failed ? (answer.text ?? 'tool failed') : undefined,
  };
}

function readWork(input: AttributeValue | undefined, output: AttributeValue | undefined): SpanFields {
  const call = structure(input);
  return {
    inputText: askedText(call === undefined ? unquoted(input) : handed(call)),
    outputText: answeredText(returned(output, false)),
  };
}

/**
 * What the function was called with. The decorators send `{args, kwargs}`, LangChain's callbacks `{inputs}` or
 * `{input_str}` among other things, MCP `{tool_name, arguments}`.
 */
function handed(call: Structure): AttributeValue | undefined {
  const { args, kwargs } = call;
  if (isArray(args) && isStructure(kwargs)) {
    const isNamed = Object.keys(kwargs).length > 0;
    if (args.length === 0) return isNamed ? kwargs : undefined;
    return args.length === 1 && !isNamed ? args[0] : call;
  }
  if ('tool_name' in call) return call.arguments;
  if (isStructure(call.inputs) && Object.keys(call.inputs).length > 0) return call.inputs;
  return text(call.input_str) ?? call;
}

/** What it gave back: JSON, so that texts are quoted; LangChain's callbacks and MCP wrap it. */
function returned(output: AttributeValue | undefined, isMcp: boolean): AttributeValue | undefined {
  const whole = typeof output === 'string' ? unquoted(output) : output;
  const outer = structure(whole);
  if (outer === undefined) return whole;
  if (isMcp) return outer.result ?? whole;
  return 'kwargs' in outer ? (outer.output ?? outer.outputs ?? whole) : whole;
}

/** A vector store's query: one event a hit. */
function readFound(span: Span): SpanFields | undefined {
  const hits = span.events.filter((event) => event.name === 'db.query.result');
  if (hits.length === 0) return undefined;
  const texts = hits.flatMap(
    ({ attributes }) =>
      content(attributes.get('db.query.result.document')) ?? content(attributes.get('db.query.result.metadata')) ?? [],
  );
  return { kind: 'retrieval', result: texts.length === 0 ? undefined : texts.join('\n') };
}
