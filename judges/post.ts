import type { LogReader } from '../core/log.js';
import { BudgetShares } from './budget-shares.js';
import type { LostCall } from './call-entry.js';
import type { JudgesConfig } from './config.js';
import { createNoCustody, createSoleCustody, SharedCustody, type Custody } from './custody.js';
import { JournalFollower } from './journal-follower.js';
import { toJournalRecord } from './journal-entry.js';
import { StateJournal, type Journal } from './journal.js';
import type { JudgeDeps } from './judge-deps.js';
import type { OffsetTracker } from './offset-tracker.js';

const GROUP = 'judge';

/** What a judge holds: its memory and money, and, once it attends, its place at the bus. */
export interface Post {
  readonly journal: Journal;
  /** Begins to attend, or does not. */
  open(deps: PlaceDeps): Place;
}

export interface PlaceDeps {
  readonly tracker: OffsetTracker;
  readonly stopping: AbortSignal;
  readonly reportLost: (calls: readonly LostCall[]) => Promise<void>;
}

export interface Place {
  readonly custody: Custody;
  /** Of `judgements`; undefined for a judge that attends to nothing. */
  readonly reader: LogReader | undefined;
  close(): Promise<void>;
}

/** Of the only judge, or of one among others. */
export function createPost(options: JudgesConfig, deps: JudgeDeps): Post {
  return deps.shared === undefined ? createSolePost(options, deps) : createSharedPost(options, deps, deps.shared);
}

function createSolePost(options: JudgesConfig, deps: JudgeDeps): Post {
  const { state, clock, log } = deps;
  const budgets = new BudgetShares(budgetOf(options), state);
  return {
    journal: new StateJournal({ ...retentionOf(options), patienceMs: 0 }, { state, clock, budgets }),
    open({ stopping }) {
      const reader = deps.attends === false ? undefined : log.reader('judgements', GROUP);
      return { custody: createSoleCustody(stopping), reader, close: async () => reader?.close() };
    },
  };
}

function createSharedPost(options: JudgesConfig, deps: JudgeDeps, { patienceMs }: { patienceMs: number }): Post {
  const { state, clock, log, logger, random } = deps;
  let shares = 1;
  const journal = new StateJournal(
    { ...retentionOf(options), patienceMs },
    {
      ...{ state, clock },
      budgets: new BudgetShares(budgetOf(options), state, () => shares),
      tell: (entry) => log.append([toJournalRecord(entry)]),
    },
  );
  return {
    journal,
    open({ stopping, tracker, reportLost }) {
      if (deps.attends === false)
        return { custody: createNoCustody(), reader: undefined, close: () => Promise.resolve() };
      const readers = log.readers(['judgements', 'journal'], GROUP);
      const follower = new JournalFollower({ log, logger, journal, stopping, reader: readers.journal });
      const custody = new SharedCustody({
        ...{ log, clock, logger, random, journal, follower, stopping, reportLost },
        reader: readers.judgements,
        shareBy: (partitions) => (shares = partitions),
        onEnded: (partition) => {
          tracker.drop(partition);
        },
      });
      const close = async (): Promise<void> => {
        await Promise.all(Object.values(readers).map((reader) => reader.close()));
      };
      return { custody, reader: readers.judgements, close };
    },
  };
}

function budgetOf({ dailyBudgetUsd, weeklyBudgetUsd }: JudgesConfig): {
  dailyMicroUsd: number;
  weeklyMicroUsd: number;
} {
  return { dailyMicroUsd: Math.round(dailyBudgetUsd * 1e6), weeklyMicroUsd: Math.round(weeklyBudgetUsd * 1e6) };
}

function retentionOf({ journalRetentionHours }: JudgesConfig): { retentionMs: number } {
  return { retentionMs: journalRetentionHours * 3_600_000 };
}
