import { describe, expect, it } from 'vitest';
import { paintFor } from '../app/index.js';
import { linePanel, renderLine, renderPanel, type PanelView } from './panel.js';
import { aRelease } from './samples.test-support.js';

const view: PanelView = {
  seed: 1,
  elapsedMs: 65_000,
  stage: 'serving release 1.1',
  served: 3_900,
  planned: 6_000,
  status: {
    spansReceived: 31_250,
    tracesDecided: 3_811,
    tracesSuspected: 40,
    tracesSettled: 60,
    tracesJudged: 275,
    judgementsWaiting: 3,
    spentUsd: 0.21,
    judgeAllUsd: 3.5,
  },
  releases: [aRelease('1.0'), aRelease('1.1', { passRate: 0.87, interval: [0.84, 0.9] })],
};

describe('renderPanel', () => {
  const text = renderPanel(view, paintFor({ isTTY: false }, {}));

  it('shows what came in, what was decided, what it cost against judging all, and each release with its interval', () => {
    for (const part of ['31,250', '3,811', '275', '$0.21', '$3.50 (spent 6.0 %)', '3,900 of 6,000', '01:05']) {
      expect(text).toContain(part);
    }
    expect(text).toMatch(/1\.0 +98\.0 % +96\.0-99\.0 %/);
    expect(text).toMatch(/1\.1 +87\.0 % +84\.0-90\.0 %/);
  });

  it('draws each interval on one scale, with the estimate inside it', () => {
    const [first = '', second = ''] = text.split('\n').filter((line) => line.includes('●'));
    expect(first.indexOf('●')).toBeGreaterThan(second.indexOf('●'));
    expect(second).toMatch(/━+●━+/);
  });

  it('fits 100 columns', () => {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('draws no bar while there is no estimate', () => {
    const releases = [aRelease('1.0', { passRate: null, interval: null })];
    expect(renderPanel({ ...view, releases }, paintFor({ isTTY: false }, {}))).toMatch(/1\.0 +-- +--\n?$/);
  });
});

describe('linePanel', () => {
  it('writes a line at most every five seconds', () => {
    const lines: string[] = [];
    const panel = linePanel({ write: (text) => lines.push(text) });
    for (const elapsedMs of [0, 1_000, 4_999, 5_000, 9_999, 10_000]) panel.show({ ...view, elapsedMs });
    expect(lines.map((line) => line.slice(0, 5))).toEqual(['00:00', '00:05', '00:10']);
    expect(lines[0]).toBe(`${renderLine({ ...view, elapsedMs: 0 })}\n`);
  });
});
