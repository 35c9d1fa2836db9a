import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeRequest } from '../core/otlp/testing.test-support.js';
import { callGrpc, framed, grpcClient, rawSession, TRACE_SERVICE } from '../test/helpers/otlp-grpc.js';
import { createHeapGuard } from './heap-guard.js';
import { deferred, PROTOBUF, send, startRig, statusOf, type Rig } from './rig.test-support.js';

const VALID = encodeRequest([
  { scopes: [{ spans: [{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174' }] }] },
]);
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

interface Peer {
  readonly socket: Socket;
  readonly text: () => string;
  readonly closed: Promise<void>;
}

async function open(url: string | undefined, first: string | Uint8Array = ''): Promise<Peer> {
  const socket = connect(Number(new URL(url ?? '').port), '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', resolve);
  });
  if (first.length > 0) socket.write(first);
  return { socket, text: () => text, closed };
}

/** Both protocols serve a sender that does nothing wrong. */
async function servesHealthy(rig: Rig): Promise<void> {
  expect((await send(rig, { headers: PROTOBUF, body: VALID, agent: false })).status).toBe(200);
  expect((await callGrpc(grpcClient(rig.collector), { body: VALID })).code).toBe(0);
}

const HEAD = 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n';
const MANY = 60;

describe('healthy senders are served while others', () => {
  const settings = { http: { maxConnections: 20 }, grpc: { maxConnections: 20 } };

  it.each([
    ['open connections and say nothing', '', ''],
    ['send their headers byte by byte', 'POST /v1/traces HT', 'PRI * HT'],
    ['send a part of a body, and nothing more', `${HEAD}Content-Length: 500\r\n\r\nabc`, ''],
  ])('%s, more of them than there may be', async (_what, http, grpc) => {
    const rig = await startRig(settings);
    const peers = await Promise.all([
      ...Array.from({ length: MANY }, () => open(rig.collector.url, http)),
      ...Array.from({ length: MANY }, () => open(rig.collector.grpcUrl, grpc)),
    ]);
    await servesHealthy(rig);
    await servesHealthy(rig);
    expect(rig.metrics.values.get('assay_collector_closed_connections_total')).toBeGreaterThanOrEqual(2 * (MANY - 20));
    expect(peers.filter(({ socket }) => !socket.destroyed).length).toBeLessThanOrEqual(40);
  });

  it('send headers without end: they are answered 431 at the limit', async () => {
    const rig = await startRig({ http: { maxHeaderBytes: 4_096 } });
    const peer = await open(rig.collector.url, `${HEAD}${'X-Filler: 0123456789\r\n'.repeat(300)}`);
    await peer.closed;
    expect(peer.text()).toMatch(/^HTTP\/1.1 431 /);
    await servesHealthy(rig);
  });

  it('send HTTP/2 headers without end: their connection is closed', async () => {
    const rig = await startRig();
    const frame = (type: number, stream: number, payload: Buffer): Buffer => {
      const head = Buffer.alloc(9);
      head.writeUIntBE(payload.length, 0, 3);
      head.writeUInt8(type, 3);
      head.writeUInt32BE(stream, 5);
      return Buffer.concat([head, payload]);
    };
    // A literal header field that is never indexed, again and again, in CONTINUATION frames of which none is the last.
    const filler = Buffer.concat([Buffer.from([0x10, 1, 0x61, 0x7f, 0x81, 0x70]), Buffer.alloc(14_448, 0x62)]);
    const peer = await open(
      rig.collector.grpcUrl,
      Buffer.concat([
        Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
        frame(4, 0, Buffer.alloc(0)),
        frame(1, 1, filler),
      ]),
    );
    const more = (): void => {
      if (!peer.socket.destroyed) peer.socket.write(frame(9, 1, filler), more);
    };
    more();
    await peer.closed;
    await servesHealthy(rig);
  });

  it('are too slow: their time is up, and their connection closed', async () => {
    const rig = await startRig({
      http: { headersTimeoutMs: 100, requestTimeoutMs: 100 },
      grpc: { handshakeTimeoutMs: 100, requestTimeoutMs: 100 },
    });
    const peers = await Promise.all([
      open(rig.collector.url, 'POST /v1/traces HT'),
      open(rig.collector.url, `${HEAD}Content-Length: 500\r\n\r\nabc`),
      open(rig.collector.grpcUrl),
    ]);
    await servesHealthy(rig);
    await Promise.all(peers.map((peer) => peer.closed));
    expect(peers.slice(0, 2).map((peer) => peer.text().slice(0, 13))).toEqual(['HTTP/1.1 408 ', 'HTTP/1.1 408 ']);
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes')).toBe(0);
  });

  it('are gone without a word: gRPC asks whether they live, and closes the connection', async () => {
    const rig = await startRig({ grpc: { keepAliveTimeMs: 50, keepAliveTimeoutMs: 50 } });
    const preface = Buffer.concat([
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    ]);
    // It never answers a ping.
    const peer = await open(rig.collector.grpcUrl, preface);
    await peer.closed;
    await servesHealthy(rig);
  });

  it('open more calls than a connection may have: these wait, and others are served', async () => {
    const rig = await startRig({ grpc: { maxConcurrentStreams: 5 } });
    const session = rawSession(rig.collector);
    const streams = Array.from({ length: 20 }, () => {
      const stream = session.request({
        ':method': 'POST',
        ':path': TRACE_SERVICE,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      stream.on('error', () => undefined);
      stream.write(framed(VALID).subarray(0, 9));
      return stream;
    });
    await servesHealthy(rig);
    for (const stream of streams) stream.destroy();
  });

  it('are many, and the requests of none are dropped that were read', async () => {
    const rig = await startRig({ http: { maxConnections: 3 } });
    const [two, flushed] = [deferred(), deferred()];
    let appends = 0;
    rig.log.onAppend = () => {
      if (++appends === 3) two.resolve();
      return flushed.promise;
    };
    const waiting = [1, 2, 3].map(() => send(rig, { headers: PROTOBUF, body: VALID, agent: false }));
    await two.promise;
    const refused = await open(rig.collector.url);
    await refused.closed;
    flushed.resolve();
    expect((await Promise.all(waiting)).map((reply) => reply.status)).toEqual([200, 200, 200]);
  });
});

describe('a heap that is nearly full', () => {
  it('is answered 503 and UNAVAILABLE, and requests are taken at once when it is not any more', async () => {
    let ratio = 0.9;
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, sleep: () => new Promise<void>(() => undefined) };
    const rig = await startRig({ maxHeapRatio: 0.85 }, { heapRatio: () => ratio, clock });
    // The one in a tenth of a second that looks.
    expect((await send(rig, { headers: PROTOBUF, body: VALID })).status).toBe(200);
    const refused = await send(rig, { headers: PROTOBUF, body: VALID });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(statusOf(refused).message).toBe(
      'expected free memory, but the heap is nearly full; nothing was acknowledged, send it again after 1 s.',
    );
    expect(await callGrpc(grpcClient(rig.collector), { body: VALID })).toMatchObject({
      code: 14,
      retryAfterSeconds: 1,
    });
    ratio = 0.5;
    nowMs = 100;
    for (let index = 0; index < 3; index++)
      expect((await send(rig, { headers: PROTOBUF, body: VALID })).status).toBe(200);
  });

  it('is that of this thread', () => {
    const clock = { nowMs: () => 0, sleep: () => Promise.resolve() };
    const [never, always] = [createHeapGuard(1, clock), createHeapGuard(0.000_001, clock)];
    expect([never.isFull(), never.isFull()]).toEqual([false, false]);
    expect([always.isFull(), always.isFull()]).toEqual([false, true]);
  });
});
