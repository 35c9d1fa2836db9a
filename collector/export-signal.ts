import type { IncomingMessage } from 'node:http';
import { PipelineError } from '../core/errors.js';
import { TENANT_HEADER, type Log } from '../core/log.js';
import type { Counter } from '../core/metrics.js';
import type { SplitResult } from '../core/otlp/split-request.js';
import { exportAnswer, refusalAnswer, type Answer, type Encoding, type Refusal } from './answer.js';
import type { CollectorConfig } from './config.js';
import { bodyEncoding, isGzip } from './headers.js';
import type { Hold, InFlight } from './in-flight.js';
import { readBody } from './read-body.js';
import type { RefusalLog } from './refusal-log.js';
import type { Signal } from './signals.js';

/** What is counted of one signal: spans, or log records. */
export interface SignalCounters {
  readonly accepted: Counter;
  readonly ignored?: Counter;
  readonly rejected: Counter;
}

/** Collaborators of the receiver of a signal. */
export interface ExportDeps {
  readonly log: Log;
  readonly inFlight: InFlight;
  readonly counters: SignalCounters;
  readonly refusals: RefusalLog;
  /** In [0, 1). */
  readonly random: () => number;
}

/** What a record costs in memory beyond its bytes: its objects here and in the bus's queue. Measured: 1.5 KB. */
const RECORD_OVERHEAD_BYTES = 1536;

type Outcome<T> = { readonly value: T } | { readonly refusal: Refusal };

/**
 * Handles `POST` of one signal: reads, splits by trace, and acknowledges once the bus holds all of it.
 *
 * Senders drop what is answered 500, so all trouble that is not of their making is a 503.
 */
export function createExport(
  signal: Signal,
  config: CollectorConfig,
  deps: ExportDeps,
): (request: IncomingMessage) => Promise<Answer> {
  return async (request) => {
    const encoding = bodyEncoding(request);
    if ('refusal' in encoding) return refusalAnswer('application/json', encoding.refusal);
    const hold = deps.inFlight.hold();
    try {
      return await receive({ signal, request, encoding: encoding.value, hold, config, deps });
    } catch (error) {
      return refusalAnswer(encoding.value, refusalOf(error, deps));
    } finally {
      hold.release();
    }
  };
}

interface Exchange {
  readonly signal: Signal;
  readonly request: IncomingMessage;
  readonly encoding: Encoding;
  readonly hold: Hold;
  readonly config: CollectorConfig;
  readonly deps: ExportDeps;
}

async function receive(exchange: Exchange): Promise<Answer> {
  const { signal, encoding, config, deps } = exchange;
  // In a function of its own, so that the body can be freed while the bus is waited for.
  const admitted = await admit(exchange);
  if ('refusal' in admitted) return refusalAnswer(encoding, admitted.refusal);
  const { records, accepted, ignored, rejected, rejectedMessage } = admitted.value;
  const { topic, rejectedField } = signal;
  const headers = { [TENANT_HEADER]: config.tenant };
  if (records.length > 0) {
    await deps.log.append(records.map(({ key, bytes }) => ({ topic, key, value: bytes, headers })));
    deps.refusals.took();
  }
  deps.counters.accepted.add(accepted);
  deps.counters.ignored?.add(ignored);
  deps.counters.rejected.add(rejected);
  return exportAnswer(encoding, { field: rejectedField, count: rejected, message: rejectedMessage });
}

async function admit(exchange: Exchange): Promise<Outcome<SplitResult>> {
  const { signal, request, hold, config, deps } = exchange;
  const gzip = isGzip(request);
  if ('refusal' in gzip) return gzip;
  const overloaded = retryLater('expected room for this request, but too many bytes are in flight', deps);
  const body = await readBody(request, {
    gzip: gzip.value,
    maxBytes: config.maxBodyBytes,
    hold: (bytes) => hold.resize(bytes),
    overloaded,
  });
  if ('refusal' in body) return body;
  const bytes = exchange.encoding === 'application/json' ? signal.transcode(body.bytes) : body.bytes;
  const value = signal.split(bytes, {
    tenant: config.tenant,
    maxBytes: 3 * config.maxBodyBytes,
    maxTraces: config.maxTracesPerRequest,
  });
  let size = RECORD_OVERHEAD_BYTES * value.records.length;
  for (const record of value.records) size += record.bytes.length;
  if (size > config.maxInFlightBytes) return { refusal: neverFits(size, config) };
  return hold.resize(size) ? { value } : { refusal: overloaded };
}

/** Sending it again would not help, as room does for others. */
function neverFits(size: number, { maxInFlightBytes }: CollectorConfig): Refusal {
  const message = `expected a request that takes at most ${maxInFlightBytes} bytes of memory once split by trace, got ${size}; send smaller batches, or raise collector.maxInFlightBytes.`;
  return { status: 413, message };
}

function refusalOf(error: unknown, deps: ExportDeps): Refusal {
  if (error instanceof PipelineError) {
    if (error.code === 'OTLP_MALFORMED') return { status: 400, message: error.message };
    if (error.code === 'OTLP_TOO_LARGE') return { status: 413, message: error.message };
  }
  deps.refusals.refused(error);
  return retryLater('expected the bus to take this request, but it could not', deps);
}

/** Retry-After is spread over three seconds, so that the senders do not all come back at once. */
function retryLater(problem: string, deps: ExportDeps): Refusal {
  const seconds = 1 + Math.floor(deps.random() * 3);
  const message = `${problem}; nothing was acknowledged, send it again after ${seconds} s.`;
  return { status: 503, message, headers: { 'retry-after': String(seconds) } };
}
