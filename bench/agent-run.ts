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

function runSpans(shape: RunShape): readonly { readonly name: string; readonly attributes: Values }[] {
  const order = `ORD-${10_000 + shape.number}`;
  const ask = `Please refund order ${order}, customer ${shape.number}.`;
  const args = JSON.stringify({ order_id: order, amount: shape.number % 97 });
  const sent = shape.truncated === true ? args.slice(0, -7) : args;
  const call = message('assistant', { type: 'tool_call', id: 'call_1', name: 'refund_order', arguments: sent });
  const answer = `Order ${order} was refunded.`;
  const chat = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-4o-mini',
  };
  return [
    {
      name: 'invoke_agent shop',
      attributes: {
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.name': 'shop',
        'gen_ai.conversation.id': `s-${shape.number % 7}`,
        'gen_ai.input.messages': list(user(ask)),
        'gen_ai.output.messages': list(message('assistant', { type: 'text', content: answer })),
      },
    },
    {
      name: 'chat gpt-4o-mini',
      attributes: {
        ...chat,
        'gen_ai.input.messages': list(user(ask)),
        'gen_ai.output.messages': list(call),
        'gen_ai.usage.input_tokens': 50,
        'gen_ai.usage.output_tokens': 12,
        'gen_ai.response.finish_reasons': '["tool_calls"]',
      },
    },
    {
      name: 'execute_tool refund_order',
      attributes: {
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'refund_order',
        'gen_ai.tool.call.id': 'call_1',
        'gen_ai.tool.call.arguments': sent,
        'gen_ai.tool.call.result': '{"ok":true}',
      },
    },
    {
      name: 'chat gpt-4o-mini',
      attributes: {
        ...chat,
        'gen_ai.input.messages': list(user(ask), call),
        'gen_ai.output.messages': list(message('assistant', { type: 'text', content: answer })),
        'gen_ai.usage.input_tokens': 80,
        'gen_ai.usage.output_tokens': 9,
        'gen_ai.response.finish_reasons': '["stop"]',
      },
    },
  ];
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
