import { createHash } from 'node:crypto';

type Values = Readonly<Record<string, string | number>>;

interface MadeSpan {
  readonly name: string;
  readonly attributes: Values;
}

/** An agent's run that is big in spans or in bytes. */
export interface BigRun {
  readonly name: string;
  /** Even: the agent, then a model call and a tool call by turns, and the model has the last word. */
  readonly spans: number;
  /** What the user asked. */
  readonly asked: string;
  /** How message text is sent: in the spans, or in log events that speak of them. */
  readonly text: 'spans' | 'logs';
}

const START_NS = 1_795_227_654_000_000_000n;
const ANSWER = 'All orders were refunded.';
const MODEL_TOKENS = 7;

/** What was sent, from which the trajectory is known. */
export function truthOf({ spans, asked, text }: BigRun): object {
  return {
    input: asked,
    output: ANSWER,
    model: 'gpt-4o-mini',
    provider: 'openai',
    tokens: { input: MODEL_TOKENS * modelCalls(spans), output: modelCalls(spans) },
    error: null,
    // Message events in log records are the form of the older conventions.
    dialects: text === 'spans' ? ['otel-genai'] : ['otel-genai', 'otel-genai-legacy'],
  };
}

export function modelCalls(spans: number): number {
  return spans / 2;
}

export function traceIdOf(name: string): string {
  return createHash('md5').update(name).digest('hex');
}

/** Spans in OTLP/JSON, the root first. */
export function spansOf(run: BigRun, traceId: string): readonly object[] {
  return Array.from({ length: run.spans }, (_, at) => {
    const { name, attributes } = at === 0 ? agentSpan() : at % 2 === 1 ? modelSpan(run, at) : toolSpan(at);
    return {
      traceId,
      spanId: spanIdOf(at),
      ...(at === 0 ? {} : { parentSpanId: spanIdOf(0) }),
      name,
      kind: 1,
      startTimeUnixNano: String(startNs(at)),
      endTimeUnixNano: String(at === 0 ? startNs(run.spans) : startNs(at + 1)),
      attributes: keyValues(attributes),
    };
  });
}

/** Log events in OTLP/JSON, one for each message: question and answer of each model call. */
export function logsOf(run: BigRun, traceId: string): readonly object[] {
  return Array.from({ length: run.spans }, (_, at) => at)
    .filter((at) => at % 2 === 1)
    .flatMap((at) => {
      const own = { traceId, spanId: spanIdOf(at), severityNumber: 9 };
      const { asked, answer, call } = messagesOf(run, at);
      const said =
        call === undefined ? { role: 'assistant', content: answer } : { role: 'assistant', tool_calls: [call] };
      return [
        { ...own, ...times(at, 0), eventName: 'gen_ai.user.message', body: anyValue({ content: asked }) },
        { ...own, ...times(at, 1), eventName: 'gen_ai.choice', body: anyValue({ index: 0, message: said }) },
      ];
    });
}

export function tracesRequest(spans: readonly object[]): object {
  return { resourceSpans: [{ resource: { attributes: RESOURCE }, scopeSpans: [{ scope: { name: 'test' }, spans }] }] };
}

export function logsRequest(logRecords: readonly object[]): object {
  return {
    resourceLogs: [{ resource: { attributes: RESOURCE }, scopeLogs: [{ scope: { name: 'test' }, logRecords }] }],
  };
}

/** The same order for the same seed. */
export function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const keyed = items.map((item, at) => [createHash('md5').update(`${seed} ${at}`).digest('hex'), item] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

/** As many parts as named, or one for each item where there are fewer; an item lies in a part at random. */
export function parts<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  const size = Math.ceil(items.length / count);
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function startNs(at: number): bigint {
  return START_NS + BigInt(at) * 1_000_000n;
}

function times(at: number, order: number): object {
  return { timeUnixNano: String(startNs(at) + BigInt(order) * 1_000n) };
}

function spanIdOf(at: number): string {
  return (at + 1).toString(16).padStart(16, '0');
}

interface Messages {
  readonly asked: string;
  readonly answer: string;
  readonly call: object | undefined;
}

function messagesOf({ spans, asked }: BigRun, at: number): Messages {
  const isLast = at === spans - 1;
  const call = { id: `call_${at}`, type: 'function', function: { name: 'refund', arguments: argumentsOf(at + 1) } };
  return { asked: at === 1 ? asked : `and order ${at}?`, answer: ANSWER, call: isLast ? undefined : call };
}

function agentSpan(): MadeSpan {
  return {
    name: 'invoke_agent shop',
    attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'shop' },
  };
}

function modelSpan(run: BigRun, at: number): MadeSpan {
  const { asked, answer, call } = messagesOf(run, at);
  const part =
    call === undefined
      ? { type: 'text', content: answer }
      : { type: 'tool_call', id: `call_${at}`, name: 'refund', arguments: argumentsOf(at + 1) };
  const text = {
    'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: asked }] }]),
    'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: [part] }]),
  };
  return {
    name: 'chat gpt-4o-mini',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.usage.input_tokens': MODEL_TOKENS,
      'gen_ai.usage.output_tokens': 1,
      ...(run.text === 'spans' ? text : {}),
    },
  };
}

function toolSpan(at: number): MadeSpan {
  return {
    name: 'execute_tool refund',
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'refund',
      'gen_ai.tool.call.id': `call_${at - 1}`,
      'gen_ai.tool.call.arguments': argumentsOf(at),
      'gen_ai.tool.call.result': `{"refunded":${at}}`,
    },
  };
}

function argumentsOf(at: number): string {
  return JSON.stringify({ order: at });
}

const RESOURCE = keyValues({ 'service.name': 'shop', 'service.version': '1.0' });

function keyValues(values: Values): readonly object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') return { intValue: String(value) };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  const entries = Object.entries(value as object);
  return { kvlistValue: { values: entries.map(([key, item]) => ({ key, value: anyValue(item) })) } };
}
