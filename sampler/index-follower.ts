import type { Log, LogReader, StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { DecidedIndex, LearntDecision } from './decided-index.js';

/** The consumer group that keeps the index level with the decisions on the bus. */
export const INDEX_GROUP = 'sample-index';

const LIMITS = { maxRecords: 1_000, maxBytes: 8 * 1024 * 1024 };

/** Polls that bring nothing although something is there, before it is left for the next time. */
const MAX_EMPTY_POLLS = 10;

export interface FollowDeps {
  readonly log: Pick<Log, 'lag'>;
  readonly reader: LogReader;
  readonly index: DecidedIndex;
  readonly logger: Logger;
}

/**
 * Reads the decisions topic into the index, up to its end. A decision that was appended just before a crash is thereby
 * known before its spans come again.
 */
export async function followDecisions({ log, reader, index, logger }: FollowDeps, signal: AbortSignal): Promise<void> {
  let emptyPolls = 0;
  while (!signal.aborted && emptyPolls < MAX_EMPTY_POLLS && (await log.lag('decisions', INDEX_GROUP)) > 0) {
    const records = await reader.poll({ ...LIMITS, waitMs: 1_000 }, signal);
    if (records.length === 0) emptyPolls += 1;
    await index.learn(records.flatMap((record) => parseDecision(record, logger)));
    for (const [partition, next] of nextOffsets(records)) await reader.commit(partition, next);
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
