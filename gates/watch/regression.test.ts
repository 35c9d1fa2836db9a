import { describe, expect, it } from 'vitest';
import type { AlarmSubject } from '../../core/alarm.js';
import type { Cell } from '../../core/cell.js';
import { lookForRegressions, type Finding, type SliceNews } from './regression.js';
import type { SliceWatch, WatchOptions } from './slice-watch.js';

const MINUTE_MS = 60_000;
const options: WatchOptions = {
  batchMs: 5 * MINUTE_MS,
  baselineTraces: 1_000,
  falseAlarmsPerYear: 1,
  smallestChangeRatio: 0.0005,
};

function subjectOf(release: string, criterion = 'refund-policy'): AlarmSubject {
  return { tenant: 'acme', service: 'desk', release, environment: 'production', criterion };
}

/** Of a stratum where everything is judged. */
function judged(traces: number, failed: number): Cell {
  return {
    ...{ stratum: 'unsuspected', pi: 1, upstreamWeight: 1 },
    ...{ traces, passed: traces - failed, failed, unanswered: 0 },
  };
}

/** A gate that looks every five minutes. */
class Looks {
  slices: ReadonlyMap<string, SliceWatch> = new Map();
  nowMs = 1_000_000_000;
  readonly #first = new Map<string, number>();

  look(...came: readonly (readonly [subject: AlarmSubject, cell: Cell])[]): readonly Finding[] {
    this.nowMs += 5 * MINUTE_MS;
    const news = came.map(([subject, cell]): SliceNews => {
      const key = JSON.stringify(subject);
      const firstSeenMs = this.#first.get(key) ?? this.nowMs - 1;
      this.#first.set(key, firstSeenMs);
      return { subject, firstSeenMs, news: [cell] };
    });
    const { slices, findings } = lookForRegressions(this.slices, news, { options, nowMs: this.nowMs });
    this.slices = slices;
    return findings;
  }

  /** @returns what the first look that found something found, and how many looks it took */
  until(
    most: number,
    came: () => readonly (readonly [AlarmSubject, Cell])[],
  ): { findings: readonly Finding[]; looks: number } {
    for (let looks = 1; looks <= most; looks += 1) {
      const findings = this.look(...came());
      if (findings.length > 0) return { findings, looks };
    }
    return { findings: [], looks: most };
  }
}

const [good, bad] = [subjectOf('1.0.0'), subjectOf('1.1.0')];

describe('a release that fails more often than the one before it', () => {
  it('is found, named with its criterion and both rates, and found once', () => {
    const looks = new Looks();
    expect(looks.until(10, () => [[good, judged(300, 9)]]).findings).toEqual([]);
    const { findings } = looks.until(20, () => [[bad, judged(100, 15)]]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      state: 'firing',
      rule: 'regression',
      subject: bad,
      details: { baselineRelease: '1.0.0', baselineFailRate: 0.03 },
    });
    expect(findings[0]?.summary).toMatch(
      /^desk 1\.1\.0 in production fails refund-policy in 15\.0 % .* 3\.0 % in 1\.0\.0$/,
    );
    expect(looks.until(10, () => [[bad, judged(100, 15)]]).findings).toEqual([]);
  });

  it('is taken back when another release has its traffic, and not while there is none', () => {
    const looks = new Looks();
    looks.until(10, () => [[good, judged(300, 9)]]);
    looks.until(20, () => [[bad, judged(100, 15)]]);
    expect(looks.until(50, () => []).findings).toEqual([]);
    const { findings } = looks.until(50, () => [[good, judged(300, 9)]]);
    expect(findings).toMatchObject([{ state: 'resolved', subject: bad }]);
  });

  it('fires again when it comes back as bad as it was', () => {
    const looks = new Looks();
    looks.until(10, () => [[good, judged(300, 9)]]);
    looks.until(20, () => [[bad, judged(100, 15)]]);
    looks.until(50, () => [[good, judged(300, 9)]]);
    expect(looks.until(20, () => [[bad, judged(100, 15)]]).findings).toMatchObject([{ state: 'firing', subject: bad }]);
  });

  it('is the baseline of nobody while its incident lasts', () => {
    const looks = new Looks();
    looks.until(10, () => [[good, judged(300, 9)]]);
    looks.until(40, () => [[bad, judged(300, 45)]]);
    looks.until(10, () => [[bad, judged(300, 45)]]);
    const third = subjectOf('1.2.0');
    const { findings } = looks.until(20, () => [[third, judged(100, 15)]]);
    expect(findings).toMatchObject([{ subject: third, details: { baselineRelease: '1.0.0' } }]);
  });
});

it('says nothing of a release that is as good as the one before it, or better', () => {
  const looks = new Looks();
  looks.until(10, () => [[good, judged(300, 9)]]);
  expect(looks.until(200, () => [[bad, judged(300, 9)]]).findings).toEqual([]);
  expect(looks.until(200, () => [[subjectOf('1.2.0'), judged(300, 3)]]).findings).toEqual([]);
});

it('finds that a release becomes worse which has none before it', () => {
  const looks = new Looks();
  looks.until(10, () => [[good, judged(300, 9)]]);
  const { findings } = looks.until(50, () => [[good, judged(300, 45)]]);
  expect(findings).toMatchObject([{ subject: good, details: { baselineRelease: '1.0.0' } }]);
  expect(findings[0]?.summary).toMatch(/3\.0 % before$/);
});

it('waits for a baseline, and then counts what came of the release meanwhile', () => {
  const looks = new Looks();
  looks.look([good, judged(900, 27)]);
  expect(looks.until(5, () => [[bad, judged(100, 20)]]).findings).toEqual([]);
  const { findings, looks: took } = looks.until(5, () => [[good, judged(100, 3)]]);
  expect(findings).toMatchObject([{ state: 'firing', subject: bad }]);
  expect(took).toBe(1);
});

it('keeps criteria apart', () => {
  const looks = new Looks();
  const [refunds, tone] = [subjectOf('1.1.0', 'refund-policy'), subjectOf('1.1.0', 'tone')];
  looks.until(10, () => [
    [good, judged(300, 9)],
    [subjectOf('1.0.0', 'tone'), judged(300, 9)],
  ]);
  const { findings } = looks.until(20, () => [
    [refunds, judged(100, 15)],
    [tone, judged(100, 3)],
  ]);
  expect(findings.map(({ subject }) => subject.criterion)).toEqual(['refund-policy']);
});

it('sees what checks failed before the few sampled verdicts could tell, and says so', () => {
  const settled = (failed: number): Cell => ({
    ...{ stratum: 'settled', pi: 1, upstreamWeight: 1 },
    ...{ traces: failed, passed: 0, failed, unanswered: 0 },
  });
  const sampled = (traces: number, answered: number, failed: number): Cell => ({
    ...{ stratum: 'unsuspected', pi: 0.08, upstreamWeight: 1 },
    ...{ traces, passed: answered - failed, failed, unanswered: 0 },
  });
  const looks = new Looks();
  looks.until(10, () => [[good, sampled(300, 24, 1)]]);
  const { findings, looks: took } = looks.until(20, () => [
    [bad, sampled(94, 8, 0)],
    [bad, settled(6)],
  ]);
  expect(findings).toMatchObject([{ state: 'firing', subject: bad, details: { seenBy: 'what checks failed' } }]);
  expect(findings[0]?.summary).toMatch(/fails refund-policy by its checks in 6\.0 %/);
  expect(took).toBeLessThanOrEqual(4);
  expect(looks.until(50, () => [[good, sampled(300, 24, 1)]]).findings).toMatchObject([{ state: 'resolved' }]);
});
