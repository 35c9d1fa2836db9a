import { InvalidArgumentError } from 'commander';
import { systemClock } from '../../core/clock.js';

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A time as a person writes it, in ms since the Unix epoch: so long ago (`36h`, `7d`), or a date, of UTC. */
export function since(text: string): number {
  const ago = /^([1-9]\d{0,4})([mhd])$/.exec(text);
  if (ago !== null) return systemClock.nowMs() - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS];
  const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new InvalidArgumentError('expected a span such as 36h or 7d, or a date such as 2026-11-01.');
  return at;
}
