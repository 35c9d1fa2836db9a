import type { Span } from '../core/span.js';
import type { DecidedTrace } from './decided-index.js';
import { hashSpan, hashToHex, shortHash } from './span-hash.js';

/** What became of a span that was offered to an open trace. */
export type Taken = 'new' | 'duplicate' | 'over';

/** Roots are kept beyond the cap, since they hold question and answer; this many. */
const ROOTS_OVER_CAP = 16;

/** A trace that spans are still collected for. Spans are looked at, not read: no attribute becomes an object here. */
export class OpenTrace {
  readonly spans = new Map<string, Span>();
  /** First offset of this trace in each partition that it came in: one, unless it was wrongly keyed. */
  readonly firstOffsets = new Map<number, number>();
  /** Where its newest record came from. */
  partition = 0;
  /** Bus time of its first and its newest record that brought something. */
  firstSeenMs = Infinity;
  lastSeenMs = -Infinity;
  bytes = 0;
  /** Spans dropped because there were too many. */
  overflow = 0;
  /** Bus time of the next look at it. */
  dueMs = Infinity;
  /** Not to be decided now: the store is being read for its earlier spans. */
  busy = false;
  /** The decision that late spans came after. */
  earlier: DecidedTrace | undefined;
  /** Whether the earlier spans are among the spans; `lacking` when they could not all be had. */
  readBack: 'none' | 'whole' | 'lacking' = 'none';
  #xorHigh = 0;
  #xorLow = 0;

  constructor(
    readonly tenant: string,
    readonly traceId: string,
    private readonly maxSpans: number,
  ) {}

  /** A span id counts once; that a span ended replaces what was sent before it ended. */
  take(span: Span): Taken {
    const known = this.spans.get(span.spanId);
    const ended = span.endNs !== 0n;
    if (known !== undefined) {
      if (known.endNs !== 0n || !ended) return 'duplicate';
      this.#flip(known);
    } else if (this.spans.size >= this.maxSpans && !this.#keepsRoot(span)) {
      this.overflow += 1;
      return 'over';
    }
    this.#flip(span);
    this.spans.set(span.spanId, span);
    return 'new';
  }

  get spanXor(): string {
    return hashToHex({ high: this.#xorHigh >>> 0, low: this.#xorLow >>> 0 });
  }

  /** Whether it holds exactly the spans that were decided before. */
  get isUnchanged(): boolean {
    return this.earlier?.spanCount === this.spans.size && this.earlier.spanXor === this.spanXor;
  }

  /** 48-bit hashes of its spans. */
  shortHashes(): ReadonlySet<number> {
    const hashes = new Set<number>();
    for (const span of this.spans.values()) hashes.add(shortHash(hashSpan(span.spanId, span.endNs !== 0n)));
    return hashes;
  }

  #keepsRoot(span: Span): boolean {
    return span.parentSpanId === '' && this.spans.size < this.maxSpans + ROOTS_OVER_CAP;
  }

  #flip(span: Span): void {
    const { high, low } = hashSpan(span.spanId, span.endNs !== 0n);
    this.#xorHigh ^= high;
    this.#xorLow ^= low;
  }
}
