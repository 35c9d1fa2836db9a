import type { Decision } from '../core/decision.js';
import type { State } from '../core/state.js';

/** What is remembered of a decided trace, to tell what was redelivered from what is late. */
export interface DecidedTrace {
  /** 0 for log events whose spans never came: nothing was decided, but spans that come late find them in the store. */
  readonly version: number;
  readonly spanCount: number;
  readonly logCount: number;
  /** Exclusive or of the 64-bit hashes of spans and log events, 16 hex digits. */
  readonly spanXor: string;
  /** Bus time in ms. */
  readonly firstSeenMs: number;
  readonly decidedAtMs: number;
  /** 48-bit hashes of spans and log events; absent for large traces, and for entries rebuilt from the decisions topic. */
  readonly hashes?: ReadonlySet<number>;
}

export interface TraceKey {
  readonly tenant: string;
  readonly traceId: string;
}

/** Hashes are kept of up to this many spans and log events: at most 4 KB an entry. */
const MAX_HASHES = 512;
const HASH_BYTES = 6;
const PREFIX = 'decided/';
/** By partition of the decisions topic: the first offset that was not learnt. */
const LEARNT = 'learnt/';
const HOUR_MS = 3_600_000;

/** One entry on disk. Short keys: there is one for each trace of two days. */
interface Stored {
  readonly v: number;
  readonly n: number;
  readonly x: string;
  readonly f: number;
  readonly d: number;
  readonly h?: string;
  /** Log events; left out when there are none, as in entries that were written before they were counted. */
  readonly l?: number;
}

/**
 * Index of decided traces in durable state.
 *
 * Small traces keep a hash of each span and log event, so one that is redelivered is dropped as it comes. Where there are
 * none, a set is compared by count and exclusive or, and if that does not settle it, with what the store holds.
 */
export class DecidedIndex {
  #walk: Iterator<readonly [string, string]> | undefined;

  constructor(private readonly state: State) {}

  find(key: TraceKey): DecidedTrace | undefined {
    const text = this.state.get(keyOf(key));
    return text === undefined ? undefined : fromStored(JSON.parse(text) as Stored);
  }

  /** Visible to `find` at once; resolves when durable. */
  async put(entries: readonly (readonly [key: TraceKey, entry: DecidedTrace])[]): Promise<void> {
    if (entries.length === 0) return;
    await this.state.put(toEntries(entries));
  }

  /** The first offset of this partition of the decisions topic that was not learnt; undefined when none ever was. */
  learntUpTo(partition: number): number | undefined {
    const text = this.state.get(`${LEARNT}${partition}`);
    return text === undefined ? undefined : Number(text);
  }

  /** Whether it was ever written down here how far a partition was learnt. */
  hasLearnt(): boolean {
    return this.state.range(LEARNT)[Symbol.iterator]().next().done !== true;
  }

  isEmpty(): boolean {
    return this.state.range(PREFIX)[Symbol.iterator]().next().done === true;
  }

  /**
   * Adds what decisions on the bus say and the index does not know: their hashes are unknown.
   * @param next - by partition, one past the newest of them
   */
  async learn(decisions: readonly LearntDecision[], next: ReadonlyMap<number, number>): Promise<void> {
    const newest = new Map<string, readonly [TraceKey, DecidedTrace]>();
    for (const decision of decisions) {
      const known = newest.get(keyOf(decision))?.[1] ?? this.find(decision);
      if (known !== undefined && known.version >= decision.version) continue;
      const { version, spanCount, logCount = 0, spanXor, firstSeenMs, decidedAtMs } = decision;
      newest.set(keyOf(decision), [decision, { version, spanCount, logCount, spanXor, firstSeenMs, decidedAtMs }]);
    }
    await this.state.put([
      ...toEntries([...newest.values()]),
      ...[...next].map(([partition, offset]) => [`${LEARNT}${partition}`, String(offset)] as const),
    ]);
  }

  /**
   * Looks at the next few entries and forgets those that are too old; from the start again after the last.
   *
   * @param nowMs - bus time
   * @param limits.entries - how many to look at, which bounds how long this takes
   */
  async sweep(nowMs: number, limits: { readonly entries: number; readonly hours: number }): Promise<void> {
    const oldestMs = nowMs - limits.hours * HOUR_MS;
    const expired: string[] = [];
    this.#walk ??= this.state.range(PREFIX)[Symbol.iterator]();
    for (let looked = 0; looked < limits.entries; looked += 1) {
      const next = this.#walk.next();
      if (next.done === true) {
        this.#walk = undefined;
        break;
      }
      const [key, text] = next.value;
      if ((JSON.parse(text) as Stored).d < oldestMs) expired.push(key);
    }
    if (expired.length > 0) await this.state.delete(expired);
  }
}

/** What the index takes from a decision. */
export type LearntDecision = Pick<
  Decision,
  'tenant' | 'traceId' | 'version' | 'spanCount' | 'spanXor' | 'firstSeenMs' | 'decidedAtMs'
> &
  // Missing in decisions that were written before log events were counted.
  Partial<Pick<Decision, 'logCount'>>;

function toEntries(
  entries: readonly (readonly [key: TraceKey, entry: DecidedTrace])[],
): readonly (readonly [key: string, value: string])[] {
  return entries.map(([key, entry]) => [keyOf(key), JSON.stringify(toStored(entry))] as const);
}

function keyOf({ tenant, traceId }: TraceKey): string {
  return `${PREFIX}${traceId}/${tenant}`;
}

function toStored({ version, spanCount, logCount, spanXor, firstSeenMs, decidedAtMs, hashes }: DecidedTrace): Stored {
  const spans = { v: version, n: spanCount, x: spanXor, f: firstSeenMs, d: decidedAtMs };
  const base = logCount === 0 ? spans : { ...spans, l: logCount };
  return hashes === undefined || hashes.size > MAX_HASHES ? base : { ...base, h: packHashes(hashes) };
}

function fromStored({ v, n, x, f, d, h, l = 0 }: Stored): DecidedTrace {
  const base = { version: v, spanCount: n, logCount: l, spanXor: x, firstSeenMs: f, decidedAtMs: d };
  return h === undefined ? base : { ...base, hashes: unpackHashes(h) };
}

function packHashes(hashes: ReadonlySet<number>): string {
  const bytes = Buffer.alloc(hashes.size * HASH_BYTES);
  let at = 0;
  for (const hash of hashes) at = bytes.writeUIntBE(hash, at, HASH_BYTES);
  return bytes.toString('base64');
}

function unpackHashes(text: string): ReadonlySet<number> {
  const bytes = Buffer.from(text, 'base64');
  const hashes = new Set<number>();
  for (let at = 0; at + HASH_BYTES <= bytes.length; at += HASH_BYTES) hashes.add(bytes.readUIntBE(at, HASH_BYTES));
  return hashes;
}
