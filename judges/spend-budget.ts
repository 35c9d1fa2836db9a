/** Budget days and weeks that still matter; older ones are forgotten. */
const DAYS_KEPT = 15;
const DAY_MS = 86_400_000;

export interface SpendBudgetOptions {
  readonly dailyMicroUsd: number;
  readonly weeklyMicroUsd: number;
  /** Of how many equal parts of the whole budget this is one; 1 when it is left out. */
  readonly shares?: number;
}

/** The answer to a reservation. Running out of money is expected, so it is a value. */
export type Reservation =
  | { readonly status: 'granted'; readonly day: string }
  | {
      readonly status: 'exhausted';
      readonly period: 'day' | 'week';
      readonly capMicroUsd: number;
      /** Left out for the whole budget. */
      readonly shares?: number;
      readonly resetsAtMs: number;
    };

/**
 * Money in micro-dollars by UTC day, reserved before it is spent. Holds totals only: its owner makes each change durable
 * together with the call that it is for, and hands the totals back after a restart. What was reserved and never settled
 * stays charged.
 */
export interface SpendBudget {
  /**
   * Takes the worst case of a call from today's and this week's budget, or says until when there is none.
   * @throws {RangeError} for an amount that is no money, as all that take one do: it would switch the caps off
   */
  reserve(microUsd: number, nowMs: number): Reservation;
  /** Replaces a reservation by what was charged, on the day that the call began. */
  settle(day: string, reservedMicroUsd: number, actualMicroUsd: number): void;
  /** Charged and reserved of one UTC day, such as `2026-11-21`. */
  spentOn(day: string): number;
  /** Charged and reserved of the week that the instant is in. */
  spentInWeekOf(nowMs: number): number;
  /** Takes over what an earlier process had charged and reserved. */
  restore(day: string, microUsd: number): void;
}

/** An empty budget. */
export function createSpendBudget(options: SpendBudgetOptions): SpendBudget {
  const totals = new Map<string, number>();
  const spentOn = (day: string): number => totals.get(day) ?? 0;
  const spentInWeekOf = (nowMs: number): number =>
    weekDays(nowMs).reduce((sum, dayMs) => sum + spentOn(utcDay(dayMs)), 0);
  const add = (day: string, microUsd: number): void => {
    totals.set(day, spentOn(day) + microUsd);
  };
  return {
    reserve(microUsd, nowMs) {
      const day = utcDay(nowMs);
      checkAmount(microUsd, day);
      const { dailyMicroUsd, weeklyMicroUsd, shares = 1 } = options;
      const share = shares === 1 ? {} : { shares };
      if (spentOn(day) + microUsd > dailyMicroUsd) {
        const resetsAtMs = startOfDay(nowMs) + DAY_MS;
        return { status: 'exhausted', period: 'day', capMicroUsd: dailyMicroUsd, ...share, resetsAtMs };
      }
      if (spentInWeekOf(nowMs) + microUsd > weeklyMicroUsd) {
        const resetsAtMs = startOfWeek(nowMs) + 7 * DAY_MS;
        return { status: 'exhausted', period: 'week', capMicroUsd: weeklyMicroUsd, ...share, resetsAtMs };
      }
      add(day, microUsd);
      for (const old of [...totals.keys()].sort().slice(0, -DAYS_KEPT)) totals.delete(old);
      return { status: 'granted', day };
    },
    settle(day, reservedMicroUsd, actualMicroUsd) {
      checkAmount(reservedMicroUsd, day);
      checkAmount(actualMicroUsd, day);
      add(day, actualMicroUsd - reservedMicroUsd);
    },
    spentOn,
    spentInWeekOf,
    restore(day, microUsd) {
      checkAmount(microUsd, day);
      totals.set(day, microUsd);
    },
  };
}

/** The UTC date of an instant, `YYYY-MM-DD`. */
export function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** True for a day whose total no budget will ask for again. */
export function isForgotten(day: string, nowMs: number): boolean {
  return Date.parse(day) < startOfDay(nowMs) - DAYS_KEPT * DAY_MS;
}

function checkAmount(microUsd: number, day: string): void {
  if (Number.isFinite(microUsd) && microUsd >= 0) return;
  throw new RangeError(
    `expected micro-dollars of ${day} as a finite number of at least 0, got ${microUsd}; nothing is spent on it`,
  );
}

function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

/** Monday, 00:00 UTC. The epoch was a Thursday. */
function startOfWeek(ms: number): number {
  return Math.floor((ms / DAY_MS + 3) / 7) * 7 * DAY_MS - 3 * DAY_MS;
}

function weekDays(ms: number): readonly number[] {
  const monday = startOfWeek(ms);
  return [0, 1, 2, 3, 4, 5, 6].map((day) => monday + day * DAY_MS);
}
