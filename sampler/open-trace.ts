import type { LogEvent } from '../core/log-event.js';
import type { StoredRecord } from '../core/log.js';
import type { Span } from '../core/span.js';
import type { DecidedTrace } from './decided-index.js';
import type { CountedLog } from './log-event-hash.js';
import type { BusOffset, SourceTopic } from './source-topic.js';
import { hashSpan, hashToHex, shortHash, type Hash64 } from './span-hash.js';

/** What became of a span or log event that was offered to an open trace. */
export type Taken = 'new' | 'duplicate' | 'over';

/** Roots are kept beyond the cap, since they hold question and answer; this many. */
const ROOTS_OVER_CAP = 16;

export interface TraceBounds {
  readonly maxSpansPerTrace: number;
  readonly maxLogEventsPerTrace: number;
}

const NO_LOGS: ReadonlyMap<number, LogEvent> = new Map();

/** A trace that spans are still collected for. Spans are looked at, not read: no attribute becomes an object here. */
export class OpenTrace {
  readonly spans = new Map<string, Span>();
  /** The first record of this trace in each topic and partition that it came in: one of each topic, unless it was wrongly keyed. */
  readonly firstOffsets: BusOffset[] = [];
  /** Where its newest record came from. */
  partition = 0;
  /** Bus time of its first and its newest record that brought something. */
  firstSeenMs = Infinity;
  lastSeenMs = -Infinity;
  bytes = 0;
  /** Spans and log events dropped because there were too many. */
  overflow = 0;
  logOverflow = 0;
  /** Bus time of the next look at it. */
  dueMs = Infinity;
  /** Not to be decided now: the store is being read for its earlier spans. */
  busy = false;
  /** What was counted before late spans or log events came. */
  earlier: DecidedTrace | undefined;
  /** Whether what came earlier is held too; `lacking` when it could not all be had. */
  readBack: 'none' | 'whole' | 'lacking' = 'none';
  /** By hash; made for the first, since most traces have none. */
  #logs: Map<number, LogEvent> | undefined;
  #xorHigh = 0;
  #xorLow = 0;

  constructor(
    readonly tenant: string,
    readonly traceId: string,
    private readonly bounds: TraceBounds,
  ) {}

  /** By 48-bit hash, in the order they came. */
  get logs(): ReadonlyMap<number, LogEvent> {
    return this.#logs ?? NO_LOGS;
  }

  /** A span id counts once; that a span ended replaces what was sent before it ended. */
  take(span: Span): Taken {
    const known = this.spans.get(span.spanId);
    const ended = span.endNs !== 0n;
    if (known !== undefined) {
      if (known.endNs !== 0n || !ended) return 'duplicate';
      this.#flip(hashOf(known));
    } else if (this.spans.size >= this.bounds.maxSpansPerTrace && !this.#keepsRoot(span)) {
      this.overflow += 1;
      return 'over';
    }
    this.#flip(hashOf(span));
    this.spans.set(span.spanId, span);
    return 'new';
  }

  /** Each log event counts once. */
  takeLog({ event, hash }: CountedLog): Taken {
    const key = shortHash(hash);
    const logs = (this.#logs ??= new Map());
    if (logs.has(key)) return 'duplicate';
    if (logs.size >= this.bounds.maxLogEventsPerTrace) {
      this.logOverflow += 1;
      return 'over';
    }
    this.#flip(hash);
    logs.set(key, event);
    return 'new';
  }

  /** Tells that something of it lies in this record, which is not to be forgotten before the trace is. */
  cameIn({ partition, offset }: Pick<StoredRecord, 'partition' | 'offset'>, topic: SourceTopic): void {
    if (!this.firstOffsets.some((first) => first.topic === topic && first.partition === partition))
      this.firstOffsets.push({ topic, partition, offset });
  }

  get spanXor(): string {
    return hashToHex({ high: this.#xorHigh >>> 0, low: this.#xorLow >>> 0 });
  }

  /** Whether it holds exactly what was counted before. */
  get isUnchanged(): boolean {
    const { earlier } = this;
    return (
      earlier?.spanCount === this.spans.size && earlier.logCount === this.logs.size && earlier.spanXor === this.spanXor
    );
  }

  /** 48-bit hashes of its spans and log events. */
  shortHashes(): ReadonlySet<number> {
    const hashes = new Set<number>(this.logs.keys());
    for (const span of this.spans.values()) hashes.add(shortHash(hashOf(span)));
    return hashes;
  }

  #keepsRoot(span: Span): boolean {
    return span.parentSpanId === '' && this.spans.size < this.bounds.maxSpansPerTrace + ROOTS_OVER_CAP;
  }

  #flip({ high, low }: Hash64): void {
    this.#xorHigh ^= high;
    this.#xorLow ^= low;
  }
}

function hashOf(span: Span): Hash64 {
  return hashSpan(span.spanId, span.endNs !== 0n);
}
