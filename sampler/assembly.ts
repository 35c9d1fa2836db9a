import type { StoredRecord } from '../core/log.js';
import { TENANT_HEADER } from '../core/log.js';
import type { Span } from '../core/span.js';
import { assess } from './assess.js';
import type { SamplerConfig } from './config.js';
import type { DecidedIndex, DecidedTrace } from './decided-index.js';
import type { SamplerMetrics } from './sampler-metrics.js';
import { OpenTrace } from './open-trace.js';
import { PartitionClock } from './partition-clock.js';
import { hashSpan, shortHash } from './span-hash.js';

/** An open trace whose time has come. */
export interface DueTrace {
  readonly trace: OpenTrace;
  readonly complete: boolean;
  readonly completeness: string;
  /** Bus time in ms. */
  readonly atMs: number;
}

export interface AssemblyDeps {
  readonly index: Pick<DecidedIndex, 'find'>;
  readonly metrics: SamplerMetrics;
}

/** Objects around the bytes of a span. */
const SPAN_OVERHEAD_BYTES = 400;

/** What a span that was read back is taken to hold. */
const READ_SPAN_BYTES = 2_500;

/** What a batch of spans of one trace is taken from. */
interface Arrival {
  readonly record: StoredRecord;
  readonly bytesPerSpan: number;
}

/**
 * Collects spans into traces. Does no input or output but look-ups in the index; what it holds is lost at a crash and read
 * again from the first offset of the oldest open trace.
 */
export class Assembly {
  readonly clock = new PartitionClock();
  /** By trace id and tenant, oldest first. */
  readonly #open = new Map<string, OpenTrace>();
  readonly #nextOffsets = new Map<number, number>();
  #bytes = 0;

  constructor(
    private readonly options: SamplerConfig,
    private readonly deps: AssemblyDeps,
  ) {}

  get openTraces(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size > this.options.maxOpenTraces || this.#bytes > this.options.maxOpenBytes;
  }

  /**
   * Takes the spans of one record, which may also be none.
   * @param nowMs - our own clock
   */
  take(record: StoredRecord, spans: readonly Span[], nowMs: number): void {
    this.clock.saw(record, nowMs);
    this.#nextOffsets.set(record.partition, record.offset + 1);
    const arrival = { record, bytesPerSpan: record.value.length / Math.max(1, spans.length) + SPAN_OVERHEAD_BYTES };
    const tenant = record.headers[TENANT_HEADER] ?? '';
    for (const [traceId, ofTrace] of byTrace(spans)) this.#takeTrace({ tenant, traceId }, ofTrace, arrival);
  }

  /** Traces to decide, and traces to read back first: with these the caller clears `busy` when it is done. */
  due(): { readonly decide: readonly DueTrace[]; readonly readBack: readonly OpenTrace[] } {
    const decide: DueTrace[] = this.#evict();
    const readBack: OpenTrace[] = [];
    for (const trace of this.#open.values()) {
      const atMs = this.clock.nowMs(trace.partition);
      if (trace.busy || trace.dueMs > atMs) continue;
      if (trace.earlier !== undefined && trace.readBack === 'none') {
        trace.busy = true;
        readBack.push(trace);
        continue;
      }
      const assessment = assess(trace, this.options, atMs);
      if (assessment.status === 'wait') trace.dueMs = assessment.untilMs;
      else decide.push({ trace, ...assessment, atMs });
    }
    return { decide, readBack };
  }

  /**
   * A trace whose earlier spans were added is looked at again at once. One whose earlier spans could not be had keeps the
   * decision that it has: late spans alone are a fragment, and a worse ground than what was decided on.
   */
  readBackDone(trace: OpenTrace): void {
    trace.busy = false;
    trace.dueMs = -Infinity;
    if (this.#open.get(keyOf(trace)) !== trace) return;
    if (trace.readBack === 'lacking') {
      this.#ignore(trace);
      return;
    }
    const readBytes = (trace.earlier?.spanCount ?? 0) * READ_SPAN_BYTES;
    trace.bytes += readBytes;
    this.#bytes += readBytes;
  }

  /** Lets go of a trace: it was decided, or brought nothing new. */
  forget(trace: OpenTrace): void {
    const key = keyOf(trace);
    if (this.#open.get(key) !== trace) return;
    this.#open.delete(key);
    this.#bytes -= trace.bytes;
  }

  /** Per partition the first offset that is still needed: of the oldest open trace, else one past the newest record. */
  firstNeededOffsets(): ReadonlyMap<number, number> {
    const offsets = new Map(this.#nextOffsets);
    for (const trace of this.#open.values())
      for (const [partition, offset] of trace.firstOffsets)
        if (offset < (offsets.get(partition) ?? Infinity)) offsets.set(partition, offset);
    return offsets;
  }

  #takeTrace(
    key: { readonly tenant: string; readonly traceId: string },
    spans: readonly Span[],
    arrival: Arrival,
  ): void {
    const known = this.#open.get(keyOf(key));
    const earlier = known === undefined ? this.deps.index.find(key) : known.earlier;
    const news = earlier === undefined ? spans : this.#newSince(earlier, spans);
    if (news.length === 0) return;
    if (earlier !== undefined && this.#isClosed(earlier)) {
      if (earlier.hashes === undefined) this.#countRedelivered(news.length);
      else this.deps.metrics.lateSpansIgnored.add(news.length);
      return;
    }
    const trace = known ?? this.#openTrace(key, earlier);
    this.#add(trace, news, arrival);
  }

  /** No further version: there were enough, or it had more spans than are kept. */
  #isClosed(earlier: DecidedTrace): boolean {
    return earlier.version >= this.options.maxVersions || earlier.spanCount >= this.options.maxSpansPerTrace;
  }

  /** Without hashes nothing can be told yet: the set is compared as a whole once it is quiet. */
  #newSince(earlier: DecidedTrace, spans: readonly Span[]): readonly Span[] {
    const { hashes } = earlier;
    if (hashes === undefined) return spans;
    const news = spans.filter(({ spanId, endNs }) => {
      if (hashes.has(shortHash(hashSpan(spanId, true)))) return false;
      return endNs !== 0n || !hashes.has(shortHash(hashSpan(spanId, false)));
    });
    this.#countRedelivered(spans.length - news.length);
    return news;
  }

  #openTrace(
    { tenant, traceId }: { readonly tenant: string; readonly traceId: string },
    earlier: DecidedTrace | undefined,
  ): OpenTrace {
    const trace = new OpenTrace(tenant, traceId, this.options.maxSpansPerTrace);
    trace.earlier = earlier;
    this.#open.set(keyOf(trace), trace);
    return trace;
  }

  #add(trace: OpenTrace, spans: readonly Span[], { record, bytesPerSpan }: Arrival): void {
    if (!trace.firstOffsets.has(record.partition)) trace.firstOffsets.set(record.partition, record.offset);
    let added = 0;
    let duplicates = 0;
    for (const span of spans) {
      const taken = trace.take(span);
      if (taken === 'new') added += 1;
      else if (taken === 'duplicate') duplicates += 1;
    }
    this.#countRedelivered(duplicates);
    if (added === 0) return;
    trace.bytes += added * bytesPerSpan;
    this.#bytes += added * bytesPerSpan;
    trace.partition = record.partition;
    trace.firstSeenMs = Math.min(trace.firstSeenMs, record.acceptedAtMs);
    trace.lastSeenMs = Math.max(trace.lastSeenMs, record.acceptedAtMs);
    const { quietMs, deadlineMs } = this.options;
    trace.dueMs = Math.min(trace.lastSeenMs + quietMs, trace.firstSeenMs + deadlineMs);
  }

  /** The oldest go first. One that late spans came to keeps the decision that it has. */
  #evict(): DueTrace[] {
    const evicted: DueTrace[] = [];
    let traces = this.#open.size;
    let bytes = this.#bytes;
    for (const trace of this.#open.values()) {
      if (traces <= this.options.maxOpenTraces && bytes <= this.options.maxOpenBytes) break;
      traces -= 1;
      bytes -= trace.bytes;
      this.deps.metrics.evicted.add(1);
      if (trace.earlier !== undefined && trace.readBack === 'none') {
        this.#ignore(trace);
        continue;
      }
      // Not due again while it is being decided; it leaves with the effects of its decision.
      trace.dueMs = Infinity;
      evicted.push({
        trace,
        complete: false,
        completeness:
          'evicted to bound memory before it was whole; raise sampler.maxOpenTraces or sampler.maxOpenBytes',
        atMs: this.clock.nowMs(trace.partition),
      });
    }
    return evicted;
  }

  #ignore(trace: OpenTrace): void {
    this.deps.metrics.lateSpansIgnored.add(trace.spans.size);
    this.forget(trace);
  }

  #countRedelivered(spans: number): void {
    if (spans > 0) this.deps.metrics.redelivered.add(spans);
  }
}

function keyOf({ tenant, traceId }: { readonly tenant: string; readonly traceId: string }): string {
  return `${traceId}/${tenant}`;
}

/** A record holds spans of one trace, but for what others than Assay wrote. */
function byTrace(spans: readonly Span[]): ReadonlyMap<string, readonly Span[]> {
  const first = spans[0];
  if (first === undefined) return new Map();
  if (spans.every((span) => span.traceId === first.traceId)) return new Map([[first.traceId, spans]]);
  const traces = new Map<string, Span[]>();
  for (const span of spans) {
    const ofTrace = traces.get(span.traceId);
    if (ofTrace === undefined) traces.set(span.traceId, [span]);
    else ofTrace.push(span);
  }
  return traces;
}
