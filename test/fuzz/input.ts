import { gzipSync } from 'node:zlib';
import { withTraceIds, type Seed } from './corpus.js';
import { BYTE_MUTATORS } from './mutators/bytes.js';
import { encodingOf, frame, GRPC_FRAMES, HTTP_FRAMES } from './mutators/framing.js';
import { GZIP_MUTATORS } from './mutators/gzip.js';
import { JSON_MUTATORS } from './mutators/json.js';
import type { Mutators } from './mutators/mutator.js';
import { PROTOBUF_MUTATORS } from './mutators/protobuf.js';
import { createPrng, mixSeeds, type Prng } from './prng.js';

/** How an input goes to the server: on a connection of its own where its very frame is wrong. */
export type Door = 'http' | 'grpc' | 'socket';

/** One request to send. */
export interface Input {
  readonly number: number;
  readonly seed: string;
  /** What was done to the seed. */
  readonly mutators: readonly string[];
  /** True when nothing was done to a request that was right. */
  readonly isRight: boolean;
  readonly door: Door;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a socket all that is sent; of gRPC with the message's head. */
  readonly body: Buffer;
  readonly isChunked: boolean;
}

const GRPC_PATHS = {
  traces: 'trace.v1.TraceService',
  logs: 'logs.v1.LogsService',
  metrics: 'metrics.v1.MetricsService',
};

/** Beyond it nothing more is done to a body: to make an input must not take the time that is measured of others. */
const LARGE_BYTES = 2_000_000;

/** The input of this number: a function of the run's seed and the number alone. */
export function createInput(corpus: readonly Seed[], runSeed: number, number: number): Input {
  const prng = createPrng(mixSeeds(runSeed, number));
  const captures = corpus.filter(({ kind }) => kind === 'capture');
  const rows = corpus.filter(({ kind }) => kind === 'row');
  const seed = prng.pick(prng.chance(0.65) ? captures : rows);
  const mutators: string[] = [];
  const plain = withTraceIds(seed.body, seed.traceIds, number);
  const body = spoil(plain, { seed, corpus, prng, mutators });
  return route({ number, seed, body, isSpoilt: mutators.length > 0 }, prng, mutators);
}

interface Spoiling {
  readonly seed: Seed;
  readonly corpus: readonly Seed[];
  readonly prng: Prng;
  readonly mutators: string[];
}

function spoil(plain: Buffer, { seed, corpus, prng, mutators }: Spoiling): Buffer {
  const alike = corpus.filter(({ encoding }) => encoding === seed.encoding);
  const deps = { prng, other: () => prng.pick(alike).body };
  const rounds = prng.pick([0, 1, 1, 1, 2, 3, 5]);
  const own = seed.encoding === 'application/json' ? JSON_MUTATORS : PROTOBUF_MUTATORS;
  let body = plain;
  for (let round = 0; round < rounds && body.length < LARGE_BYTES; round++) {
    const [name, mutate] = prng.pick(Object.entries<Mutators[string]>(prng.chance(0.75) ? own : BYTE_MUTATORS));
    body = mutate(body, deps);
    mutators.push(name);
  }
  return body;
}

interface Body {
  readonly number: number;
  readonly seed: Seed;
  readonly body: Buffer;
  readonly isSpoilt: boolean;
}

function route({ number, seed, body, isSpoilt }: Body, prng: Prng, mutators: string[]): Input {
  const common = { number, seed: seed.name, mutators, method: seed.method, isChunked: seed.isChunked };
  const isProtobuf = seed.encoding === 'application/x-protobuf';
  if (seed.isGrpc || (isProtobuf && seed.kind === 'capture' && prng.chance(0.3))) {
    const { bytes, headers } = grpcFrame({ seed, body, isSpoilt }, prng, mutators);
    const isRight = mutators.length === 0 && seed.kind === 'capture';
    return { ...common, isRight, door: 'grpc', path: grpcPath(seed.path), headers: { ...headers }, body: bytes };
  }
  const packed = pack({ seed, body }, prng, mutators);
  const headers = { ...seed.headers, ...packed.headers };
  const request = { method: seed.method, path: seed.path, headers, body: packed.body };
  // Node's client refuses to send what contradicts itself.
  const contradicts = headers['content-length'] !== undefined;
  if (prng.chance(0.12)) {
    const [name, make] = prng.pick(Object.entries(HTTP_FRAMES));
    mutators.push(name);
    return { ...common, ...request, isRight: false, door: 'socket', body: make(request, prng) };
  }
  if (contradicts) return { ...common, ...request, isRight: false, door: 'socket', body: asIs(request) };
  const mixed = prng.chance(0.04) ? mixHeaders(headers, prng, mutators) : headers;
  const isRight = mutators.length === 0 && seed.kind === 'capture';
  return {
    ...common,
    ...request,
    headers: mixed,
    isRight,
    door: 'http',
    isChunked: seed.isChunked || prng.chance(0.1),
  };
}

function asIs({
  method,
  path,
  headers,
  body,
}: {
  method: string;
  path: string;
  headers: object;
  body: Buffer;
}): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: fuzz\r\n${lines.join('')}\r\n`), body]);
}

function grpcPath(path: string): string {
  const signal = (['traces', 'logs', 'metrics'] as const).find((name) => path === `/v1/${name}`);
  return signal === undefined ? path : `/opentelemetry.proto.collector.${GRPC_PATHS[signal]}/Export`;
}

function grpcFrame(
  { seed, body, isSpoilt }: Omit<Body, 'number'>,
  prng: Prng,
  mutators: string[],
): { readonly bytes: Buffer; readonly headers: Readonly<Record<string, string>> } {
  const own = seed.isGrpc ? seed.headers : {};
  if (seed.frame !== undefined && !isSpoilt) return { bytes: seed.frame, headers: own };
  const gzip = seed.isGzip || prng.chance(0.3);
  let message = gzip ? gzipSync(body) : body;
  if (gzip && prng.chance(0.3)) {
    const [name, mutate] = prng.pick(Object.entries(GZIP_MUTATORS));
    mutators.push(name);
    message = mutate(body, { prng, other: () => body });
  }
  if (prng.chance(0.2)) {
    const [name, make] = prng.pick(Object.entries(GRPC_FRAMES));
    mutators.push(name);
    return make({ message, gzip }, prng);
  }
  return { bytes: frame(message, gzip ? 1 : 0), headers: encodingOf(gzip) };
}

function pack(
  { seed, body }: Pick<Body, 'seed' | 'body'>,
  prng: Prng,
  mutators: string[],
): { readonly body: Buffer; readonly headers: Readonly<Record<string, string>> } {
  const claims = seed.headers['content-encoding'];
  if (claims !== undefined && !seed.isGzip) return { body, headers: {} };
  if (!seed.isGzip && !prng.chance(0.3)) return { body, headers: {} };
  const headers = { 'content-encoding': 'gzip' };
  if (!prng.chance(0.35)) return { body: gzipSync(body), headers };
  const [name, mutate] = prng.pick(Object.entries(GZIP_MUTATORS));
  mutators.push(name);
  return { body: mutate(body, { prng, other: () => body }), headers };
}

function mixHeaders(
  headers: Readonly<Record<string, string>>,
  prng: Prng,
  mutators: string[],
): Readonly<Record<string, string>> {
  mutators.push('http:mix');
  const type = prng.pick([
    'application/json',
    'application/x-protobuf',
    'APPLICATION/JSON ; x=y',
    'text/plain',
    'application/jsonp',
    ';',
  ]);
  const encoding = prng.pick(['gzip', 'identity', 'GZIP', 'br', 'gzip;q=1', 'x-gzip', '*']);
  return prng.pick<Readonly<Record<string, string>>>([
    { ...headers, 'content-type': type },
    { ...headers, 'content-encoding': encoding },
    { ...headers, 'content-type': type, 'content-encoding': encoding },
    { ...headers, origin: 'https://page.example', 'access-control-request-method': 'POST' },
    { ...headers, authorization: 'Bearer of nothing' },
  ]);
}
