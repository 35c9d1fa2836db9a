import { describe, expect, it } from 'vitest';
import type { Report } from '../app/index.js';
import { paintFor } from '../app/index.js';
import { buildDemoReport, type DemoReport } from './demo-report.js';
import { renderDemoReport } from './render-report.js';
import { aRelease, aReport } from './samples.test-support.js';

function build(report: Report, allPassed = 97): DemoReport {
  return buildDemoReport({
    report,
    shadow: new Map([
      ['1.0', { passed: allPassed, failed: 100 - allPassed, unresolved: 0 }],
      ['1.1', { passed: 88, failed: 11, unresolved: 1 }],
    ]),
    truth: new Map([
      ['1.0', { served: 100, passed: 100 }],
      ['1.1', { served: 100, passed: 89 }],
    ]),
    seed: 1,
    tracesPerRelease: 100,
    dataDirectory: './.assay',
    commands: ['npx assay why abc', 'npx assay traces --failed', 'npx assay report'],
    durationMs: 1_000,
    peakRssBytes: 1,
  });
}

const apart = aReport(aRelease('1.0'), aRelease('1.1', { passRate: 0.88, interval: [0.85, 0.91], naiveMean: 0.4 }));

describe('buildDemoReport', () => {
  it('puts estimate, judging everything, truth and plain mean of each release side by side', () => {
    const report = build(apart);
    expect(report.releases[0]).toMatchObject({ passRate: 0.98, judgeAllRate: 0.97, trueRate: 1, plainMean: 0.7 });
    expect(report.releases[1]).toMatchObject({ judgeAllRate: 88 / 99, trueRate: 0.89, plainMean: 0.4 });
    expect(report.separated).toBe(true);
  });

  it('says that an interval which misses what judging everything says does so', () => {
    expect(build(apart, 97).releases[0]?.intervalHoldsJudgeAll).toBe(true);
    expect(build(apart, 95).releases[0]?.intervalHoldsJudgeAll).toBe(false);
    expect(build(aReport(aRelease('1.0', { interval: null }))).releases[0]?.intervalHoldsJudgeAll).toBe(false);
  });

  it('does not call overlapping intervals separated', () => {
    expect(build(aReport(aRelease('1.0'), aRelease('1.1', { interval: [0.9, 0.96] }))).separated).toBe(false);
    expect(build(aReport(aRelease('1.0'))).separated).toBe(false);
  });

  it('counts spend in money and in calls against three votes on every trace', () => {
    expect(build(apart).spend).toMatchObject({ share: 0.06, callShare: 0.1 });
  });
});

describe('renderDemoReport', () => {
  const paint = paintFor({ isTTY: false }, {});

  it('says that the model is scripted, which release is worse, what it cost and what to try', () => {
    const text = renderDemoReport(build(apart), paint);
    expect(text).toContain('played by a scripted model (seed 1)');
    expect(text).toContain('Release 1.1 is worse than 1.0: their intervals do not overlap.');
    expect(text).toContain('6.0 % of the $1.00');
    expect(text).toContain('  npx assay why abc\n  npx assay traces --failed\n  npx assay report');
    expect(text).toContain('The data lies in ./.assay');
  });

  it('has no colour codes where there is no terminal, and fits 120 columns', () => {
    const text = renderDemoReport(build(apart), paint);
    expect(text).not.toContain('\u001b');
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });

  it('does not claim a difference when the intervals overlap', () => {
    const text = renderDemoReport(build(aReport(aRelease('1.0'), aRelease('1.1', { interval: [0.9, 0.97] }))), paint);
    expect(text).toContain('overlap: too few traces');
    expect(text).not.toContain('worse');
  });
});
