import { expect, it } from 'vitest';
import { systemClock } from '../../core/clock.js';
import { since } from './since.js';

it.each([
  ['2026-11-01', Date.UTC(2026, 10, 1)],
  ['2026-11-01T06:30:00Z', Date.UTC(2026, 10, 1, 6, 30)],
])('takes %s for a date of UTC', (text, ms) => {
  expect(since(text)).toBe(ms);
});

it('takes a span for so long ago', () => {
  const before = systemClock.nowMs();
  const ms = since('36h');
  expect(ms).toBeGreaterThanOrEqual(before - 36 * 3_600_000);
  expect(ms).toBeLessThanOrEqual(systemClock.nowMs() - 36 * 3_600_000);
});

it.each(['', 'yesterday', '7w', '0d', '2026-13-01', '01.11.2026'])('refuses %j', (text) => {
  expect(() => since(text)).toThrow('expected a span such as 36h or 7d');
});
