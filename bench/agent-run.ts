import { createHash } from 'node:crypto';

/** How a made-up agent run goes. */
export interface RunShape {
  readonly number: number;
  readonly service?: string;
  readonly release?: string;
  /** Loses the end of its tool call. */
  readonly truncated?: boolean;
  readonly startMs?: number;
}

export const SPANS_PER_RUN = 4;

/** Deterministic ids: the same number is the same trace. */
export function traceIdOf(number: number): string {
  return createHash('md5').update(`trace ${number}`).digest('hex');
}

/** One agent run as an OTLP/JSON request, in OTel GenAI: agent, model, tool, model. */
export function agentRun(shape: RunShape): object {
  const started = BigInt(shape.startMs ?? Date.now()) * 1_000_000n;
  const spans = runSpans(shape).map((span, at) => ({
    traceId: traceIdOf(shape.number),
    spanId: spanIdOf(shape.number, at),
    ...(at === 0 ? {} : { parentSpanId: spanIdOf(shape.number, 0) }),
    kind: 1,
    startTimeUnixNano: String(started + BigInt(at) * 1_000_000n),
    endTimeUnixNano: String(started + BigInt(at === 0 ? 10 : at + 1) * 1_000_000n),
    name: span.name,
    attributes: attributes(span.attributes),
  }));
  const resource = attributes({
    'service.name': shape.service ?? 'shop-agent',
    'service.version': shape.release ?? '1.0',
  });
  return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope: { name: 'test' }, spans }] }] };
}

function spanIdOf(number: number, at: number): string {
  return createHash('md5').update(`span ${number} ${at}`).digest('hex').slice(0, 16);
}

type Values = Readonly<Record<string, string | number>>;

interface MadeSpan {
  readonly name: string;
  readonly attributes: Values;
}

function runSpans(shape: RunShape): readonly MadeSpan[] {
  const order = `ORD-${10_000 + shape.number}`;
  const ask = user(`Please refund order ${order}, customer ${shape.number}.`);
  const answer = message('assistant', { type: 'text', content: `Order ${order} was refunded.` });
  const wanted = JSON.stringify({ order_id: order, amount: shape.number % 97 });
  const sent = shape.truncated === true ? wanted.slice(0, -7) : wanted;
  const call = message('assistant', { type: 'tool_call', id: 'call_1', name: 'refund_order', arguments: sent });
  return [
    agentSpan(shape, { ask, answer }),
    chatSpan({ input: [ask], output: call, tokens: [50, 12], finish: 'tool_calls' }),
    toolSpan(sent),
    chatSpan({ input: [ask, call], output: answer, tokens: [80, 9], finish: 'stop' }),
  ];
}

function agentSpan(shape: RunShape, said: { readonly ask: object; readonly answer: object }): MadeSpan {
  return {
    name: 'invoke_agent shop',
    attributes: {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': 'shop',
      'gen_ai.conversation.id': `s-${shape.number % 7}`,
      'gen_ai.input.messages': list(said.ask),
      'gen_ai.output.messages': list(said.answer),
    },
  };
}

interface Turn {
  readonly input: readonly object[];
  readonly output: object;
  readonly tokens: readonly [input: number, output: number];
  readonly finish: string;
}

function chatSpan(turn: Turn): MadeSpan {
  return {
    name: 'chat gpt-4o-mini',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.input.messages': list(...turn.input),
      'gen_ai.output.messages': list(turn.output),
      'gen_ai.usage.input_tokens': turn.tokens[0],
      'gen_ai.usage.output_tokens': turn.tokens[1],
      'gen_ai.response.finish_reasons': JSON.stringify([turn.finish]),
    },
  };
}

function toolSpan(sent: string): MadeSpan {
  return {
    name: 'execute_tool refund_order',
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'refund_order',
      'gen_ai.tool.call.id': 'call_1',
      'gen_ai.tool.call.arguments': sent,
      'gen_ai.tool.call.result': '{"ok":true}',
    },
  };
}

function user(content: string): object {
  return message('user', { type: 'text', content });
}

function message(role: string, part: object): object {
  return { role, parts: [part] };
}

function list(...messages: readonly object[]): string {
  return JSON.stringify(messages);
}

function attributes(values: Values): readonly object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
}
