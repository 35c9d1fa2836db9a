import type { SpanArchive } from '../core/archive.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/logger.js';
import type { Span } from '../core/span.js';
import type { DecidedTrace } from './decided-index.js';
import { countLog, isFeedback, type CountedLog } from './log-event-hash.js';
import type { OpenTrace } from './open-trace.js';
import { hashSpan, shortHash } from './span-hash.js';

export interface ReadBackDeps {
  readonly archive: SpanArchive;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told when what came earlier is part of the trace again, or could not all be had in time: then nothing of it is. */
  readonly onDone: (trace: OpenTrace) => void;
}

const RETRY_MS = 500;
const CONCURRENCY = 4;

interface Waiting {
  readonly trace: OpenTrace;
  readonly giveUpAtMs: number;
  nextAtMs: number;
}

/** What the store holds of a trace. */
interface Stored {
  readonly spans: readonly Span[];
  readonly logs: readonly CountedLog[];
}

/** Brings the spans and log events of earlier versions back from the store, which may be behind. Waits beside the work, not in its way. */
export class ReadBack {
  readonly #waiting = new Set<Waiting>();
  readonly #reading = new Set<Promise<void>>();

  constructor(
    private readonly options: { readonly archiveWaitMs: number },
    private readonly deps: ReadBackDeps,
  ) {}

  begin(trace: OpenTrace): void {
    const nowMs = this.deps.clock.nowMs();
    if (trace.isUnchanged) {
      trace.readBack = 'whole';
      this.deps.onDone(trace);
    } else {
      this.#waiting.add({ trace, giveUpAtMs: nowMs + this.options.archiveWaitMs, nextAtMs: nowMs });
    }
  }

  /** Starts the reads whose time has come. */
  pump(): void {
    const nowMs = this.deps.clock.nowMs();
    for (const waiting of this.#waiting) {
      if (this.#reading.size >= CONCURRENCY) return;
      if (waiting.nextAtMs > nowMs) continue;
      waiting.nextAtMs = Infinity;
      const reading = this.#read(waiting).finally(() => this.#reading.delete(reading));
      this.#reading.add(reading);
    }
  }

  /** Resolves when no read is in flight. */
  async idle(): Promise<void> {
    await Promise.all(this.#reading);
  }

  async #read(waiting: Waiting): Promise<void> {
    const { trace, giveUpAtMs } = waiting;
    const stored = await this.#ask(trace);
    const isEnough = stored !== undefined && trace.earlier !== undefined && coversEarlier(stored, trace.earlier);
    if (!isEnough && this.deps.clock.nowMs() < giveUpAtMs) {
      waiting.nextAtMs = this.deps.clock.nowMs() + RETRY_MS;
      return;
    }
    if (isEnough) {
      for (const span of stored.spans) trace.take(span);
      for (const log of stored.logs) trace.takeLog(log);
    }
    trace.readBack = isEnough ? 'whole' : 'lacking';
    this.#waiting.delete(waiting);
    this.deps.onDone(trace);
  }

  async #ask({ tenant, traceId }: OpenTrace): Promise<Stored | undefined> {
    const { archive } = this.deps;
    try {
      const [spans, logs] = await Promise.all([archive.spansOf(tenant, traceId), archive.logsOf(tenant, traceId)]);
      return { spans, logs: logs.filter((event) => !isFeedback(event)).map(countLog) };
    } catch (error) {
      this.deps.logger.warn(
        { error, traceId },
        'the store did not answer for the earlier spans of a late trace; it is asked again',
      );
      return undefined;
    }
  }
}

/** By hash where they are known, else by count: what else the store holds already are late spans of the same trace. */
function coversEarlier({ spans, logs }: Stored, earlier: DecidedTrace): boolean {
  if (spans.length < earlier.spanCount || logs.length < earlier.logCount) return false;
  if (earlier.hashes === undefined) return true;
  const held = new Set<number>(logs.map(({ hash }) => shortHash(hash)));
  for (const { spanId, endNs } of spans) {
    held.add(shortHash(hashSpan(spanId, false)));
    if (endNs !== 0n) held.add(shortHash(hashSpan(spanId, true)));
  }
  for (const hash of earlier.hashes) if (!held.has(hash)) return false;
  return true;
}
