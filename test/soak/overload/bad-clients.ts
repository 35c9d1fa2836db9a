import { setMaxListeners } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';

/** What bad clients did, and what they were told. */
export interface BadClientsSeen {
  /** By what was sent, and by the status that came; 0 for a connection that was closed. */
  readonly answers: Map<string, Map<number, number>>;
  /** Connections that send a header byte a second: opened, and closed by the server. */
  slowOpened: number;
  slowClosed: number;
}

export interface BadClientsOptions {
  readonly address: string;
  /** Malformed requests a second. */
  readonly malformedPerSecond: number;
  readonly seen: BadClientsSeen;
  readonly signal: AbortSignal;
}

/** One way to be malformed. */
interface Bad {
  readonly name: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly path?: string;
}

const SLOW_CONNECTIONS = 64;
const SLOW_BYTE_MS = 1_000;
const BOMB_MS = 1_000;
/** Far beyond any body limit, in 260 KB. */
const BOMB_BYTES = 256 * 2 ** 20;
const TIMEOUT_MS = 10_000;
const PROTOBUF = { 'content-type': 'application/x-protobuf' } as const;
const JSON_TYPE = { 'content-type': 'application/json' } as const;

const MALFORMED: readonly Bad[] = [
  { name: 'protobuf that ends early', body: Buffer.from([0x0a, 0xff, 0x7f, 1, 2, 3]), headers: PROTOBUF },
  { name: 'protobuf of noise', body: Buffer.alloc(64 * 1024, 0xa7), headers: PROTOBUF },
  {
    name: 'JSON that ends early',
    body: Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":['),
    headers: JSON_TYPE,
  },
  { name: 'JSON nested too deep', body: Buffer.from('['.repeat(50_000)), headers: JSON_TYPE },
  { name: 'gzip of noise', body: Buffer.alloc(10_000, 0x3c), headers: { ...PROTOBUF, 'content-encoding': 'gzip' } },
  { name: 'unknown content type', body: Buffer.from('<spans/>'), headers: { 'content-type': 'text/xml' } },
  { name: 'unknown encoding', body: Buffer.from('x'), headers: { ...PROTOBUF, 'content-encoding': 'lzma' } },
  { name: 'unknown path', body: Buffer.from('x'), headers: PROTOBUF, path: '/v2/spans' },
  { name: 'wrong method', body: Buffer.from('x'), headers: PROTOBUF, method: 'PUT' },
];

export function newBadClientsSeen(): BadClientsSeen {
  return { answers: new Map(), slowOpened: 0, slowClosed: 0 };
}

/** Bothers the server until the signal. */
export async function runBadClients(options: BadClientsOptions): Promise<void> {
  const { signal, malformedPerSecond } = options;
  setMaxListeners(0, signal);
  const bomb: Bad = {
    name: 'gzip bomb',
    body: gzipSync(Buffer.alloc(BOMB_BYTES)),
    headers: { ...PROTOBUF, 'content-encoding': 'gzip' },
  };
  const every = async (ms: number, next: (turn: number) => Bad): Promise<void> => {
    for (let turn = 0; !signal.aborted; turn += 1) {
      void post(next(turn), options);
      await delay(ms, undefined, { signal }).catch(() => undefined);
    }
  };
  await Promise.all([
    every(BOMB_MS, () => bomb),
    every(1_000 / malformedPerSecond, (turn) => MALFORMED[turn % MALFORMED.length]!),
    ...Array.from({ length: SLOW_CONNECTIONS }, () => slowloris(options)),
  ]);
}

function post(bad: Bad, { address, seen }: BadClientsOptions): Promise<void> {
  return new Promise((resolve) => {
    const note = (status: number): void => {
      const counts = seen.answers.get(bad.name) ?? new Map<number, number>();
      seen.answers.set(bad.name, counts.set(status, (counts.get(status) ?? 0) + 1));
      resolve();
    };
    let answered = false;
    const sent = request(
      `${address}${bad.path ?? '/v1/traces'}`,
      { method: bad.method ?? 'POST', headers: bad.headers },
      (response) => {
        answered = true;
        response.resume();
        response.once('close', () => {
          note(response.statusCode ?? 0);
        });
      },
    );
    // An answer may come before all is sent, and the connection close after it: the answer counts.
    sent.once('error', () => {
      if (!answered) note(0);
    });
    sent.setTimeout(TIMEOUT_MS, () => sent.destroy());
    sent.end(bad.body);
  });
}

/** Opens a connection, sends a byte of a header a second, and does so again when it is closed. */
async function slowloris({ address, seen, signal }: BadClientsOptions): Promise<void> {
  const { hostname, port } = new URL(address);
  while (!signal.aborted) {
    const socket: Socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.resume();
    seen.slowOpened += 1;
    socket.write('POST /v1/traces HTTP/1.1\r\nhost: slow\r\nx-slow: ');
    while (!socket.closed) {
      if (isOver(signal)) break;
      await delay(SLOW_BYTE_MS, undefined, { signal }).catch(() => undefined);
      if (!socket.destroyed) socket.write('a');
    }
    if (socket.closed) seen.slowClosed += 1;
    socket.destroy();
  }
}

/** A call, because the compiler takes a signal that was not aborted for one that never is. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}
