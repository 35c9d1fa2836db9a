import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { compressionAlgorithms, status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../core/errors.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { encodeLogs } from '../core/otlp/logs.test-support.js';
import { encodeRequest } from '../core/otlp/testing.test-support.js';
import { WireReader } from '../core/otlp/wire-reader.js';
import { WireWriter } from '../core/otlp/wire-writer.js';
import {
  callGrpc,
  callRaw,
  framed,
  grpcClient,
  LOGS_SERVICE,
  METRICS_SERVICE,
  rawSession,
  TRACE_SERVICE,
} from '../test/helpers/otlp-grpc.js';
import { deferred, JSON_TYPE, never, send, startRig, type Rig } from './rig.test-support.js';

const TRACE = '5b8efff798038103d269b633813fc60c';
const valid = (name = 'a span'): Uint8Array =>
  encodeRequest([{ scopes: [{ spans: [{ traceId: TRACE, spanId: 'eee19b7ec3c1b174', name }] }] }]);
const frame = (name: string): Buffer =>
  readFileSync(new URL(`../test/fixtures/captures/grpc/${name}`, import.meta.url));
const inFlight = (rig: Rig): number | undefined => rig.metrics.values.get('assay_collector_in_flight_bytes');

/** `partial_success` of an export response: the count, then the message. */
function partialOf(body: Buffer): unknown[] {
  const reader = new WireReader(body);
  if (!reader.next()) return [];
  reader.enter();
  return [reader.next() && reader.int64(), reader.next() && reader.string()];
}

describe('a call that is taken', () => {
  it.each([
    ['as it is', {}],
    ['gzip', { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip }],
  ])('is answered OK, and lies on the bus by trace: %s', async (_name, options) => {
    const rig = await startRig({ tenant: 'acme' });
    const reply = await callGrpc(grpcClient(rig.collector, options), { body: valid('x'.repeat(5_000)) });
    expect(reply).toEqual({ code: 0, message: '', body: Buffer.alloc(0) });
    const [record] = rig.log.records;
    expect([record?.topic, record?.key, record?.headers]).toEqual(['spans', TRACE, { 'assay.tenant': 'acme' }]);
    expect(decodeSpans(record?.value ?? new Uint8Array()).map((span) => span.name)).toEqual(['x'.repeat(5_000)]);
    expect(rig.metrics.values.get('assay_collector_grpc_requests_total OK')).toBe(1);
    expect(inFlight(rig)).toBe(0);
  });

  it.each(['01-traces.grpc-frame.bin', '02-traces.grpc-frame.bin'])(
    'is as the JavaScript exporter sends it: %s',
    async (name) => {
      const rig = await startRig();
      const bytes = frame(name);
      const headers = bytes[0] === 1 ? { 'grpc-encoding': 'gzip' } : {};
      expect((await callRaw(rig.collector, { bytes, headers })).code).toBe(0);
      expect(rig.log.records.length).toBeGreaterThan(0);
    },
  );

  it('may say gzip, and send a message without it', async () => {
    const rig = await startRig();
    expect((await callRaw(rig.collector, { bytes: framed(valid()), headers: { 'grpc-encoding': 'gzip' } })).code).toBe(
      0,
    );
    expect(rig.log.records).toHaveLength(1);
  });

  it('may hold logs', async () => {
    const rig = await startRig();
    const body = encodeLogs({ traceId: TRACE, eventName: 'gen_ai.choice' });
    expect((await callGrpc(grpcClient(rig.collector), { body, path: LOGS_SERVICE })).code).toBe(0);
    expect(rig.log.records.map((record) => record.topic)).toEqual(['logs']);
  });

  it('may hold metrics, which are all rejected in a partial success', async () => {
    const rig = await startRig();
    const reply = await callGrpc(grpcClient(rig.collector), { body: metrics(3), path: METRICS_SERVICE });
    expect([reply.code, ...partialOf(reply.body)]).toEqual([
      0,
      3,
      expect.stringContaining('metrics, which are not kept'),
    ]);
    expect(rig.log.records).toEqual([]);
    expect(rig.metrics.values.get('assay_collector_rejected_data_points_total')).toBe(3);
  });

  it('is not acknowledged before the bus has it', async () => {
    const rig = await startRig();
    const [appending, flushed] = [deferred(), deferred()];
    rig.log.onAppend = () => {
      appending.resolve();
      return flushed.promise;
    };
    const client = grpcClient(rig.collector);
    let answered = false;
    const reply = callGrpc(client, { body: valid() }).then((got) => {
      answered = true;
      return got;
    });
    await appending.promise;
    expect((await callGrpc(client, { body: new Uint8Array() })).code).toBe(0);
    expect(answered).toBe(false);
    flushed.resolve();
    expect((await reply).code).toBe(0);
  });
});

function metrics(points: number): Uint8Array {
  const writer = new WireWriter();
  const resource = writer.open(1);
  const scope = writer.open(2);
  const metric = writer.open(2);
  writer.string(1, 'http.server.duration');
  const gauge = writer.open(5);
  for (let index = 0; index < points; index++) writer.close(writer.open(1));
  writer.close(gauge);
  writer.close(metric);
  writer.close(scope);
  writer.close(resource);
  return writer.finish();
}

describe('a call that is refused', () => {
  const GZIP = { 'grpc-encoding': 'gzip' };
  const { INVALID_ARGUMENT, UNIMPLEMENTED } = status;

  it.each([
    { what: 'cut protobuf', bytes: framed(valid().subarray(0, -1)), part: 'cut short' },
    { what: 'gzip that is none', bytes: framed(valid(), 1), headers: GZIP, part: 'does not inflate' },
    {
      what: 'gzip cut short',
      bytes: framed(gzipSync(valid()).subarray(0, -9), 1),
      headers: GZIP,
      part: 'does not inflate',
    },
    {
      what: 'an unknown encoding',
      bytes: framed(valid(), 1),
      headers: { 'grpc-encoding': 'zstd' },
      code: UNIMPLEMENTED,
      part: 'expected grpc-encoding gzip or identity, got zstd',
    },
    {
      what: 'deflate',
      bytes: framed(valid(), 1),
      headers: { 'grpc-encoding': 'deflate' },
      code: UNIMPLEMENTED,
      part: 'got deflate',
    },
    { what: 'compression without an encoding', bytes: framed(valid(), 1), part: 'got the compressed flag' },
    { what: 'a flag that is none', bytes: framed(valid(), 7), part: 'expected a compressed flag of 0 or 1, got 7' },
    { what: 'no message', bytes: Buffer.alloc(0), part: 'expected a message with a head of 5 bytes, got 0 bytes' },
    { what: 'half a head', bytes: Buffer.alloc(3), part: 'got 3 bytes' },
    { what: 'a message cut short', bytes: framed(valid(), 0, 500), part: 'expected a message of 500 bytes' },
  ])('says why, and stores nothing: $what', async ({ bytes, headers = {}, code = INVALID_ARGUMENT, part }) => {
    const rig = await startRig();
    const reply = await callRaw(rig.collector, { bytes, headers });
    expect([reply.code, reply.message]).toEqual([code, expect.stringContaining(part)]);
    expect(rig.log.records).toEqual([]);
    expect(inFlight(rig) ?? 0).toBe(0);
    expect(rig.metrics.values.get(`assay_collector_grpc_requests_total ${status[code]}`)).toBe(1);
  });

  it('is UNIMPLEMENTED for a method that is not there', async () => {
    const rig = await startRig();
    const reply = await callRaw(rig.collector, {
      path: '/opentelemetry.proto.collector.trace.v1.TraceService/Import',
      bytes: framed(valid()),
    });
    expect(reply.code).toBe(status.UNIMPLEMENTED);
    expect((await callGrpc(grpcClient(rig.collector), { path: '/other/Export', body: valid() })).code).toBe(
      status.UNIMPLEMENTED,
    );
  });

  it.each([
    ['of a method that is not there', { ':path': '/opentelemetry.proto.collector.profiles.v1.ProfilesService/Export' }],
    ['of another content type', { 'content-type': 'application/json' }],
  ])('leaves its sender a connection that can be used: %s', async (_name, headers) => {
    const rig = await startRig();
    const session = rawSession(rig.collector);
    const start = { ':method': 'POST', ':path': TRACE_SERVICE, 'content-type': 'application/grpc', te: 'trailers' };
    // Together more than a sender on Node may hold.
    for (let calls = 0; calls < 100; calls++) {
      const stream = session.request({ ...start, ...headers });
      stream.resume().end(framed(Buffer.alloc(200_000)));
      await once(stream, 'close');
    }
    expect((await callRaw(rig.collector, { bytes: framed(valid()) }, session)).code).toBe(0);
  });

  it('is RESOURCE_EXHAUSTED without RetryInfo when the message is too large, as it came or inflated', async () => {
    const rig = await startRig({ maxBodyBytes: 100_000 });
    const large = valid('x'.repeat(100_001));
    const plain = await callGrpc(grpcClient(rig.collector), { body: large });
    const gzip = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };
    const inflated = await callGrpc(grpcClient(rig.collector, gzip), { body: large });
    for (const reply of [plain, inflated]) {
      expect([reply.code, reply.retryAfterSeconds]).toEqual([status.RESOURCE_EXHAUSTED, undefined]);
      expect(reply.message).toContain('expected a body of at most 100000 bytes before and after decompression');
    }
    expect(rig.log.records).toEqual([]);
    expect(inFlight(rig)).toBe(0);
  });

  it('is refused at the head of a message that is too large, before the message comes', async () => {
    const rig = await startRig({ maxBodyBytes: 100_000 });
    const reply = await callRaw(rig.collector, { bytes: framed(new Uint8Array(10), 0, 4_000_000_000), ends: false });
    expect([reply.code, reply.message]).toEqual([
      status.RESOURCE_EXHAUSTED,
      expect.stringContaining('got 4000000000 by the head of the message'),
    ]);
  });

  it('holds no more than the limit while a bomb inflates: 200 MB out of 200 KB', async () => {
    const rig = await startRig({ maxBodyBytes: 1_000_000, maxInFlightBytes: 4_000_000 });
    const bomb = framed(gzipSync(Buffer.alloc(200_000_000)), 1);
    const replies = await Promise.all(
      Array.from({ length: 3 }, () => callRaw(rig.collector, { bytes: bomb, headers: { 'grpc-encoding': 'gzip' } })),
    );
    expect(replies.map((reply) => reply.code)).toEqual([8, 8, 8]);
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes peak')).toBeLessThan(4_000_000);
    expect(inFlight(rig)).toBe(0);
  });

  it('is UNAVAILABLE with RetryInfo when the bus cannot take it', async () => {
    const rig = await startRig({}, { random: () => 0.9 });
    rig.log.onAppend = () => Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'disk full'));
    const reply = await callGrpc(grpcClient(rig.collector), { body: valid() });
    expect(reply).toMatchObject({ code: status.UNAVAILABLE, retryAfterSeconds: 3 });
    expect(reply.message).toBe(
      'expected the bus to take this request, but it could not; nothing was acknowledged, send it again after 3 s.',
    );
  });

  it('is UNAVAILABLE with RetryInfo while too many bytes are in flight, HTTP and gRPC together', async () => {
    const rig = await startRig({ maxBodyBytes: 50_000, maxInFlightBytes: 200_000 });
    const body = valid('x'.repeat(45_000));
    const [flushed, four] = [deferred(), deferred()];
    let appends = 0;
    rig.log.onAppend = () => {
      if (++appends === 4) four.resolve();
      return flushed.promise;
    };
    const client = grpcClient(rig.collector);
    const held = [
      ...[1, 2].map(() => callGrpc(client, { body })),
      ...[1, 2].map(async () => {
        const reply = await send(rig, { headers: { 'content-type': 'application/x-protobuf' }, body });
        return { code: reply.status === 200 ? 0 : reply.status };
      }),
    ];
    await four.promise;
    const refused = await callGrpc(client, { body });
    expect([refused.code, refused.retryAfterSeconds]).toEqual([status.UNAVAILABLE, 1]);
    flushed.resolve();
    expect((await Promise.all(held)).map((reply) => reply.code)).toEqual([0, 0, 0, 0]);
    expect((await callGrpc(client, { body })).code).toBe(0);
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes peak')).toBeLessThanOrEqual(200_000);
  });

  it('is DEADLINE_EXCEEDED when its message does not come, and the connection goes on', async () => {
    const rig = await startRig({ grpc: { requestTimeoutMs: 100 } });
    const session = rawSession(rig.collector);
    const slow = callRaw(rig.collector, { bytes: framed(valid()).subarray(0, 9), ends: false }, session);
    expect((await callRaw(rig.collector, { bytes: framed(valid()) }, session)).code).toBe(0);
    const reply = await slow;
    expect([reply.code, reply.message]).toEqual([
      status.DEADLINE_EXCEEDED,
      'expected a whole message within 100 ms, got a part of one; nothing was stored.',
    ]);
    expect((await callRaw(rig.collector, { bytes: framed(valid()) }, session)).code).toBe(0);
    expect(inFlight(rig)).toBe(0);
  });

  it('is cut off when it goes on sending what was refused', async () => {
    const rig = await startRig({ maxBodyBytes: 1_000, maxInFlightBytes: 4_000 });
    const session = rawSession(rig.collector);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.on('error', () => undefined);
    const closed = new Promise<void>((resolve) => {
      stream.on('close', resolve);
    });
    const more = (): void => {
      if (!stream.destroyed) stream.write(Buffer.alloc(100_000), more);
    };
    stream.write(framed(Buffer.alloc(0), 0, 10_000_000), more);
    stream.resume();
    await closed;
    expect(rig.metrics.values.get('assay_collector_grpc_requests_total RESOURCE_EXHAUSTED')).toBe(1);
  });
});

describe('the life of the gRPC listener', () => {
  it('can be off', async () => {
    const rig = await startRig({ grpc: { enabled: false } });
    expect(rig.collector.grpcUrl).toBeUndefined();
  });

  it('says in one sentence which port is taken, and gives the other one back', async () => {
    const rig = await startRig();
    const port = Number(new URL(rig.collector.grpcUrl ?? '').port);
    await expect(startRig({ grpc: { port } })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      message: `expected to listen on 127.0.0.1:${port}, but another process holds that port; stop it, or choose another address with --grpc HOST:PORT, or set collector.grpc.enabled to false.`,
    });
  });

  it('stops when the calls that it took are answered, and takes no new one', async () => {
    const rig = await startRig();
    const [appending, flushed] = [deferred(), deferred()];
    rig.log.onAppend = () => {
      appending.resolve();
      return flushed.promise;
    };
    const answered = callGrpc(grpcClient(rig.collector), { body: valid() });
    await appending.promise;
    const later = grpcClient(rig.collector);
    let stopped = false;
    const stopping = rig.collector.stop(never).then(() => {
      stopped = true;
    });
    expect((await callGrpc(later, { body: valid() })).code).toBe(status.UNAVAILABLE);
    expect(stopped).toBe(false);
    flushed.resolve();
    expect((await answered).code).toBe(0);
    await stopping;
    expect(rig.log.records).toHaveLength(1);
  });

  it('stops with connections open that nobody uses, or that never said a word', async () => {
    const rig = await startRig();
    expect((await callGrpc(grpcClient(rig.collector), { body: valid() })).code).toBe(0);
    const silent = connect(Number(new URL(rig.collector.grpcUrl ?? '').port), '127.0.0.1');
    await new Promise<void>((resolve) => {
      silent.once('connect', resolve);
    });
    await rig.collector.stop(never);
    silent.destroy();
  });

  it('cuts what is open when it may wait no longer', async () => {
    const rig = await startRig();
    const appending = deferred();
    rig.log.onAppend = () => {
      appending.resolve();
      return new Promise(() => undefined);
    };
    const answered = callGrpc(grpcClient(rig.collector), { body: valid() });
    await appending.promise;
    await rig.collector.stop(AbortSignal.abort());
    expect((await answered).code).not.toBe(0);
  });

  it('tells who took its port for that of HTTP', async () => {
    const rig = await startRig();
    const reply = await fetch(`${rig.collector.grpcUrl ?? ''}/v1/traces`, { method: 'POST', body: '{}' });
    expect([reply.status, await reply.text()]).toEqual([
      400,
      'expected gRPC on this port, got HTTP/1.1; send OTLP over HTTP to the port of collector.http, 4318 by default.\n',
    ]);
  });

  it('closes a connection that does not speak HTTP/2', async () => {
    const rig = await startRig({ grpc: { handshakeTimeoutMs: 100 } });
    const port = Number(new URL(rig.collector.grpcUrl ?? '').port);
    for (const text of ['', 'PRI * HTTP']) {
      const socket = connect(port, '127.0.0.1');
      socket.write(text);
      socket.resume();
      await new Promise<void>((resolve) => {
        socket.once('close', () => {
          resolve();
        });
        socket.on('error', () => undefined);
      });
    }
    expect((await callGrpc(grpcClient(rig.collector), { body: valid() })).code).toBe(0);
    expect((await send(rig, { headers: JSON_TYPE, body: '{}' })).status).toBe(200);
  });
});
