import type { Clock } from '../core/clock.js';
import { TOPICS, type Topic } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { BusConfig } from './config.js';
import type { DiskSpace } from './disk-space.js';
import type { Environment } from './environment.js';
import type { BusInstruments } from './instruments.js';
import type { BlockMeta, Tables } from './tables.js';

/** Blocks removed in one transaction at most, so that an append never waits long for the write lock. */
const BLOCKS_PER_PASS = 64;
/** Of dead letters no more blocks are kept, so that a sweep need not look at many. */
const MOST_LETTER_BLOCKS = 10_000;
const HOUR_MS = 3_600_000;

/** How often it is swept while the topics are nearly as large as they may become: then somebody is refused, and waits for it. */
const NEARLY_FULL_MS = 100;
const NEARLY_FULL = 0.9;

type Retention = BusConfig['retention'];

export interface RetentionOptions extends Pick<BusConfig, 'minFreeBytes' | 'capacityBytes'> {
  /** Without rules of their own dead letters are removed as any other record is: once all groups have committed them. */
  readonly retention: Omit<Retention, 'deadLetters'> & Partial<Pick<Retention, 'deadLetters'>>;
}

export interface RetentionDeps {
  readonly disk: DiskSpace;
  readonly environment: Environment;
  readonly tables: Tables;
  readonly clock: Clock;
  readonly instruments: BusInstruments;
  readonly logger: Logger;
}

/**
 * One bounded pass: removes the oldest blocks that are too old, or that are over the size, and that every group of their
 * topic has committed. On a disk that is nearly full that is whatever is committed, until there is room in the file for
 * new records. Dead letters go by their own age and size where these are set. The newest block of a topic always stays, because the next offset
 * is read from it.
 *
 * @returns true when the pass was used up, so that there may be more to remove
 */
async function sweepOnce(options: RetentionOptions, deps: RetentionDeps): Promise<boolean> {
  const { environment, tables, clock, instruments } = deps;
  const { retention } = options;
  const choose = (): readonly BlockMeta[] => {
    const surplusBytes = Math.max(tables.sizeBytes() - retention.maxBytes, missingBytes(options, deps));
    const candidates = TOPICS.filter(
      (topic) => topic !== 'dead-letters' || retention.deadLetters === undefined,
    ).flatMap((topic) => removableBlocks(topic, tables));
    const olderThanMs = clock.nowMs() - retention.hours * HOUR_MS;
    return [...oldLetters(options, deps), ...oldestOf(candidates, { olderThanMs, surplusBytes })].slice(
      0,
      BLOCKS_PER_PASS,
    );
  };
  // First without the write lock, which appends wait for.
  tables.refresh();
  if (choose().length === 0) return false;
  const removed = await environment.write({
    apply() {
      const doomed = choose();
      for (const block of doomed) tables.removeBlock(block);
      return doomed;
    },
  });
  for (const { key, firstOffset, endOffset } of removed) {
    instruments.removedRecords.add(endOffset - firstOffset, { topic: key[0] });
  }
  instruments.sizeBytes.set(tables.sizeBytes());
  return removed.length === BLOCKS_PER_PASS;
}

function missingBytes({ minFreeBytes }: RetentionOptions, { disk, tables }: RetentionDeps): number {
  return disk.freeBytes() >= minFreeBytes ? 0 : minFreeBytes - tables.reusableBytes();
}

/** What no group has ever read is kept too: a receiver may run for days before the rest of Assay is installed. */
function removableBlocks(topic: Topic, tables: Tables): readonly BlockMeta[] {
  const committed = tables.groupsOf(topic).map(([, offset]) => offset);
  if (committed.length === 0) return [];
  const limit = Math.min(...committed, tables.newestBlock(topic)?.firstOffset ?? 0);
  return tables.oldestBlocks(topic, BLOCKS_PER_PASS).filter(({ endOffset }) => endOffset <= limit);
}

/** No group reads dead letters, so none holds them back. */
function oldLetters({ retention }: RetentionOptions, { tables, clock }: RetentionDeps): readonly BlockMeta[] {
  if (retention.deadLetters === undefined) return [];
  const { hours, maxBytes } = retention.deadLetters;
  const blocks = tables.oldestBlocks('dead-letters', MOST_LETTER_BLOCKS + BLOCKS_PER_PASS);
  if (blocks.length > MOST_LETTER_BLOCKS) return blocks.slice(0, blocks.length - MOST_LETTER_BLOCKS);
  const surplusBytes = blocks.reduce((sum, { bytes }) => sum + bytes, -maxBytes);
  return oldestOf(blocks.slice(0, -1), { olderThanMs: clock.nowMs() - hours * HOUR_MS, surplusBytes });
}

function oldestOf(
  candidates: readonly BlockMeta[],
  { olderThanMs, surplusBytes }: { readonly olderThanMs: number; readonly surplusBytes: number },
): readonly BlockMeta[] {
  const oldestFirst = [...candidates].sort((a, b) => a.acceptedAtMs - b.acceptedAtMs);
  const chosen: BlockMeta[] = [];
  let surplus = surplusBytes;
  for (const block of oldestFirst) {
    if (chosen.length === BLOCKS_PER_PASS || (block.acceptedAtMs >= olderThanMs && surplus <= 0)) break;
    chosen.push(block);
    surplus -= block.bytes;
  }
  return chosen;
}

/** Sweeps every `sweepIntervalMs` until the signal aborts, and pass after pass while there is more to remove. */
export async function sweepUntil(signal: AbortSignal, options: RetentionOptions, deps: RetentionDeps): Promise<void> {
  const isRunning = (): boolean => !signal.aborted;
  while (isRunning()) {
    await deps.clock.sleep(pauseMs(options, deps.tables), signal);
    try {
      while ((await sweepOnce(options, deps)) && isRunning());
    } catch (error) {
      deps.logger.warn({ error }, 'old records could not be removed from the bus; the next sweep tries again');
    }
  }
}

function pauseMs({ capacityBytes, retention: { sweepIntervalMs } }: RetentionOptions, tables: Tables): number {
  tables.refresh();
  return tables.sizeBytes() < NEARLY_FULL * capacityBytes ? sweepIntervalMs : Math.min(sweepIntervalMs, NEARLY_FULL_MS);
}
