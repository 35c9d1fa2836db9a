import { describe, expect, it } from 'vitest';
import { buildDemoReport, type DemoReport } from './demo-report.js';
import { aRelease, aReport } from './samples.test-support.js';
import { checkSeeds, renderSeeds } from './seed-checks.js';

function result(seed: number, { isApart = true, all = 97, usd = 0.06 } = {}): DemoReport {
  const report = aReport(aRelease('1.0'), aRelease('1.1', { interval: isApart ? [0.85, 0.91] : [0.85, 0.97] }));
  return buildDemoReport({
    report: { ...report, spend: { ...report.spend, usd } },
    shadow: new Map([
      ['1.0', { passed: all, failed: 100 - all, unresolved: 0 }],
      ['1.1', { passed: 88, failed: 12, unresolved: 0 }],
    ]),
    truth: new Map(),
    seed,
    tracesPerRelease: 100,
    dataDirectory: '',
    commands: [],
    durationMs: 0,
    peakRssBytes: 0,
  });
}

const seeds = (change: (seed: number) => Parameters<typeof result>[1]) =>
  Array.from({ length: 21 }, (_, index) => result(index + 1, change(index + 1)));
const held = (reports: readonly DemoReport[]) => checkSeeds(reports, 1).map((check) => check.held);

describe('checkSeeds', () => {
  it('holds when every seed does', () => {
    expect(held(seeds(() => ({})))).toEqual([true, true, true, true, true]);
  });

  it('allows one other seed to overlap, not two, and never the committed one', () => {
    expect(held(seeds((seed) => ({ isApart: seed !== 5 })))).toEqual([true, true, true, true, true]);
    expect(held(seeds((seed) => ({ isApart: seed !== 5 && seed !== 6 })))[1]).toBe(false);
    expect(held(seeds((seed) => ({ isApart: seed !== 1 })))[0]).toBe(false);
  });

  it('allows six intervals of 42 to miss, not seven, and never one of the committed seed', () => {
    const miss = (most: number) => seeds((seed) => ({ all: seed > 1 && seed <= 1 + most ? 50 : 97 }));
    expect(held(miss(6))[3]).toBe(true);
    expect(held(miss(7))[3]).toBe(false);
    expect(held(seeds((seed) => ({ all: seed === 1 ? 50 : 97 })))[2]).toBe(false);
  });

  it('does not hold for a single seed that spends more than a tenth', () => {
    expect(held(seeds((seed) => ({ usd: seed === 9 ? 0.11 : 0.06 })))[4]).toBe(false);
  });

  it('does not hold while seeds are missing', () => {
    expect(held(seeds(() => ({})).slice(0, 20)).slice(1, 4)).toEqual([false, true, false]);
  });
});

describe('renderSeeds', () => {
  it('has a row for each seed and release', () => {
    const text = renderSeeds(
      seeds(() => ({})),
      1,
    );
    expect(text.split('\n').filter((line) => /^\| \d+ \| 1\.[01] \|/.test(line))).toHaveLength(42);
  });
});
