import type { AlarmSubject } from '../../core/alarm.js';

/** Service, release and environment, as far as the subject has them. */
export function nameOf({ service, release, environment }: AlarmSubject): string {
  const where = environment === '' ? '' : ` in ${environment}`;
  return `${[service, release].filter((part) => part !== '').join(' ')}${where}`;
}

/** A ratio as a sentence has it; an estimate may lie a little outside of [0, 1]. */
export function percent(ratio: number): string {
  return `${(100 * Math.min(1, Math.max(0, ratio))).toFixed(1)} %`;
}

/** To four digits that count. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}
