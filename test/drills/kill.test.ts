import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers/assay-process.js';
import { runKillDrill } from '../soak/kill-drill.js';
import { countByPoint, NAMED, type Fault } from '../soak/kill-schedule.js';

/** Between reply and verdict, between insert and commit, inside a flush, and with a call in flight. `npm run test:soak` has fifty. */
const KILLS: readonly Fault[] = [
  'judge-after-reply:3',
  'writer-after-insert:2',
  'bus-append-before-flush:4',
  'judge-after-reserve:2',
  'sampler-before-commit:2',
];

describe('kill -9 under load', () => {
  it(`loses nothing and doubles nothing over ${KILLS.length} kills`, { timeout: 300_000 }, async () => {
    expect([...countByPoint(KILLS).keys()]).toEqual(expect.arrayContaining([...NAMED]));
    const { claims, runs } = await runKillDrill({
      data: temporaryDirectory(),
      faults: KILLS,
      seed: 'kill',
      say: () => undefined,
      signal: new AbortController().signal,
    });
    expect(claims.filter(({ holds }) => !holds)).toEqual([]);
    expect(runs).toBeGreaterThan(KILLS.length * 20);
  });
});
