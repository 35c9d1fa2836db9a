import type { Log, LogReader, StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { DecidedIndex, LearntDecision } from './decided-index.js';
import type { Holdings } from './holdings.js';

const LIMITS = { maxRecords: 1_000, maxBytes: 8 * 1024 * 1024, waitMs: 0 };

export interface FollowDeps {
  readonly log: Pick<Log, 'endOffsets'>;
  readonly reader: LogReader;
  readonly index: DecidedIndex;
  readonly holdings: Pick<Holdings, 'isHeld'>;
  readonly logger: Logger;
}

/**
 * Begins to follow these partitions: each from where the index on this machine stands, wherever the group is, since others who
 * had the partition have an index of their own.
 */
export async function takeUpDecisions(partitions: readonly number[], deps: FollowDeps): Promise<void> {
  const { log, reader, index } = deps;
  const [ends, committed] = [await log.endOffsets('decisions'), await reader.committed()];
  // An index of a version that did not write down how far it had read: it was the group's only one.
  const isOld = !index.isEmpty() && !index.hasLearnt();
  const next = new Map<number, number>();
  for (const partition of partitions) {
    const learnt = index.learntUpTo(partition) ?? (isOld ? (committed.get(partition) ?? 0) : 0);
    // Beyond the end: the bus was made anew, and all of it is news.
    next.set(partition, learnt > (ends.get(partition) ?? 0) ? 0 : learnt);
  }
  // Also where nothing was read yet: what comes later is then known to come for the first time.
  await index.learn([], next);
  for (const [partition, offset] of next) reader.seek(partition, offset);
}

/**
 * Reads the decisions topic into the index, up to its end. A decision that was appended just before a crash, here or on another
 * machine, is thereby known before its spans come again.
 */
export async function followDecisions(
  { reader, index, holdings, logger }: FollowDeps,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const polled = await reader.poll(LIMITS, signal);
    // All that lay there has been read.
    if (polled.length === 0) return;
    // A partition that has just come is read from where the group is: what lies before that has to be learnt first.
    const turns = reader.assigned();
    const records = polled.filter(({ partition }) => holdings.isHeld(partition, turns));
    const next = nextOffsets(records);
    await index.learn(
      records.flatMap((record) => parseDecision(record, logger)),
      next,
    );
    for (const [partition, offset] of next) await reader.commit(partition, offset);
  }
}

function parseDecision(record: StoredRecord, logger: Logger): readonly LearntDecision[] {
  try {
    const value = JSON.parse(Buffer.from(record.value).toString()) as Partial<LearntDecision>;
    const { tenant, traceId, version, spanCount, logCount = 0, spanXor, firstSeenMs, decidedAtMs } = value;
    const isDecision = typeof tenant === 'string' && typeof traceId === 'string' && typeof spanXor === 'string';
    if (isDecision && [version, spanCount, logCount, firstSeenMs, decidedAtMs].every(Number.isFinite))
      return [value as LearntDecision];
  } catch {
    // Told below, with what is JSON but no decision.
  }
  const { partition, offset } = record;
  logger.error(
    { partition, offset },
    'expected a decision on the decisions topic, got something else; it is passed by',
  );
  return [];
}

function nextOffsets(records: readonly StoredRecord[]): ReadonlyMap<number, number> {
  return new Map(records.map((record) => [record.partition, record.offset + 1]));
}
