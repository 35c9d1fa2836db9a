import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import { telemetryConfig } from './config.js';
import { createTelemetry, type Telemetry } from './index.js';
import { withoutOtelEnv } from './without-otel-env.js';

const NEVER = new AbortController().signal;

interface OtlpAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan {
  readonly name: string;
  readonly kind: number;
  readonly parentSpanId?: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly status: { readonly code: number; readonly message?: string };
}

interface Export {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: {
    readonly resourceSpans: readonly {
      readonly resource: { readonly attributes: readonly OtlpAttribute[] };
      readonly scopeSpans: readonly { readonly scope: object; readonly spans: readonly OtlpSpan[] }[];
    }[];
  };
}

function plain(attributes: readonly OtlpAttribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

describe("Assay's own spans", () => {
  let server: Server;
  let url: string;
  let exports: Export[];
  let answer: (() => number) | undefined;

  beforeEach(async () => {
    exports = [];
    answer = () => 200;
    server = createServer((req, res) => {
      void json(req).then((body) => {
        exports.push({ path: req.url ?? '', headers: req.headers, body: body as Export['body'] });
        if (answer !== undefined) res.writeHead(answer(), { 'content-type': 'application/json' }).end('{}');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  async function start(
    settings: object = {},
    deps: Partial<Parameters<typeof createTelemetry>[1]> = {},
  ): Promise<Telemetry> {
    const telemetry = createTelemetry(
      { ...telemetryConfig.parse({ endpoint: url, ...settings }), role: 'judge', version: '9.9.9' },
      { logger: silentLogger, metrics: noMetrics, ...deps },
    );
    await telemetry!.start(NEVER);
    return telemetry!;
  }

  const work = { name: 'chat m', kind: 'client', attributes: { 'gen_ai.request.model': 'm' } } as const;
  const spans = (): readonly OtlpSpan[] =>
    exports.flatMap(({ body }) => body.resourceSpans.flatMap((of) => of.scopeSpans.flatMap((scope) => scope.spans)));

  it('are not made when no receiver is set', () => {
    const options = { ...telemetryConfig.parse({}), role: 'judge', version: '1' };
    expect(createTelemetry(options, { logger: silentLogger, metrics: noMetrics })).toBeUndefined();
  });

  it('carry the mark on their resource, and arrive before the stop has ended', async () => {
    const telemetry = await start({ headers: { 'X-Key': 'sesame' } });
    const result = await telemetry.record(work, async (note) => {
      note({ 'gen_ai.usage.input_tokens': 12 });
      return 'done';
    });
    expect(result).toBe('done');
    await telemetry.stop(NEVER);
    const [{ path, headers, body }] = exports as [Export];
    expect(path).toBe('/v1/traces');
    expect(headers['x-key']).toBe('sesame');
    expect(plain(body.resourceSpans[0]!.resource.attributes)).toMatchObject({
      'service.name': 'assay',
      'service.version': '9.9.9',
      'assay.role': 'judge',
      'assay.internal': true,
    });
    const [span] = spans();
    expect(span).toMatchObject({ name: 'chat m', kind: 3, status: { code: 0 } });
    expect(plain(span!.attributes)).toEqual({ 'gen_ai.request.model': 'm', 'gen_ai.usage.input_tokens': 12 });
  });

  it('tell of work that failed, and let its error pass', async () => {
    const telemetry = await start();
    const explain = () => ({ type: 'MODEL_TIMEOUT', message: 'no answer within 20000 ms' });
    const failed = telemetry.record(work, () => Promise.reject(new Error('secret words')), explain);
    await expect(failed).rejects.toThrow('secret words');
    await telemetry.stop(NEVER);
    const [span] = spans();
    expect(span!.status).toEqual({ code: 2, message: 'no answer within 20000 ms' });
    expect(plain(span!.attributes)['error.type']).toBe('MODEL_TIMEOUT');
    expect(JSON.stringify(exports)).not.toContain('secret words');
  });

  it('are each a trace of their own, whatever span they run in', async () => {
    const telemetry = await start();
    await telemetry.record(work, () => telemetry.record(work, () => Promise.resolve()));
    await telemetry.stop(NEVER);
    expect(spans().map(({ parentSpanId }) => parentSpanId ?? '')).toEqual(['', '']);
  });

  it('go where the settings say, whatever the OTEL variables of an agent say', async () => {
    const theirs = {
      OTEL_SDK_DISABLED: 'true',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:1/v1/traces',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=agents-key',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_TRACES_SAMPLER: 'always_off',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_SERVICE_NAME: 'the-agent',
      OTEL_RESOURCE_ATTRIBUTES: 'team=agents',
      OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '1',
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '0',
      OTEL_BSP_MAX_QUEUE_SIZE: '1',
    };
    for (const [name, value] of Object.entries(theirs)) vi.stubEnv(name, value);
    const telemetry = await start();
    await telemetry.record({ ...work, attributes: { 'gen_ai.request.model': 'a-long-name' } }, () => Promise.resolve());
    await telemetry.stop(NEVER);
    const [{ headers, body }] = exports as [Export];
    expect(headers.authorization).toBeUndefined();
    expect(headers['content-encoding']).toBeUndefined();
    const resource = plain(body.resourceSpans[0]!.resource.attributes);
    expect(resource['service.name']).toBe('assay');
    expect(resource).not.toHaveProperty('team');
    expect(plain(spans()[0]!.attributes)).toEqual({ 'gen_ai.request.model': 'a-long-name' });
    expect(process.env).toMatchObject(theirs);
  });

  it('leave no global provider behind, where a library would make spans of its own', async () => {
    const telemetry = await start();
    const span = trace.getTracer('some-library').startSpan('with content');
    expect(span.isRecording()).toBe(false);
    span.end();
    await telemetry.stop(NEVER);
    expect(exports).toEqual([]);
  });

  it('are the share that is asked for', async () => {
    const telemetry = await start({ sampleRatio: 0 });
    await telemetry.record(work, () => Promise.resolve());
    await telemetry.stop(NEVER);
    expect(exports).toEqual([]);
  });

  it('that are not taken are counted, and the log says so once', async () => {
    answer = () => 400;
    const lines: object[] = [];
    const counts: [string, number][] = [];
    const telemetry = await start(
      {},
      {
        logger: { ...silentLogger, warn: (fields) => lines.push(fields) },
        metrics: { ...noMetrics, counter: (name) => ({ add: (amount) => counts.push([name, amount]) }) },
      },
    );
    for (let index = 0; index < 513; index += 1) await telemetry.record(work, () => Promise.resolve());
    await telemetry.stop(NEVER);
    expect(lines).toEqual([{ reason: 'Bad Request', spans: 512 }]);
    expect(counts).toEqual([
      ['assay_telemetry_dropped_spans_total', 512],
      ['assay_telemetry_dropped_spans_total', 1],
    ]);
  });

  it('hold up a stop no longer than a few seconds, and not at all once its time is up', async () => {
    answer = undefined;
    for (const [signal, limitMs] of [
      [NEVER, 8_000],
      [AbortSignal.abort(), 500],
    ] as const) {
      const telemetry = await start();
      await telemetry.record(work, () => Promise.resolve());
      const beganMs = performance.now();
      await telemetry.stop(signal);
      expect(performance.now() - beganMs).toBeLessThan(limitMs);
    }
  });

  it('are none before the start and after the stop, and the work is done all the same', async () => {
    const options = { ...telemetryConfig.parse({ endpoint: url }), role: 'judge', version: '1' };
    const telemetry = createTelemetry(options, { logger: silentLogger, metrics: noMetrics })!;
    expect(await telemetry.record(work, () => Promise.resolve(1))).toBe(1);
    await telemetry.stop(NEVER);
    await telemetry.start(NEVER);
    await telemetry.stop(NEVER);
    await telemetry.stop(NEVER);
    expect(await telemetry.record(work, () => Promise.resolve(2))).toBe(2);
    expect(exports).toEqual([]);
  });
});

it('brings the OTEL variables back when making fails', () => {
  const env: Record<string, string | undefined> = { OTEL_A: '1', PATH: '/bin' };
  expect(() =>
    withoutOtelEnv(env, () => {
      expect(env).toEqual({ PATH: '/bin' });
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(env).toEqual({ OTEL_A: '1', PATH: '/bin' });
});
