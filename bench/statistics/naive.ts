import type { Cell } from '../../core/cell.js';
import { estimatePassRate, rollingRule, type RuleWindow } from '../../gates/index.js';
import type { Prng } from '../estimates/prng.js';
import { drawBinomial } from './binomial.js';
import { drawCells, mixOf, NO_REGRESSION, type Mix, type Regression, type Traffic } from './traffic.js';

const DAY_MS = 86_400_000;
const BASELINE_DAYS = 14;
const WINDOW_DAYS = 7;
const LONGEST_DAYS = 60;

/** Adversarial cases that are answered in a week, and how often they truly pass, before and after a regression alike. */
const ADVERSARIAL = { perWeek: 50, passRate: 0.92 } as const;

/** On how many days of a year without any change the rule fired, and why. */
export function naiveFalseAlarms(prng: Prng, traffic: Traffic): { readonly byDrop: number; readonly byFloor: number } {
  const mix = mixOf(traffic.judge, NO_REGRESSION);
  const baseline = drawWindow(prng, drawDays(prng, BASELINE_DAYS, { traffic, mix }));
  const days: (readonly Cell[])[] = [];
  let [byDrop, byFloor] = [0, 0];
  let adversarial = drawAdversarial(prng);
  for (let day = 0; day < 365; day += 1) {
    days.push(...drawDays(prng, 1, { traffic, mix }));
    if (days.length > WINDOW_DAYS) days.shift();
    if (day % WINDOW_DAYS === 0) adversarial = drawAdversarial(prng);
    if (days.length < WINDOW_DAYS) continue;
    const { fires, belowFloor } = rollingRule({ baseline, window: { ...toWindow(days), adversarial } });
    if (belowFloor) byFloor += 1;
    else if (fires) byDrop += 1;
  }
  return { byDrop, byFloor };
}

/** @returns bus time in ms from the change to the first day on which the drop fires; a window of good days precedes it */
export function naiveDelayMs(prng: Prng, traffic: Traffic, regression: Regression): number {
  const before = mixOf(traffic.judge, NO_REGRESSION);
  const after = mixOf(traffic.judge, regression);
  const baseline = drawWindow(prng, drawDays(prng, BASELINE_DAYS, { traffic, mix: before }));
  const days = drawDays(prng, WINDOW_DAYS, { traffic, mix: before });
  const { adversarial } = baseline;
  for (let day = 1; day <= LONGEST_DAYS; day += 1) {
    days.shift();
    days.push(...drawDays(prng, 1, { traffic, mix: after }));
    // The same adversarial answers on both sides: what is timed is the drop.
    const window = { ...toWindow(days), ...(adversarial === undefined ? {} : { adversarial }) };
    if (rollingRule({ baseline, window }, { floor: 0 }).fires) return day * DAY_MS;
  }
  return Infinity;
}

function drawDays(prng: Prng, days: number, { traffic, mix }: { traffic: Traffic; mix: Mix }): (readonly Cell[])[] {
  const traces = Math.round(traffic.tracesPerDay);
  return Array.from({ length: days }, () => drawCells(prng, traces, { pi: traffic.pi, mix }));
}

function drawWindow(prng: Prng, days: readonly (readonly Cell[])[]): RuleWindow {
  return { ...toWindow(days), adversarial: drawAdversarial(prng) };
}

function toWindow(days: readonly (readonly Cell[])[]): Pick<RuleWindow, 'production'> {
  const cells = days.flat();
  const traces = cells.reduce((sum, cell) => sum + cell.traces, 0);
  return { production: { passRate: estimatePassRate(cells).passRate ?? 1, traces } };
}

function drawAdversarial(prng: Prng): Required<RuleWindow>['adversarial'] {
  const { perWeek, passRate } = ADVERSARIAL;
  return { passRate: drawBinomial(prng, perWeek, passRate) / perWeek, traces: perWeek };
}
