import { faultPoint } from '../core/fault-points.js';
import { TENANT_HEADER, type LogRecord } from '../core/log.js';
import type { Spend, Verdict } from '../core/verdict.js';
import { toSpend, type FailedCall, type LostCall, type RepliedCall } from './call-entry.js';
import type { JudgeDeps } from './judge-deps.js';
import type { Journal } from './journal.js';
import type { VerdictCache } from './verdict-cache.js';

/** The way of verdicts and of money to the bus, each told once a process; after a crash once more, under the same key. */
export interface Outlet {
  /**
   * Resolves when the verdict is on the bus and its evaluation is finished in the journal. One without a trace, of a rubric's
   * example, goes to nobody but its caller; what it cost is told all the same.
   *
   * @param how.partition - of the judgement
   * @param how.cacheKey - keeps it under this key, if it is one that is kept
   */
  emit(verdict: Verdict, how: { readonly partition: number; readonly cacheKey?: string }): Promise<void>;
  /** Tells of an ended call at once. Not while the bus is away: it then goes with the verdict. */
  report(call: RepliedCall | FailedCall): Promise<void>;
  reportLost(calls: readonly LostCall[]): Promise<void>;
}

export interface OutletDeps extends Pick<JudgeDeps, 'log' | 'clock' | 'logger' | 'metrics'> {
  readonly journal: Journal;
  readonly cache: VerdictCache;
}

/** An outlet that has told nothing yet. */
export function createOutlet({ log, clock, logger, metrics, journal, cache }: OutletDeps): Outlet {
  const told = new Set<string>();
  const outcomes = metrics.counter('assay_judges_verdicts_total', 'Verdicts, by outcome.', ['outcome']);
  return {
    async emit(verdict, { partition, cacheKey }) {
      const { evalId, traceId } = verdict;
      const spend = spendOf(evalId, journal);
      const untold = spend.filter(({ callId }) => !told.has(callId)).map((row) => toRecord('spend', row));
      const records = traceId === '' ? untold : [...untold, toRecord('verdicts', verdict)];
      if (records.length > 0) await log.append(records);
      for (const { callId } of spend) told.delete(callId);
      faultPoint('judge-after-verdict');
      const finish: Parameters<VerdictCache['keep']>[2] = (entries) =>
        journal.finish({ evalId, traceId, partition, atMs: clock.nowMs() }, entries);
      await (cacheKey === undefined ? finish([]) : cache.keep(cacheKey, verdict, finish));
      outcomes.add(1, { outcome: verdict.outcome });
    },
    async report(call) {
      const row = toSpend(call);
      try {
        await log.append([toRecord('spend', row)]);
        told.add(row.callId);
      } catch (error) {
        logger.warn({ err: error }, 'could not tell of the spend of a call at once, it goes with the verdict');
      }
    },
    async reportLost(calls) {
      if (calls.length > 0) await log.append(calls.map((call) => toRecord('spend', toSpend(call))));
    },
  };
}

function spendOf(evalId: string, journal: Journal): readonly Spend[] {
  return journal.callsOf(evalId).flatMap((call) => (call.status === 'reserved' ? [] : [toSpend(call)]));
}

function toRecord(topic: 'verdicts' | 'spend', row: Verdict | Spend): LogRecord {
  const value = new TextEncoder().encode(JSON.stringify(row));
  return { topic, key: row.traceId, value, headers: { [TENANT_HEADER]: row.tenant } };
}
