import { createBufferPool, type BufferPool } from '../core/buffer-pool.js';
import { PipelineError } from '../core/errors.js';
import { TENANT_HEADER, type Log, type LogRecord } from '../core/log.js';
import type { Counter } from '../core/metrics.js';
import type { SplitResult } from '../core/otlp/split-request.js';
import type { Encoding, Outcome, Receipt, Refusal } from './answer.js';
import type { CollectorConfig } from './config.js';
import type { Crowding } from './crowding.js';
import type { HeapGuard } from './heap-guard.js';
import type { Hold, InFlight } from './in-flight.js';
import { putRecords } from './put-records.js';
import type { BodyLimits, BodyResult } from './read-body.js';
import type { RefusalLog } from './refusal-log.js';
import type { SignalName } from './signal-names.js';
import type { Signal } from './signals.js';

/** What is counted of one signal: spans, log records or data points. */
export interface SignalCounters {
  readonly accepted?: Counter;
  readonly ignored?: Counter;
  readonly cut?: Counter;
  readonly rejected: Counter;
}

/** Collaborators of the receiver. */
export interface ReceiverDeps {
  readonly log: Pick<Log, 'append'>;
  /** Why the bus would refuse so many bytes now, if it is known before they are read: what is refused then costs little. */
  readonly busRefusal?: ((bytes: number) => string | undefined) | undefined;
  readonly inFlight: InFlight;
  readonly crowding: Crowding;
  readonly heap: HeapGuard;
  readonly counters: Readonly<Record<SignalName, SignalCounters>>;
  readonly refusals: RefusalLog;
  /** In [0, 1). */
  readonly random: () => number;
}

/** A request of one signal, however it came. */
export interface Delivery {
  readonly signal: Signal;
  readonly encoding: Encoding;
  /** Whose spans or log records these are. */
  readonly tenant: string;
  /** Its share of the bytes in flight. Given back by whoever made it. */
  readonly hold: Hold;
  /** Its size as far as it is known, as it came. */
  readonly declaredBytes: number;
  readonly read: (limits: BodyLimits) => Promise<BodyResult>;
}

/** Takes requests, whether they came over HTTP or gRPC: one bound of bytes in flight, one way to the bus. */
export interface Receiver {
  /** The share of a request in the bytes in flight, nothing yet. */
  hold(): Hold;
  /** What a sender is told while there is no room. */
  overloaded(): Refusal;
  /** Resolves when the bus holds all of it. Never rejects: trouble that is not of the sender's making is a 503. */
  receive(delivery: Delivery): Promise<Outcome<Receipt>>;
}

/** What is kept of the memory of bodies and records when nothing uses it. */
const KEPT_BYTES = 16 * 2 ** 20;
/** What a record costs in memory beyond its bytes: its objects here and in the bus's queue. Measured: 1.5 KB. */
const RECORD_OVERHEAD_BYTES = 1536;

/** Reads, splits by trace, and acknowledges once the bus holds all of it. */
export function createReceiver(config: CollectorConfig, deps: ReceiverDeps): Receiver {
  const pool = createBufferPool(KEPT_BYTES);
  const overloaded = (): Refusal =>
    retryLater('expected room for this request, but too many bytes are in flight', deps);
  return {
    hold: () => deps.inFlight.hold(),
    overloaded,
    async receive(delivery) {
      if (deps.heap.isFull()) return { refusal: retryLater('expected free memory, but the heap is nearly full', deps) };
      const refusal = refusedUnread(delivery, config, deps);
      if (refusal !== undefined) return { refusal };
      const leave = deps.crowding.enter(knownBytes(delivery));
      try {
        const admitted = await admit(delivery, { config, pool, overloaded: overloaded() });
        if ('refusal' in admitted) return admitted;
        try {
          return { value: await append(delivery, admitted.value.split, deps) };
        } finally {
          admitted.value.release();
        }
      } catch (error) {
        return { refusal: refusalOf(error, deps) };
      } finally {
        leave();
      }
    },
  };
}

interface Admission {
  readonly config: CollectorConfig;
  readonly pool: BufferPool;
  readonly overloaded: Refusal;
}

/** A request split by trace, its memory to be released once the bus has a copy. */
interface Admitted {
  readonly split: SplitResult;
  readonly release: () => void;
}

async function admit(delivery: Delivery, { config, pool, overloaded }: Admission): Promise<Outcome<Admitted>> {
  const { hold } = delivery;
  const body = await delivery.read({
    maxBytes: config.maxBodyBytes,
    maxInflationRatio: config.maxInflationRatio,
    hold: (bytes) => hold.resize(bytes),
    overloaded,
    pool,
  });
  if ('refusal' in body) return body;
  let admitted: Admitted;
  try {
    admitted = split(body.bytes, delivery, { config, pool });
  } finally {
    body.release();
  }
  const refusal = outgrown(admitted.split, hold, { config, overloaded });
  if (refusal === undefined) return { value: admitted };
  admitted.release();
  return { refusal };
}

function split(bytes: Buffer, delivery: Delivery, { config, pool }: Pick<Admission, 'config' | 'pool'>): Admitted {
  const { signal, encoding, tenant } = delivery;
  let frames: Buffer | undefined;
  const value = signal.split(bytes, encoding, {
    tenant,
    maxBytes: 3 * config.maxBodyBytes,
    maxTraces: config.maxTracesPerRequest,
    items: config.items,
    allocate: (size) => (frames = pool.take(size)),
  });
  return {
    split: value,
    release: () => {
      if (frames !== undefined) pool.give(frames);
    },
  };
}

function outgrown(
  { records }: SplitResult,
  hold: Hold,
  { config, overloaded }: Pick<Admission, 'config' | 'overloaded'>,
): Refusal | undefined {
  let size = RECORD_OVERHEAD_BYTES * records.length;
  for (const record of records) size += record.bytes.length;
  if (size > config.maxInFlightBytes) return neverFits(size, config);
  return hold.resize(size) ? undefined : overloaded;
}

async function append({ signal, tenant }: Delivery, split: SplitResult, deps: ReceiverDeps): Promise<Receipt> {
  const { topic, rejectedField: field } = signal;
  const headers = { [TENANT_HEADER]: tenant };
  let put = { cut: 0, rejected: 0 };
  if (split.records.length > 0) {
    const records = split.records.map(({ key, bytes }): LogRecord => ({ topic, key, value: bytes, headers }));
    put = await putRecords(records, deps.log);
    deps.refusals.took();
  }
  const count = split.rejected + put.rejected;
  const counters = deps.counters[signal.name];
  counters.accepted?.add(split.accepted - put.rejected);
  counters.ignored?.add(split.ignored);
  counters.cut?.add(put.cut);
  counters.rejected.add(count);
  const message = [split.rejectedMessage, tooLargeText(put.rejected)].filter(Boolean).join('; ');
  return { field, count, message, ...(put.rejected > 0 ? { code: 'RECORD_TOO_LARGE' } : {}) };
}

function tooLargeText(count: number): string {
  return count === 0
    ? ''
    : `expected what the bus takes in one record once its longest texts are cut, got ${count} that ${count === 1 ? 'is' : 'are'} larger still`;
}

/** Metrics are not put on the bus, and what is larger than a request may be is refused for that. */
function refusedUnread(
  { signal, declaredBytes }: Delivery,
  { maxBodyBytes }: CollectorConfig,
  deps: ReceiverDeps,
): Refusal | undefined {
  if (signal.name === 'metrics' || !(declaredBytes <= maxBodyBytes)) return undefined;
  const { crowding, busRefusal } = deps;
  const bytes = knownBytes({ declaredBytes });
  // What is under way takes its room first.
  const reason = busRefusal?.(crowding.underwayBytes() + bytes);
  if (reason !== undefined) return refusalOf(new PipelineError('BUS_UNAVAILABLE', reason), deps);
  return crowding.refuses(bytes)
    ? retryLater('expected room for this request, but the bus is full and others were here first', deps)
    : undefined;
}

/** None of a request that does not say how long it is. */
function knownBytes({ declaredBytes }: Pick<Delivery, 'declaredBytes'>): number {
  return Number.isFinite(declaredBytes) ? declaredBytes : 0;
}

/** Sending it again would not help, as room does for others. */
function neverFits(size: number, { maxInFlightBytes }: CollectorConfig): Refusal {
  const message = `expected a request that takes at most ${maxInFlightBytes} bytes of memory once split by trace, got ${size}; send smaller batches, or raise collector.maxInFlightBytes.`;
  return { status: 413, message };
}

function refusalOf(error: unknown, deps: ReceiverDeps): Refusal {
  if (error instanceof PipelineError) {
    if (error.code === 'OTLP_MALFORMED') return { status: 400, message: error.message };
    if (error.code === 'OTLP_TOO_LARGE') return { status: 413, message: error.message };
  }
  deps.refusals.refused(error);
  deps.crowding.busRefused();
  return retryLater('expected the bus to take this request, but it could not', deps);
}

/** Spread over three seconds, so that the senders do not all come back at once. */
function retryLater(problem: string, deps: ReceiverDeps): Refusal {
  const retryAfterSeconds = 1 + Math.floor(deps.random() * 3);
  const message = `${problem}; nothing was acknowledged, send it again after ${retryAfterSeconds} s.`;
  return { status: 503, message, retryAfterSeconds };
}
