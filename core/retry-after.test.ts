import { describe, expect, it } from 'vitest';
import { readRetryAfter } from './retry-after.js';

describe('Retry-After', () => {
  const nowMs = Date.parse('2026-11-21T10:00:00Z');
  it.each([
    ['3', 3_000],
    ['0', 0],
    [' 2.5 ', 2_500],
    ['Sat, 21 Nov 2026 10:00:30 GMT', 30_000],
    ['Sat, 21 Nov 2026 09:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [null, undefined],
  ])('of %j is a wait of %j ms', (value, expected) => {
    expect(readRetryAfter(value, nowMs)).toBe(expected);
  });
});
