import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSpendBudget } from './spend-budget.js';

const at = (text: string): number => Date.parse(text);
const SATURDAY = at('2026-11-21T12:00:00Z');

describe('createSpendBudget', () => {
  it('grants until the day is used up, and says when it resets', () => {
    const budget = createSpendBudget({ dailyMicroUsd: 1000, weeklyMicroUsd: 7000 });
    expect(budget.reserve(1000, SATURDAY)).toEqual({ status: 'granted', day: '2026-11-21' });
    expect(budget.reserve(1, SATURDAY)).toEqual({
      ...{ status: 'exhausted', period: 'day', capMicroUsd: 1000 },
      resetsAtMs: at('2026-11-22T00:00:00Z'),
    });
    expect(budget.reserve(1, at('2026-11-22T00:00:00Z')).status).toBe('granted');
  });

  it('gives back what a call did not use', () => {
    const budget = createSpendBudget({ dailyMicroUsd: 1000, weeklyMicroUsd: 7000 });
    budget.reserve(900, SATURDAY);
    budget.settle('2026-11-21', 900, 100);
    expect(budget.spentOn('2026-11-21')).toBe(100);
    expect(budget.reserve(900, SATURDAY).status).toBe('granted');
  });

  it('charges a call that crosses midnight to the day it began', () => {
    const budget = createSpendBudget({ dailyMicroUsd: 1000, weeklyMicroUsd: 7000 });
    const began = budget.reserve(800, at('2026-11-21T23:59:59.900Z'));
    expect(began).toEqual({ status: 'granted', day: '2026-11-21' });
    if (began.status === 'granted') budget.settle(began.day, 800, 700);
    expect([budget.spentOn('2026-11-21'), budget.spentOn('2026-11-22')]).toEqual([700, 0]);
    expect(budget.reserve(1000, at('2026-11-22T00:00:01Z')).status).toBe('granted');
  });

  it('stops at the week’s cap, which begins anew on Monday, UTC', () => {
    const budget = createSpendBudget({ dailyMicroUsd: 1000, weeklyMicroUsd: 1500 });
    budget.reserve(1000, at('2026-11-16T00:00:00Z'));
    budget.reserve(500, at('2026-11-22T23:59:59Z'));
    expect(budget.reserve(1, at('2026-11-22T23:59:59Z'))).toEqual({
      ...{ status: 'exhausted', period: 'week', capMicroUsd: 1500 },
      resetsAtMs: at('2026-11-23T00:00:00Z'),
    });
    expect(budget.reserve(1000, at('2026-11-23T00:00:00Z')).status).toBe('granted');
  });

  it('goes on from what an earlier process had spent', () => {
    const budget = createSpendBudget({ dailyMicroUsd: 1000, weeklyMicroUsd: 1200 });
    budget.restore('2026-11-20', 300);
    budget.restore('2026-11-21', 200);
    expect(budget.spentInWeekOf(SATURDAY)).toBe(500);
    expect(budget.reserve(701, SATURDAY)).toMatchObject({ status: 'exhausted', period: 'week' });
    expect(budget.reserve(700, SATURDAY).status).toBe('granted');
  });

  it.each([NaN, Infinity, -Infinity, -1])('takes no %s for money', (amount) => {
    const budget = createSpendBudget({ dailyMicroUsd: 1000, weeklyMicroUsd: 7000 });
    budget.reserve(900, SATURDAY);
    expect(() => budget.reserve(amount, SATURDAY)).toThrow(/finite number of at least 0/);
    expect(() => {
      budget.settle('2026-11-21', 900, amount);
    }).toThrow(/finite number of at least 0/);
    expect(() => {
      budget.settle('2026-11-21', amount, 900);
    }).toThrow(/finite number of at least 0/);
    expect(() => {
      budget.restore('2026-11-21', amount);
    }).toThrow(/finite number of at least 0/);
    expect(budget.spentOn('2026-11-21')).toBe(900);
    expect(budget.reserve(101, SATURDAY).status).toBe('exhausted');
  });

  it('never exceeds a cap, in whatever order calls of many days begin and end', () => {
    const step = fc.record({
      amount: fc.integer({ min: 0, max: 400 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      waitH: fc.nat(20),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.infiniteStream(fc.nat()), (steps, picks) => {
        const budget = createSpendBudget({ dailyMicroUsd: 1000, weeklyMicroUsd: 3000 });
        const open: { day: string; reserved: number; actual: number }[] = [];
        let nowMs = SATURDAY;
        for (const { amount, share, waitH } of steps) {
          const answer = budget.reserve(amount, nowMs);
          if (answer.status === 'granted')
            open.push({ day: answer.day, reserved: amount, actual: Math.floor(amount * share) });
          const [ended] =
            (picks.next().value ?? 0) % 2 === 0 ? open.splice((picks.next().value ?? 0) % (open.length + 1), 1) : [];
          if (ended) budget.settle(ended.day, ended.reserved, ended.actual);
          expect(budget.spentOn(new Date(nowMs).toISOString().slice(0, 10))).toBeLessThanOrEqual(1000);
          expect(budget.spentInWeekOf(nowMs)).toBeLessThanOrEqual(3000);
          nowMs += waitH * 3_600_000;
        }
      }),
      { seed: 17, numRuns: 300 },
    );
  });
});
