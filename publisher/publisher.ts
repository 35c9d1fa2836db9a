import { setMaxListeners } from 'node:events';
import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import { PipelineError } from '../core/errors.js';
import { faultPoint } from '../core/fault-points.js';
import type { Log, LogReader, StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Counter, Gauge, Metrics } from '../core/metrics.js';
import { otlpUrl } from '../core/otlp/endpoint.js';
import type { Fetch } from '../core/post.js';
import type { Verdict } from '../core/verdict.js';
import type { PublisherConfig } from './config.js';
import { encodeVerdicts } from './encode-verdicts.js';
import { parseVerdict } from './parse-verdict.js';
import { send, type Answer, type Target } from './send.js';

/** The consumer group of the publisher. */
export const PUBLISHER_GROUP = 'publish';

const POLL_MS = 60_000;
/** Of records. What is sent is smaller: the votes stay here. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** A receiver that asks for more is asked again all the same. */
const MAX_RETRY_AFTER_MS = 3_600_000;

export interface PublisherOptions extends PublisherConfig {
  readonly endpoint: string;
  /** Of Assay. */
  readonly version: string;
}

export interface PublisherDeps {
  readonly log: Log;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** In [0, 1); for jitter. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

type DropReason = 'refused' | 'partial_success' | 'too_old' | 'unreadable';

/** Verdicts of one request. */
interface Batch {
  readonly items: readonly { readonly verdict: Verdict; readonly acceptedAtMs: number }[];
  /** By partition, the offset behind its last record. */
  readonly ends: ReadonlyMap<number, number>;
}

/**
 * The `publish` role: sends every verdict as an OpenTelemetry event, at least once. The bus is the queue: one batch is in
 * memory, and its offsets are committed when the receiver has taken it or will never take it.
 */
export function createPublisher(options: PublisherOptions, deps: PublisherDeps): Component {
  return new Publisher(options, deps);
}

class Publisher implements Component {
  readonly #options: PublisherOptions;
  readonly #deps: PublisherDeps;
  readonly #target: Target;
  readonly #waiting: Gauge;
  readonly #sent: Counter;
  readonly #retried: Counter;
  readonly #dropped: Counter<'reason'>;
  /** Ends waiting, and makes a failure final until the next start. */
  readonly #stopping = new AbortController();
  /** Ends a request under way. */
  readonly #halted = new AbortController();
  #reader: LogReader | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;

  constructor(options: PublisherOptions, deps: PublisherDeps) {
    const { endpoint, headers, timeoutMs } = options;
    this.#options = options;
    this.#deps = deps;
    this.#target = { url: otlpUrl(endpoint, 'logs'), headers, timeoutMs };
    const { metrics } = deps;
    this.#waiting = metrics.gauge('assay_publisher_waiting_verdicts', 'Verdicts on the bus that are not out yet.');
    this.#sent = metrics.counter('assay_publisher_sent_verdicts_total', 'Verdicts that the receiver took.');
    this.#retried = metrics.counter(
      'assay_publisher_failed_requests_total',
      'Requests without a final answer, to be sent again.',
    );
    this.#dropped = metrics.counter(
      'assay_publisher_dropped_verdicts_total',
      'Verdicts that were not published and will not be. The store has them.',
      ['reason'],
    );
    setMaxListeners(0, this.#stopping.signal, this.#halted.signal);
  }

  async start(): Promise<void> {
    const reader = this.#deps.log.reader('verdicts', PUBLISHER_GROUP);
    this.#reader = reader;
    this.#running = this.#run(reader);
  }

  async stop(signal: AbortSignal): Promise<void> {
    this.#stopping.abort();
    const halt = (): void => {
      this.#halted.abort();
    };
    signal.addEventListener('abort', halt, { once: true });
    if (signal.aborted) halt();
    await this.#running;
    signal.removeEventListener('abort', halt);
    await this.#reader?.close();
    this.#reader = undefined;
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Until told to stop; then what lies on the bus goes out too, as long as the receiver takes it at the first try. */
  async #run(reader: LogReader): Promise<void> {
    let isLast = false;
    while (!isLast) {
      isLast = this.#stopping.signal.aborted;
      const batch = await this.#persist('read verdicts', () => this.#gather(reader));
      if (batch === undefined) return;
      if (batch.ends.size === 0) continue;
      if (!(await this.#deliver(batch))) return;
      const commit = (): Promise<true> => commitAll(reader, batch);
      if ((await this.#persist('commit the verdicts that are out', commit)) === undefined) return;
      isLast = false;
    }
  }

  async #countWaiting(): Promise<void> {
    const lag = await this.#deps.log.lag('verdicts', PUBLISHER_GROUP).catch(() => undefined);
    if (lag !== undefined) this.#waiting.set(lag);
  }

  /** A full batch, or what came within the linger of its first verdict; empty when nothing came. */
  async #gather(reader: LogReader): Promise<Batch> {
    const { maxBatch, lingerMs } = this.#options;
    const stopping = this.#stopping.signal;
    const signal = stopping.aborted ? this.#halted.signal : stopping;
    const limits = { maxRecords: maxBatch, maxBytes: BATCH_BYTES, waitMs: stopping.aborted ? 0 : POLL_MS };
    await this.#countWaiting();
    const first = await reader.poll(limits, signal);
    const maxRecords = maxBatch - first.length;
    const maxBytes = BATCH_BYTES - first.reduce((sum, { value }) => sum + value.length, 0);
    if (first.length === 0 || maxRecords === 0 || maxBytes <= 0) return this.#toBatch(first);
    await this.#deps.clock.sleep(lingerMs, stopping);
    // A failure here must not lose the first ones: the reader is past them already.
    const rest = await reader.poll({ maxRecords, maxBytes, waitMs: 0 }, this.#halted.signal).catch(() => []);
    return this.#toBatch([...first, ...rest]);
  }

  #toBatch(records: readonly StoredRecord[]): Batch {
    const ends = new Map<number, number>();
    const items = records.flatMap((record) => {
      ends.set(record.partition, record.offset + 1);
      try {
        return [{ verdict: parseVerdict(record), acceptedAtMs: record.acceptedAtMs }];
      } catch (error) {
        if (!(error instanceof PipelineError)) throw error;
        this.#drop(1, 'unreadable', error.message);
        return [];
      }
    });
    return { items, ends };
  }

  /** @returns false when it is left for the next start */
  async #deliver(batch: Batch): Promise<boolean> {
    const { clock } = this.#deps;
    let { items } = batch;
    while (items.length > 0) {
      const body = encodeVerdicts(
        items.map(({ verdict }) => verdict),
        this.#options.version,
      );
      const answer = await send(body, this.#target, { ...this.#deps, signal: this.#halted.signal });
      if (answer.status !== 'again') {
        this.#settle(answer, items.length);
        return true;
      }
      this.#failures += 1;
      this.#retried.add(1);
      if (this.#isStopping()) return false;
      const fromMs = clock.nowMs() - this.#options.giveUpAfterMs;
      const young = items.filter(({ acceptedAtMs }) => acceptedAtMs > fromMs);
      if (young.length < items.length) this.#drop(items.length - young.length, 'too_old', answer.reason);
      items = young;
      await this.#backOff(answer, items.length);
      if (this.#isStopping()) return items.length === 0;
    }
    return true;
  }

  #settle(answer: Exclude<Answer, { status: 'again' }>, count: number): void {
    const { logger } = this.#deps;
    this.#failures = 0;
    if (answer.status === 'refused') {
      this.#drop(count, 'refused', answer.reason);
      return;
    }
    const rejected = Math.min(answer.rejected, count);
    this.#sent.add(count - rejected);
    if (rejected > 0) this.#drop(rejected, 'partial_success', answer.message);
    else if (answer.message !== '')
      logger.warn({ said: answer.message }, 'the receiver took the verdicts with a warning');
  }

  async #backOff(answer: Extract<Answer, { status: 'again' }>, inHand: number): Promise<void> {
    const { clock, logger } = this.#deps;
    const askedMs = Math.min(MAX_RETRY_AFTER_MS, answer.retryAfterMs ?? 0);
    const waitMs = Math.round(Math.max(askedMs, this.#jittered()));
    if (inHand > 0)
      logger.warn(
        { reason: answer.reason, verdicts: inHand, failures: this.#failures, waitMs },
        'the receiver did not take the verdicts; nothing is lost, it is tried again',
      );
    await this.#countWaiting();
    await clock.sleep(waitMs, this.#stopping.signal);
  }

  #jittered(): number {
    const { backoffMs, maxBackoffMs } = this.#options;
    const fullMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failures - 1, 20));
    return fullMs * (0.5 + this.#deps.random() / 2);
  }

  #drop(count: number, reason: DropReason, why: string): void {
    this.#dropped.add(count, { reason });
    this.#deps.logger.error(
      { reason, verdicts: count, why },
      'verdicts were not published and will not be; the store has them',
    );
  }

  /** Tries until it works: the bus being away is waited out. @returns undefined when told to stop before it worked */
  async #persist<Result>(what: string, action: () => Promise<Result>): Promise<Result | undefined> {
    const { clock, logger } = this.#deps;
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (this.#stopping.signal.aborted) return undefined;
        this.#failures += 1;
        logger.error({ error, failures: this.#failures }, `could not ${what}, will try again`);
        await clock.sleep(this.#jittered(), this.#stopping.signal);
      }
    }
  }
}

async function commitAll(reader: LogReader, { ends }: Batch): Promise<true> {
  faultPoint('publisher-before-commit');
  for (const [partition, next] of ends) await reader.commit(partition, next);
  return true;
}
