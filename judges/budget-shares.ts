import type { State } from '../core/state.js';
import { createSpendBudget, isForgotten, utcDay, type SpendBudget, type SpendBudgetOptions } from './spend-budget.js';

const SPENT = 'spent/';

/** What a budget is divided by: 1 for the only judge, else the partitions of `judgements`. */
export type ShareCount = () => number;

/**
 * The budget, a part for each partition of `judgements`. Whoever has a partition spends its part, and nobody else does, so that
 * judges need not ask each other. A total is durable only once its owner has written what {@link BudgetShares.entryOf} gives.
 */
export class BudgetShares {
  readonly #parts = new Map<number, SpendBudget>();
  readonly #caps: SpendBudgetOptions;

  /** @param shares - left out for the only judge, whose totals are those of no partition */
  constructor(
    whole: Pick<SpendBudgetOptions, 'dailyMicroUsd' | 'weeklyMicroUsd'>,
    private readonly state: State,
    private readonly shares?: ShareCount,
  ) {
    const of = (microUsd: number): number => Math.floor(microUsd / (shares?.() ?? 1));
    this.#caps = {
      get dailyMicroUsd() {
        return of(whole.dailyMicroUsd);
      },
      get weeklyMicroUsd() {
        return of(whole.weeklyMicroUsd);
      },
      get shares() {
        return shares?.() ?? 1;
      },
    };
  }

  /** With what was spent in it before. */
  of(partition: number): SpendBudget {
    const known = this.#parts.get(partition);
    if (known !== undefined) return known;
    const part = createSpendBudget(this.#caps);
    for (const [key, text] of this.state.range(SPENT)) {
      const day = key.slice(SPENT.length).slice(0, DAY_CHARS);
      if (key === this.#key(partition, day)) part.restore(day, Number(text));
    }
    this.#parts.set(partition, part);
    return part;
  }

  /** The total of a day, as it is written together with what changed it. */
  entryOf(partition: number, day: string): readonly [key: string, value: string] {
    return [this.#key(partition, day), String(this.of(partition).spentOn(day))];
  }

  /** Totals that nobody will ask for again. */
  outdatedKeys(nowMs: number): readonly string[] {
    return [...this.state.range(SPENT)]
      .map(([key]) => key)
      .filter((key) => isForgotten(key.slice(SPENT.length).slice(0, DAY_CHARS), nowMs));
  }

  #key(partition: number, day: string): string {
    return this.shares === undefined ? `${SPENT}${day}` : `${SPENT}${day}/${partition}`;
  }
}

const DAY_CHARS = utcDay(0).length;
