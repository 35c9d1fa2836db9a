import type { LogRecord } from '../../core/log.js';

/** The records of one call of `append`, and who waits for them. */
export interface Append {
  /** Not acknowledged yet. */
  left: number;
  readonly deadlineMs: number;
  /** True once its caller was answered; what is left of it is not sent any more. */
  isSettled: boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** A record on its way. */
export interface Entry {
  readonly record: LogRecord;
  readonly partition: number;
  readonly append: Append;
}

/** Roughly what Kafka adds to a record, and to each of its headers. */
const RECORD_OVERHEAD_BYTES = 24;

/** What a record takes in a batch before compression; a little more rather than less. */
export function sizeOf({ key, value, headers }: LogRecord): number {
  let bytes = RECORD_OVERHEAD_BYTES + 3 * key.length + value.length;
  for (const [name, text] of Object.entries(headers ?? {})) bytes += 8 + 3 * (name.length + text.length);
  return bytes;
}

/**
 * What waits to be sent, one lane a partition, each in the order it came. A request takes from every lane what fits into one
 * batch: the broker's limit is on a batch, and one send makes one batch a partition.
 */
export class RecordQueue {
  readonly #lanes = new Map<string, Lane>();

  constructor(private readonly maxBatchBytes: number) {}

  push(entry: Entry): void {
    const name = `${entry.record.topic}/${entry.partition}`;
    const lane = this.#lanes.get(name);
    if (lane === undefined) this.#lanes.set(name, { entries: [entry], first: 0 });
    else lane.entries.push(entry);
  }

  /** Those of which something waits and whose time is over by then. */
  expired(byMs: number): ReadonlySet<Append> {
    const appends = new Set<Append>();
    for (const { entries } of this.#lanes.values())
      for (const { append } of entries) if (!append.isSettled && append.deadlineMs < byMs) appends.add(append);
    return appends;
  }

  /** The next of every lane, at least one record each and else at most a batch; empty when nothing waits. */
  take(): readonly Entry[] {
    const taken: Entry[] = [];
    for (const [name, lane] of this.#lanes) {
      this.#takeLane(lane, taken);
      if (lane.first === lane.entries.length) this.#lanes.delete(name);
    }
    return taken;
  }

  #takeLane(lane: Lane, taken: Entry[]): void {
    let bytes = 0;
    for (; lane.first < lane.entries.length; lane.first += 1) {
      const entry = lane.entries[lane.first];
      if (entry === undefined || entry.append.isSettled) continue;
      const size = sizeOf(entry.record);
      if (bytes > 0 && bytes + size > this.maxBatchBytes) break;
      bytes += size;
      taken.push(entry);
    }
    // A lane that never runs empty must not keep what it has sent.
    lane.entries.splice(0, lane.first);
    lane.first = 0;
  }
}

interface Lane {
  readonly entries: Entry[];
  first: number;
}
