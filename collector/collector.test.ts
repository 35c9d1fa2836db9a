import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { encodeRequest } from '../core/otlp/testing.test-support.js';
import { WireReader } from '../core/otlp/wire-reader.js';
import { collectorConfig, createCollector } from './index.js';
import {
  deferred,
  FakeLog,
  FakeMetrics,
  JSON_TYPE,
  never,
  PROTOBUF,
  send,
  startRig,
  statusOf,
  type Send,
} from './rig.test-support.js';

const FIXTURES = new URL('../test/fixtures/otlp/', import.meta.url);
const fixture = (name: string): Buffer => readFileSync(new URL(name, FIXTURES));
const TRACE = '5b8efff798038103d269b633813fc60c';

/** One span each. */
function manyTraces(count: number): Uint8Array {
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: (index + 1).toString(16).padStart(32, '0'),
    spanId: 'eee19b7ec3c1b174',
  }));
  return encodeRequest([{ scopes: [{ spans }] }]);
}

const valid = (traceId = TRACE): Uint8Array =>
  encodeRequest([{ scopes: [{ spans: [{ traceId, spanId: 'eee19b7ec3c1b174' }] }] }]);

describe('a request that is taken', () => {
  it.each([
    ['protobuf', PROTOBUF, fixture('openinference/01-traces.body.bin')],
    ['JSON', JSON_TYPE, fixture('openinference/02-traces.body.json')],
    [
      'JSON with a charset and in capitals',
      { 'content-type': 'Application/JSON; charset=UTF-8' },
      fixture('openinference/02-traces.body.json'),
    ],
    ['gzip', { ...PROTOBUF, 'content-encoding': 'gzip' }, fixture('openinference/03-traces.body.bin.gz')],
    [
      'gzipped JSON',
      { ...JSON_TYPE, 'content-encoding': 'GZIP' },
      gzipSync(fixture('openinference/02-traces.body.json')),
    ],
    ['identity', { ...PROTOBUF, 'content-encoding': 'identity' }, fixture('openinference/01-traces.body.bin')],
  ])('is answered 200 in its own encoding and lies on the bus by trace: %s', async (_name, headers, body) => {
    const rig = await startRig({ tenant: 'acme' });
    const reply = await send(rig, { headers, body });
    const json = headers['content-type'] !== PROTOBUF['content-type'];
    expect([reply.status, reply.body.toString()]).toEqual([200, json ? '{}' : '']);
    expect(reply.headers['content-type']).toBe(json ? 'application/json' : 'application/x-protobuf');
    expect(rig.log.records.length).toBeGreaterThan(0);
    let spans = 0;
    for (const record of rig.log.records) {
      expect([record.topic, record.headers]).toEqual(['spans', { 'assay.tenant': 'acme' }]);
      for (const span of decodeSpans(record.value)) {
        spans++;
        expect(span.traceId).toBe(record.key);
        expect(span.resource.get('assay.tenant')).toBe('acme');
      }
    }
    expect(rig.metrics.values.get('assay_collector_spans_total')).toBe(spans);
    expect(rig.metrics.values.get('assay_collector_requests_total 200')).toBe(1);
  });

  it('may come in chunks, without a length', async () => {
    const rig = await startRig();
    const body = valid();
    expect((await send(rig, { headers: PROTOBUF, body: [body.subarray(0, 5), body.subarray(5)] })).status).toBe(200);
    expect(rig.log.records).toHaveLength(1);
  });

  it('may be empty, and then puts nothing on the bus', async () => {
    const rig = await startRig();
    rig.log.onAppend = () => Promise.reject(new Error('expected no append'));
    expect((await send(rig, { headers: PROTOBUF, body: '' })).status).toBe(200);
    expect((await send(rig, { headers: JSON_TYPE, body: '{"resourceSpans":[]}' })).status).toBe(200);
  });

  it('is not acknowledged before the bus has it', async () => {
    const rig = await startRig();
    const events: string[] = [];
    const appending = deferred();
    const flushed = deferred();
    rig.log.onAppend = async () => {
      appending.resolve();
      await flushed.promise;
      events.push('flushed');
    };
    const answered = send(rig, { headers: PROTOBUF, body: valid() }).then((reply) => {
      events.push('answered');
      return reply;
    });
    await appending.promise;
    // A whole other request goes through meanwhile, so an early answer would have been seen.
    await send(rig, { headers: JSON_TYPE, body: '{}' });
    expect(events).toEqual([]);
    flushed.resolve();
    expect((await answered).status).toBe(200);
    expect(events).toEqual(['flushed', 'answered']);
  });
});

describe('spans with ids that are none', () => {
  const bad = { traceId: '0'.repeat(32), spanId: 'eee19b7ec3c1b174' };
  const body = encodeRequest([{ scopes: [{ spans: [bad, { ...bad, traceId: TRACE }, bad] }] }]);
  const message = 'expected a trace id, got one of zeros only';

  it('are counted in a partial success, in protobuf', async () => {
    const rig = await startRig();
    const reply = await send(rig, { headers: PROTOBUF, body });
    const reader = new WireReader(reply.body);
    expect([reply.status, reader.next(), reader.field]).toEqual([200, true, 1]);
    reader.enter();
    expect([reader.next(), reader.int64(), reader.next(), reader.string()]).toEqual([true, 2, true, message]);
    expect(rig.log.records.map((record) => record.key)).toEqual([TRACE]);
    expect(rig.metrics.values.get('assay_collector_rejected_spans_total')).toBe(2);
  });

  it('are counted in a partial success, in JSON', async () => {
    const rig = await startRig();
    const spans = [bad, { ...bad, traceId: TRACE }, bad];
    const reply = await send(rig, {
      headers: JSON_TYPE,
      body: JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }),
    });
    expect(JSON.parse(reply.body.toString())).toEqual({
      partialSuccess: { rejectedSpans: '2', errorMessage: message },
    });
    expect(rig.log.records).toHaveLength(1);
  });
});

describe('a request that is refused', () => {
  const cases: readonly (readonly [
    name: string,
    options: Send,
    expected: { readonly status: number; readonly part: string },
  ])[] = [
    ['GET', { method: 'GET' }, { status: 405, part: 'expected POST, OPTIONS for /v1/traces, got GET' }],
    [
      'no content type',
      { body: valid() },
      { status: 415, part: 'expected Content-Type application/x-protobuf or application/json, got none' },
    ],
    ['text', { headers: { 'content-type': 'text/plain' }, body: 'x' }, { status: 415, part: 'got text/plain' }],
    [
      'protobuf called JSON',
      { headers: JSON_TYPE, body: valid() },
      { status: 400, part: 'expected an object, got a string' },
    ],
    [
      'JSON called protobuf',
      { headers: PROTOBUF, body: '{"resourceSpans":[]}' },
      { status: 400, part: 'send an OTLP export request' },
    ],
    ['JSON without a byte', { headers: JSON_TYPE, body: '' }, { status: 400, part: 'expected more JSON' }],
    ['cut protobuf', { headers: PROTOBUF, body: valid().subarray(0, -1) }, { status: 400, part: 'cut short' }],
    [
      'gzip that is none',
      { headers: { ...PROTOBUF, 'content-encoding': 'gzip' }, body: valid() },
      { status: 400, part: 'expected a gzip body' },
    ],
    [
      'gzip cut short',
      { headers: { ...PROTOBUF, 'content-encoding': 'gzip' }, body: gzipSync(valid()).subarray(0, -9) },
      { status: 400, part: 'expected a gzip body' },
    ],
    [
      'brotli',
      { headers: { ...PROTOBUF, 'content-encoding': 'br' }, body: valid() },
      { status: 415, part: 'expected Content-Encoding gzip or identity, got br' },
    ],
    [
      'double gzip',
      { headers: { ...PROTOBUF, 'content-encoding': 'gzip, gzip' }, body: valid() },
      { status: 415, part: 'got gzip, gzip' },
    ],
    [
      'a wrong path',
      { path: '/v1/trace', headers: PROTOBUF, body: valid() },
      { status: 404, part: '/otel/v1/traces, /info, got /v1/trace;' },
    ],
    [
      'traces as metrics',
      { path: '/v1/metrics', headers: PROTOBUF, body: valid() },
      { status: 400, part: 'got what looks like traces, which belong to /v1/traces,' },
    ],
    [
      'logs as traces',
      { headers: PROTOBUF, body: fixture('otel-genai/03-logs.body.bin') },
      { status: 400, part: '/v1/logs' },
    ],
    [
      'logs as traces in JSON',
      { headers: JSON_TYPE, body: fixture('otel-genai/04-logs.body.json') },
      { status: 400, part: '/v1/logs' },
    ],
    [
      'attributes as an object',
      { headers: JSON_TYPE, body: '{"resourceSpans":[{"resource":{"attributes":{}}}]}' },
      { status: 400, part: 'resourceSpans[0].resource.attributes' },
    ],
  ];

  it.each(cases)(
    'is answered with a Status in its encoding, and nothing is stored: %s',
    async (_name, options, { status, part }) => {
      const rig = await startRig();
      const reply = await send(rig, options);
      expect(reply.status).toBe(status);
      const { code, message } = statusOf(reply);
      expect(code).toBeGreaterThan(0);
      expect(message).toContain(part);
      const protobuf =
        (options.headers as Record<string, string> | undefined)?.['content-type'] === 'application/x-protobuf';
      expect(reply.headers['content-type']).toBe(protobuf ? 'application/x-protobuf' : 'application/json');
      expect(rig.log.records).toEqual([]);
      expect(rig.metrics.values.get(`assay_collector_requests_total ${status}`)).toBe(1);
      expect(rig.metrics.values.get('assay_collector_in_flight_bytes') ?? 0).toBe(0);
    },
  );

  it('says which methods and encodings would do', async () => {
    const rig = await startRig();
    expect((await send(rig, { method: 'PUT' })).headers['allow']).toBe('POST, OPTIONS');
    expect((await send(rig, { headers: { ...PROTOBUF, 'content-encoding': 'zstd' } })).headers['accept-encoding']).toBe(
      'gzip',
    );
  });

  it('leaves the connection usable', async () => {
    const rig = await startRig();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { ...PROTOBUF, 'content-encoding': 'gzip' };
    expect((await send(rig, { agent, headers, body: Buffer.alloc(500_000, 1) })).status).toBe(400);
    expect((await send(rig, { agent, path: '/nowhere', headers, body: Buffer.alloc(500_000, 1) })).status).toBe(404);
    expect((await send(rig, { agent, headers: PROTOBUF, body: valid() })).status).toBe(200);
    agent.destroy();
  });
});

describe('a request that is too large', () => {
  const settings = { maxBodyBytes: 100_000, maxInFlightBytes: 400_000 };

  it('is refused by its Content-Length, before it is read, and the connection is closed', async () => {
    // Does not wait for more of the body, so that the test need not.
    const clock = { ...systemClock, sleep: () => Promise.resolve() };
    const rig = await startRig(settings, { clock });
    const reply = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(rig.collector.url).port), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('end', () => {
        resolve(text);
      });
      socket.on('error', reject);
      socket.write(
        'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100001\r\n\r\n{',
      );
    });
    expect(reply).toMatch(/^HTTP\/1.1 413 /);
    expect(reply.toLowerCase()).toContain('connection: close');
    expect(reply).toContain('"code":8');
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes peak') ?? 0).toBe(0);
  });

  it('is refused at the limit when it comes in chunks', async () => {
    const rig = await startRig(settings);
    const reply = await send(rig, { headers: PROTOBUF, body: Array.from({ length: 30 }, () => Buffer.alloc(10_000)) });
    expect([reply.status, statusOf(reply).code]).toEqual([413, 8]);
  });

  it('is refused as soon as it inflates like no telemetry does, and not when it merely repeats itself', async () => {
    const rig = await startRig();
    const headers = { ...PROTOBUF, 'content-encoding': 'gzip' };
    const bomb = await send(rig, { headers, body: gzipSync(Buffer.alloc(60_000_000)) });
    expect([bomb.status, statusOf(bomb).message]).toEqual([413, expect.stringContaining('at most 200 times its size')]);
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes peak')).toBeLessThan(20_000_000);
    // As spans that carry the same prompt each.
    const prompt = Array.from({ length: 6_000 }, (_, n) => (n * n).toString(36)).join(' ');
    const resource = { prompts: Array.from({ length: 250 }, () => prompt) };
    const spans = [{ traceId: '01'.repeat(16), spanId: '02'.repeat(8) }];
    const body = gzipSync(encodeRequest([{ resource, scopes: [{ spans }] }]));
    expect((await send(rig, { headers, body })).status).toBe(200);
    expect(rig.log.records[0]!.value.length).toBeGreaterThan(6_000_000);
  });

  it('is refused at the limit while it inflates: 200 MB out of 200 KB hold no more than the limit', async () => {
    const rig = await startRig({ maxBodyBytes: 2 ** 20, maxInFlightBytes: 2 ** 22 });
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    expect(bomb.length).toBeLessThan(200_000);
    const reply = await send(rig, { headers: { ...PROTOBUF, 'content-encoding': 'gzip' }, body: bomb });
    expect(reply.status).toBe(413);
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes peak')).toBeLessThanOrEqual(2 ** 20);
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes')).toBe(0);
  });

  it('is refused when its resource would be repeated for too many traces', async () => {
    const rig = await startRig(settings);
    const spans = Array.from({ length: 100 }, (_, n) => ({
      traceId: (n + 1).toString(16).padStart(32, '0'),
      spanId: 'eee19b7ec3c1b174',
    }));
    const body = encodeRequest([{ resource: { large: 'x'.repeat(50_000) }, scopes: [{ spans }] }]);
    expect((await send(rig, { headers: PROTOBUF, body })).status).toBe(413);
    expect(rig.log.records).toEqual([]);
  });
});

describe('trouble that is not of the sender’s making', () => {
  it.each([
    ['BUS_UNAVAILABLE', new PipelineError('BUS_UNAVAILABLE', 'disk full')],
    ['BUS_CLOSED', new PipelineError('BUS_CLOSED', 'closed')],
    ['an unexpected error', new TypeError('a bug')],
  ])('is a 503 with Retry-After, and counts no spans: %s', async (_name, error) => {
    const rig = await startRig({}, { random: () => 0.99 });
    rig.log.onAppend = () => Promise.reject(error);
    const reply = await send(rig, { headers: PROTOBUF, body: valid() });
    expect([reply.status, reply.headers['retry-after'], statusOf(reply).code]).toEqual([503, '3', 14]);
    expect(statusOf(reply).message).toContain('nothing was acknowledged');
    expect(rig.metrics.values.get('assay_collector_spans_total')).toBeUndefined();
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes')).toBe(0);
    rig.log.onAppend = () => Promise.resolve();
    expect((await send(rig, { headers: PROTOBUF, body: valid() })).status).toBe(200);
  });

  it('is found before the body is read, by its size, where the bus can tell; metrics are answered all the same', async () => {
    let room = 10_000;
    const asked: number[] = [];
    const busRefusal = (bytes: number): string | undefined => {
      asked.push(bytes);
      return bytes > room ? `expected ${bytes} bytes of room, got ${room}` : undefined;
    };
    const rig = await startRig({}, { busRefusal });
    // Were they read, they would be refused as malformed.
    const body = Buffer.alloc(20_000, 0xff);
    const refused = await send(rig, { headers: { ...PROTOBUF, 'content-length': body.length }, body });
    expect([refused.status, statusOf(refused).code]).toEqual([503, 14]);
    expect(rig.metrics.values.get('assay_collector_refused_requests_total')).toBe(1);
    expect((await send(rig, { headers: PROTOBUF, body, path: '/v1/metrics' })).status).toBe(400);
    expect((await send(rig, { headers: PROTOBUF, body: valid() })).status).toBe(200);
    room = 20_000;
    expect((await send(rig, { headers: { ...PROTOBUF, 'content-length': body.length }, body })).status).toBe(400);
    expect(asked).toEqual([20_000, expect.any(Number), 20_000]);
  });

  it('lets no crowd in on the room that a full bus gets: who comes second is told to come again unread', async () => {
    let isFull = true;
    const asked: number[] = [];
    const busRefusal = (bytes: number): string | undefined => {
      asked.push(bytes);
      return isFull ? 'expected room, got none' : undefined;
    };
    const rig = await startRig({}, { busRefusal });
    const body = Buffer.alloc(5 * 2 ** 20, 0xff);
    const headers = { ...PROTOBUF, 'content-length': body.length };
    expect((await send(rig, { headers, body })).status).toBe(503);
    isFull = false;
    let finish = (): void => undefined;
    rig.log.onAppend = () =>
      new Promise((done) => {
        finish = done;
      });
    const first = send(rig, { headers: PROTOBUF, body: valid() });
    await vi.waitFor(() => {
      expect(rig.metrics.values.get('assay_collector_in_flight_bytes')).toBeGreaterThan(0);
    });
    const second = await send(rig, { headers, body });
    expect([second.status, statusOf(second).message]).toEqual([
      503,
      expect.stringContaining('the bus is full and others were here first'),
    ]);
    expect(asked.at(-1)).toBe(asked[1]! + body.length);
    finish();
    expect((await first).status).toBe(200);
    rig.log.onAppend = () => Promise.resolve();
    // Alone it is let in, and read: it is no request.
    expect((await send(rig, { headers, body })).status).toBe(400);
  });

  it('is told of in one line in ten seconds while the bus refuses, counted each, and once when it takes again', async () => {
    const lines: unknown[] = [];
    const note = (fields: object, message: string): void =>
      void lines.push([message, 'requests' in fields ? fields.requests : 0]);
    let nowMs = 1_000_000;
    const rig = await startRig(
      {},
      { logger: { ...silentLogger, error: note, info: note }, clock: { ...systemClock, nowMs: () => nowMs } },
    );
    const refusal = () => Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'disk full'));
    rig.log.onAppend = refusal;
    for (let index = 0; index < 5; index += 1) await send(rig, { headers: PROTOBUF, body: valid() });
    nowMs += 10_000;
    await send(rig, { headers: PROTOBUF, body: valid() });
    rig.log.onAppend = () => Promise.resolve();
    for (let index = 0; index < 2; index += 1) await send(rig, { headers: PROTOBUF, body: valid() });
    rig.log.onAppend = refusal;
    await send(rig, { headers: PROTOBUF, body: valid() });
    expect(lines).toEqual([
      [expect.stringContaining('could not be put'), 1],
      [expect.stringContaining('could not be put'), 5],
      [expect.stringContaining('again'), 0],
    ]);
    expect(rig.metrics.values.get('assay_collector_refused_requests_total')).toBe(7);
  });

  it('counts what each trace costs beyond its bytes as in flight', async () => {
    const rig = await startRig();
    await send(rig, { headers: PROTOBUF, body: manyTraces(1_000) });
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes peak')).toBeGreaterThan(1_500_000);
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes')).toBe(0);
  });

  it('is a 413 for spans of more traces than a request may have, and for those that never fit', async () => {
    const few = await startRig({ maxTracesPerRequest: 100 });
    expect((await send(few, { headers: PROTOBUF, body: manyTraces(100) })).status).toBe(200);
    const refused = await send(few, { headers: PROTOBUF, body: manyTraces(101) });
    expect(refused.status).toBe(413);
    expect(statusOf(refused).message).toMatch(/at most 100 traces, got more; send smaller batches/);
    expect(few.log.records).toHaveLength(100);
    const small = await startRig({ maxBodyBytes: 50_000, maxInFlightBytes: 200_000 });
    const tooMuch = await send(small, { headers: PROTOBUF, body: manyTraces(200) });
    expect([tooMuch.status, statusOf(tooMuch).message]).toEqual([413, expect.stringContaining('send smaller batches')]);
  });

  it('is divided where the bus takes no record of its size, and told of the spans that no cut makes small enough', async () => {
    const rig = await startRig();
    rig.log.largestBytes = 20_000;
    const text = 'x'.repeat(3_000);
    const names = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`attribute ${n} ${'k'.repeat(100)}`, n]));
    const spans = Array.from({ length: 20 }, (_, n) => ({
      ...{ traceId: n === 19 ? 'a'.repeat(32) : TRACE, spanId: String(n).padStart(16, '1'), name: `${n}` },
      attributes: n === 5 ? names : { text: n === 9 ? text.repeat(20) : text },
    }));
    const answer = await send(rig, { headers: PROTOBUF, body: encodeRequest([{ scopes: [{ spans }] }]) });
    expect(answer.status).toBe(200);
    expect(answer.body.toString()).toContain('once its longest texts are cut, got 1 that is larger still');
    expect(rig.log.records.every(({ value }) => value.length <= 20_000)).toBe(true);
    const taken = rig.log.records.flatMap(({ value }) => decodeSpans(value));
    expect(new Set(taken.map(({ name }) => name))).toEqual(
      new Set(spans.map(({ name }) => name).filter((name) => name !== '5')),
    );
    expect(taken.find(({ name }) => name === '9')?.attributes.get('text')).toMatch(/…\[cut by Assay: 60000 bytes\]$/);
    expect(rig.metrics.values.get('assay_collector_spans_total')).toBe(19);
    expect(rig.metrics.values.get('assay_collector_cut_spans_total')).toBe(1);
    expect(rig.metrics.values.get('assay_collector_rejected_spans_total')).toBe(1);
  });

  it('is a 503 when too many bytes are in flight, until the bus has taken them', async () => {
    const rig = await startRig({ maxBodyBytes: 50_000, maxInFlightBytes: 200_000 });
    const body = encodeRequest([
      { scopes: [{ spans: [{ traceId: TRACE, spanId: 'eee19b7ec3c1b174', name: 'x'.repeat(45_000) }] }] },
    ]);
    const flushed = deferred();
    const four = deferred();
    let appends = 0;
    rig.log.onAppend = () => {
      if (++appends === 4) four.resolve();
      return flushed.promise;
    };
    const held = [1, 2, 3, 4].map(() => send(rig, { headers: PROTOBUF, body }));
    await four.promise;
    const refused = await send(rig, { headers: PROTOBUF, body });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    flushed.resolve();
    expect((await Promise.all(held)).map((reply) => reply.status)).toEqual([200, 200, 200, 200]);
    expect((await send(rig, { headers: PROTOBUF, body })).status).toBe(200);
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes peak')).toBeLessThanOrEqual(200_000);
  });

  it('stores nothing of a request whose sender goes away, and frees what it held', async () => {
    const released = deferred();
    const metrics = new FakeMetrics();
    const counted = metrics.counter.bind(metrics);
    metrics.counter = (name) => {
      const counter = counted(name);
      return {
        add: (amount, labels) => {
          counter.add(amount, labels);
          if (name === 'assay_collector_requests_total') released.resolve();
        },
      };
    };
    const rig = await startRig({}, { metrics });
    const socket = connect(Number(new URL(rig.collector.url).port), '127.0.0.1');
    socket.write(
      'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"resource',
    );
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve);
    });
    socket.end();
    await released.promise;
    expect(rig.log.records).toEqual([]);
    expect(metrics.values.get('assay_collector_in_flight_bytes') ?? 0).toBe(0);
  });
});

describe('the life of a collector', () => {
  it('answers the operator through the pages that it is given', async () => {
    const rig = await startRig(
      {},
      {
        admin: (path) =>
          Promise.resolve(path === '/readyz' ? { status: 503, contentType: 'text/plain', body: 'not yet' } : undefined),
      },
    );
    const reply = await send(rig, { method: 'GET', path: '/readyz' });
    expect([reply.status, reply.headers['content-type'], reply.body.toString()]).toEqual([
      503,
      'text/plain',
      'not yet',
    ]);
    expect((await send(rig, { method: 'GET', path: '/metrics' })).status).toBe(404);
    expect((await send(rig, { method: 'POST', path: '/readyz' })).status).toBe(405);
    expect((await send(await startRig(), { method: 'GET', path: '/healthz' })).status).toBe(404);
  });

  it('answers 503, not 500, when a page fails', async () => {
    const rig = await startRig({}, { admin: () => Promise.reject(new Error('a bug')) });
    expect((await send(rig, { method: 'GET', path: '/healthz' })).status).toBe(503);
  });

  it('says in one sentence which port is taken', async () => {
    const rig = await startRig();
    const port = Number(new URL(rig.collector.url).port);
    await expect(startRig({ http: { port } })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `expected to listen on 127.0.0.1:${port}, but another process holds that port; stop it, or choose another address with --http HOST:PORT.`,
    });
  });

  it('opens nothing before start, and stops before start and twice', async () => {
    const deps = {
      log: new FakeLog() as unknown as Log,
      metrics: new FakeMetrics(),
      logger: silentLogger,
      clock: systemClock,
    };
    const idle = createCollector(collectorConfig.parse({ http: { port: 0 }, grpc: { port: 0 } }), deps);
    expect(() => idle.url).toThrow('expected a server that listens');
    await idle.stop(never);
    const rig = await startRig();
    await Promise.all([rig.collector.stop(never), rig.collector.stop(never)]);
  });

  it('stops when the requests that it took are answered, and takes no new connection', async () => {
    const rig = await startRig();
    const appending = deferred();
    const flushed = deferred();
    rig.log.onAppend = () => {
      appending.resolve();
      return flushed.promise;
    };
    const agent = new Agent({ keepAlive: true });
    const idle = connect(Number(new URL(rig.collector.url).port), '127.0.0.1');
    await new Promise<void>((resolve) => {
      idle.once('connect', resolve);
    });
    const answered = send(rig, { agent, headers: PROTOBUF, body: valid() });
    await appending.promise;
    let stopped = false;
    const url = rig.collector.url;
    const stopping = rig.collector.stop(never).then(() => {
      stopped = true;
    });
    await expect(fetch(url)).rejects.toThrow();
    expect(stopped).toBe(false);
    flushed.resolve();
    const reply = await answered;
    expect([reply.status, reply.headers['connection']]).toEqual([200, 'close']);
    await stopping;
    expect(rig.log.records).toHaveLength(1);
  });

  it('cuts what is open when it may wait no longer', async () => {
    const rig = await startRig();
    const appending = deferred();
    rig.log.onAppend = () => {
      appending.resolve();
      return new Promise(() => undefined);
    };
    const answered = send(rig, { headers: PROTOBUF, body: valid() });
    const failed = expect(answered).rejects.toThrow();
    await appending.promise;
    await rig.collector.stop(AbortSignal.abort());
    await failed;
  });

  it('ends a request that takes too long', async () => {
    const rig = await startRig({ http: { port: 0, headersTimeoutMs: 50, requestTimeoutMs: 100 } });
    const reply = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(rig.collector.url).port), '127.0.0.1');
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => {
        resolve(text);
      });
      socket.on('error', reject);
      socket.write(
        'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"resource',
      );
    });
    expect(reply).toMatch(/^HTTP\/1.1 408 /);
    expect(rig.log.records).toEqual([]);
  });
});

describe('collectorConfig', () => {
  it('has a default for everything', () => {
    expect(collectorConfig.parse({})).toMatchObject({
      http: { host: '127.0.0.1', port: 4318 },
      maxBodyBytes: 67_108_864,
      tenant: 'default',
    });
  });

  it('refuses unknown keys, and bounds that exclude one another', () => {
    expect(() => collectorConfig.parse({ htp: {} })).toThrow('htp');
    expect(() => collectorConfig.parse({ maxBodyBytes: 100, maxInFlightBytes: 399 })).toThrow(
      'at least four times maxBodyBytes',
    );
  });
});
