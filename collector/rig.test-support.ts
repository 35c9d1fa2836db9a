import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { afterEach, expect } from 'vitest';
import { systemClock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { Log, LogRecord } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import { WireReader } from '../core/otlp/wire-reader.js';
import { collectorConfig, createCollector, type Collector, type CollectorDeps } from './index.js';

export const never = new AbortController().signal;
export const PROTOBUF = { 'content-type': 'application/x-protobuf' };
export const JSON_TYPE = { 'content-type': 'application/json' };

/** A log that keeps what it is given; a test says what an append does. */
export class FakeLog implements Pick<Log, 'append'> {
  readonly records: LogRecord[] = [];
  onAppend: () => Promise<void> = () => Promise.resolve();
  /** A larger record of spans or logs is refused, with all that come with it. */
  largestBytes = Infinity;

  async append(records: readonly LogRecord[]): Promise<void> {
    await this.onAppend();
    const isLarge = ({ topic, value }: LogRecord): boolean =>
      topic !== 'dead-letters' && value.length > this.largestBytes;
    if (records.some(isLarge)) throw new PipelineError('RECORD_TOO_LARGE', 'expected a smaller record');
    // A copy, as every log makes: the memory of the values is used again.
    this.records.push(...records.map((record) => ({ ...record, value: record.value.slice() })));
  }
}

export class FakeMetrics implements Metrics {
  readonly values = new Map<string, number>();

  counter(name: string): { add: (amount: number, labels?: object) => void } {
    return {
      add: (amount, labels = {}) => {
        const key = [name, ...(Object.values(labels) as string[])].join(' ');
        this.values.set(key, (this.values.get(key) ?? 0) + amount);
      },
    };
  }

  gauge(name: string): { set: (value: number) => void } {
    return {
      set: (value) => {
        this.values.set(name, value);
        this.values.set(`${name} peak`, Math.max(value, this.values.get(`${name} peak`) ?? 0));
      },
    };
  }

  histogram(): { observe: () => void } {
    return { observe: () => undefined };
  }
}

export interface Rig {
  readonly collector: Collector;
  readonly log: FakeLog;
  readonly metrics: FakeMetrics;
}

export interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

export function deferred(): Deferred {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export const running: Collector[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((collector) => collector.stop(AbortSignal.abort())));
});

export async function startRig(settings: object = {}, deps: Partial<CollectorDeps> = {}): Promise<Rig> {
  const log = new FakeLog();
  const metrics = new FakeMetrics();
  const part = (name: string): object => (settings as Record<string, object | undefined>)[name] ?? {};
  const config = collectorConfig.parse({
    ...settings,
    http: { port: 0, ...part('http') },
    grpc: { port: 0, ...part('grpc') },
  });
  const all = { log: log as unknown as Log, metrics, logger: silentLogger, clock: systemClock, ...deps };
  const collector = createCollector(config, all);
  await collector.start(never);
  running.push(collector);
  return { collector, log, metrics };
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export type Send = RequestOptions & {
  readonly path?: string;
  readonly body?: Uint8Array | string | readonly Uint8Array[];
};

/** A list of bodies is sent in chunks, without a length. */
export function send(rig: Rig, options: Send): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { body, path = '/v1/traces', ...rest } = options;
    const request = httpRequest(new URL(path, rig.collector.url), { method: 'POST', ...rest }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    if (Array.isArray(body)) for (const chunk of body as Uint8Array[]) request.write(chunk);
    else if (body !== undefined) {
      request.setHeader('content-length', Buffer.byteLength(body as string));
      request.write(body);
    }
    request.end();
  });
}

/** Code and message of a google.rpc.Status in either encoding. */
export function statusOf(reply: Reply): { code: number; message: string } {
  if (reply.headers['content-type'] === 'application/json') return JSON.parse(reply.body.toString()) as never;
  expect(reply.headers['content-type']).toBe('application/x-protobuf');
  const status = { code: 0, message: '' };
  const reader = new WireReader(reply.body);
  while (reader.next()) {
    if (reader.field === 1) status.code = reader.int32();
    else status.message = reader.string();
  }
  return status;
}
