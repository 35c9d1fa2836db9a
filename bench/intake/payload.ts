import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { transcodeJson } from '../../core/otlp/transcode-json.js';
import { createWords, type Words } from './words.js';

/** How a request goes over the wire. */
export const FORMS = ['protobuf', 'json', 'gzip', 'grpc'] as const;
export type Form = (typeof FORMS)[number];

export const TRACES_PER_BATCH = 64;
export const SPANS_PER_TRACE = 8;
export const SPANS_PER_BATCH = TRACES_PER_BATCH * SPANS_PER_TRACE;

const MS = 1_000_000n;

/**
 * One export request of 512 spans: 64 agent runs of 8 spans (agent, three model calls with messages of 1 to 4 KB, two tools,
 * a retrieval, an HTTP call) under eight resource attributes; about 1.7 KB a span in protobuf. No two batches are alike, or
 * compression would flatter the store.
 *
 * @param number - seeds the batch; the same number gives the same bytes
 */
export function makeBatch(number: number, form: Form): Buffer {
  const json = Buffer.from(JSON.stringify(request(number)));
  if (form === 'json') return json;
  const protobuf = Buffer.from(transcodeJson(json));
  return form === 'gzip' ? gzipSync(protobuf) : protobuf;
}

function request(number: number): object {
  const words = createWords(number);
  const startNs = BigInt(Date.now()) * MS;
  const spans = Array.from({ length: TRACES_PER_BATCH }, (_, index) =>
    agentRun({ words, traceId: idOf(`trace ${number} ${index}`, 32), startNs: startNs + BigInt(index) * MS }),
  );
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes(RESOURCE) },
        scopeSpans: [{ scope: { name: 'bench.agent', version: '1.0.0' }, spans: spans.flat() }],
      },
    ],
  };
}

const RESOURCE = {
  'service.name': 'shop-agent',
  'service.version': '1.4.2',
  'service.instance.id': 'shop-agent-7d9c5b6f48-x2x9v',
  'deployment.environment.name': 'production',
  'host.name': 'node-17',
  'process.pid': 4711,
  'telemetry.sdk.language': 'nodejs',
  'telemetry.sdk.name': 'opentelemetry',
};

interface Run {
  readonly words: Words;
  readonly traceId: string;
  readonly startNs: bigint;
}

function agentRun(run: Run): readonly object[] {
  const { words } = run;
  const asked = words.text(120);
  const answer = words.text(1_000);
  const chats = [1, 2, 3].map((turn) => chat(words, { asked, turn }));
  const made = [
    { name: 'invoke_agent shop', attributes: { ...AGENT, 'input.value': asked, 'output.value': answer } },
    chats[0]!,
    tool(words, 'lookup_order'),
    chats[1]!,
    { name: 'retrieve policies', attributes: { 'db.system': 'qdrant', 'db.query.text': words.text(80), 'db.rows': 5 } },
    tool(words, 'refund_order'),
    {
      name: 'POST',
      attributes: { 'http.request.method': 'POST', 'url.full': `https://pay.example/${words.text(24)}` },
    },
    chats[2]!,
  ];
  return made.map((span, at) => ({
    traceId: run.traceId,
    spanId: idOf(`${run.traceId} ${at}`, 16),
    ...(at === 0 ? {} : { parentSpanId: idOf(`${run.traceId} 0`, 16) }),
    name: span.name,
    kind: at === 0 ? 1 : 3,
    startTimeUnixNano: String(run.startNs + BigInt(at) * MS),
    endTimeUnixNano: String(run.startNs + BigInt(at === 0 ? 900 : 100 * at + 90) * MS),
    attributes: attributes(span.attributes),
    status: {},
  }));
}

const AGENT = {
  'gen_ai.operation.name': 'invoke_agent',
  'gen_ai.agent.name': 'shop',
  'gen_ai.conversation.id': 'session-17',
};

interface MadeSpan {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

function chat(words: Words, { asked, turn }: { readonly asked: string; readonly turn: number }): MadeSpan {
  const context = words.text(500 + 800 * turn);
  const input = [message('user', asked), message('assistant', context)];
  return {
    name: 'chat gpt-4o-mini',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o-mini',
      'gen_ai.response.model': 'gpt-4o-mini-2024-07-18',
      'gen_ai.response.id': words.text(24),
      'gen_ai.usage.input_tokens': 300 * turn,
      'gen_ai.usage.output_tokens': 80,
      'gen_ai.input.messages': JSON.stringify(input),
      'gen_ai.output.messages': JSON.stringify([message('assistant', words.text(400))]),
    },
  };
}

function tool(words: Words, name: string): MadeSpan {
  return {
    name: `execute_tool ${name}`,
    attributes: {
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': name,
      'gen_ai.tool.call.arguments': JSON.stringify({ order: words.text(12), note: words.text(60) }),
      'gen_ai.tool.call.result': JSON.stringify({ ok: true, detail: words.text(300) }),
    },
  };
}

function message(role: string, content: string): object {
  return { role, parts: [{ type: 'text', content }] };
}

function attributes(values: Readonly<Record<string, string | number>>): readonly object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));
}

function idOf(seed: string, digits: number): string {
  return createHash('md5').update(seed).digest('hex').slice(0, digits);
}
