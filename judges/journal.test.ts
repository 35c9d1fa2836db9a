import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BudgetShares } from './budget-shares.js';
import type { RepliedCall, ReservedCall } from './call-entry.js';
import type { JournalEntry } from './journal-entry.js';
import { StateJournal } from './journal.js';
import { clockFrom, DAY, NEVER, newWorld } from './world.test-support.js';

const RETENTION = { retentionMs: 3_600_000 };
const clock = clockFrom(`${DAY}T12:00:00Z`);

/** A journal of its own state, and what it tells. */
function newJournal(patienceMs = 0) {
  const { state } = newWorld();
  const told: JournalEntry[] = [];
  const whole = { dailyMicroUsd: 1_000_000, weeklyMicroUsd: 7_000_000 };
  const budgets = new BudgetShares(whole, state, () => 2);
  const tell = (entry: JournalEntry): Promise<void> => Promise.resolve(void told.push(entry));
  const journal = new StateJournal({ ...RETENTION, patienceMs }, { state, budgets, clock, tell });
  const known = (): unknown => [...state.entries].filter(([key]) => !key.startsWith('learnt/')).sort();
  return { journal, told, state, known };
}

const request = (evalId: string, attempt: number) => ({
  ...{ evalId, vote: 0, attempt, tenant: 'acme', traceId: 't1', provider: 'openai', model: 'm', priceVersion: 'v' },
  ...{ partition: 1, beganAtMs: clock.nowMs(), reservedMicroUsd: 100 },
});

const replyTo = (call: ReservedCall, settledMicroUsd: number): RepliedCall => ({
  ...call,
  ...{ status: 'replied', settledMicroUsd, inputTokens: 1, outputTokens: 1, endedAtMs: call.beganAtMs + 1 },
  reply: { value: { verdict: 'pass' }, model: 'm', inputTokens: 1, outputTokens: 1 },
});

/** What becomes of each of three calls of one evaluation, and whether that gets its verdict. */
const history = fc.array(
  fc.record({
    ends: fc.array(fc.constantFrom('replied' as const, 'lost' as const, 'open' as const), { maxLength: 3 }),
    costs: fc.array(fc.nat(100), { minLength: 3, maxLength: 3 }),
    isDone: fc.boolean(),
  }),
  { maxLength: 6 },
);

describe('what is told of a journal', () => {
  it('makes of another the same, however often and from wherever it is read again', async () => {
    const chunks = fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(history, chunks, async (evaluations, reads) => {
        const one = newJournal();
        for (const [at, { ends, costs, isDone }] of evaluations.entries()) {
          const evalId = `e${at}`;
          for (const [attempt, end] of ends.entries()) {
            const call = await one.journal.reserve(request(evalId, attempt));
            if (call.status === 'exhausted') throw new Error('expected money');
            if (end === 'replied') await one.journal.settle(replyTo(call, costs[attempt] ?? 0));
            if (end === 'lost') await one.journal.recall(call, NEVER);
          }
          if (isDone) await one.journal.finish({ evalId, traceId: 't1', partition: 1, atMs: 5 }, []);
        }
        const other = newJournal();
        const absorb = (from: number, to: number): Promise<void> =>
          other.journal.absorb(one.told.slice(from, to), { partition: 1, offset: to });
        // In order up to the end, with repetitions of what was read in between.
        let read = 0;
        for (const [back, length] of reads) {
          const to = Math.min(one.told.length, read + length);
          await absorb(Math.max(0, read - back), to);
          read = Math.max(read, to);
        }
        await absorb(read, one.told.length);
        await absorb(0, one.told.length);
        expect(other.known()).toEqual(one.known());
        expect(other.journal.learntUpTo(1)).toBe(one.told.length);
      }),
    );
  });

  it('is not counted again by who told it', async () => {
    const { journal, told, known } = newJournal();
    const call = await journal.reserve(request('e1', 0));
    if (call.status === 'exhausted') throw new Error('expected money');
    await journal.absorb(told, { partition: 1, offset: 1 });
    await journal.settle(replyTo(call, 30));
    const before = known();
    await journal.absorb(told, { partition: 1, offset: 2 });
    expect(known()).toEqual(before);
  });

  it('has the charge of a reply that was never told of, once its evaluation is done', async () => {
    const [one, other] = [newJournal(), newJournal()];
    const call = await one.journal.reserve(request('e1', 0));
    if (call.status === 'exhausted') throw new Error('expected money');
    await one.journal.settle(replyTo(call, 30));
    await one.journal.finish({ evalId: 'e1', traceId: 't1', partition: 1, atMs: 5 }, []);
    const [reserved, , done] = one.told;
    await other.journal.absorb([reserved!, done!], { partition: 1, offset: 3 });
    expect(other.state.get(`spent/${DAY}/1`)).toBe('30');
    expect(other.journal.isDone('e1')).toBe(true);
  });

  it('is told without what was replied once that is not needed any more', async () => {
    const { journal, told } = newJournal();
    const call = await journal.reserve(request('e1', 0));
    if (call.status === 'exhausted') throw new Error('expected money');
    await journal.settle(replyTo(call, 30));
    await journal.finish({ evalId: 'e1', traceId: 't1', partition: 1, atMs: 5 }, []);
    expect(JSON.stringify(told.at(-1))).not.toContain('verdict');
  });
});

describe('a call of another judge', () => {
  it('is waited for while it may be in flight, and lost afterwards', async () => {
    const [one, other] = [newJournal(), newJournal(600)];
    await one.journal.reserve(request('e1', 0));
    await other.journal.absorb(one.told, { partition: 1, offset: 1 });
    expect(await other.journal.loseOrphans(new Set([1]))).toEqual([]);
    const recalled = await other.journal.recall({ evalId: 'e1', vote: 0, attempt: 0 }, NEVER);
    expect(recalled?.status).toBe('lost');
  });

  it('that nobody asks for any more is lost with its partition, and no other', async () => {
    const [one, other] = [newJournal(), newJournal(1)];
    await one.journal.reserve(request('e1', 0));
    await other.journal.absorb(one.told, { partition: 1, offset: 1 });
    await clock.sleep(5);
    expect(await other.journal.loseOrphans(new Set([0]))).toEqual([]);
    expect(await other.journal.loseOrphans(new Set([1]))).toMatchObject([{ evalId: 'e1', status: 'lost' }]);
  });
});
