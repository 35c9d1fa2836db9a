import { lowerBound } from './binomial-bounds.js';
import { logMeanExp } from './log-sum-exp.js';

/** Answers about the cases of an adversarial set, counted since the test began. */
export interface FloorCounts {
  readonly passed: number;
  readonly failed: number;
}

export interface FloorOptions {
  /** Least pass rate that is good enough; 0.85 when absent. */
  readonly floor?: number;
  /** Chance to call a set broken that is at the floor, over any number of looks; and to certify one below it at one look. 0.05 when absent. */
  readonly alpha?: number;
}

/**
 * `held`: certified, the pass rate is at or above the floor. `broken`: it is below. `not_enough`: neither can be said yet, which
 * is no pass.
 */
export type FloorState = 'held' | 'broken' | 'not_enough';

/** Everything the test of a floor knows. Plain JSON. */
export interface FloorTest extends FloorCounts {
  readonly floor: number;
  readonly alpha: number;
  readonly state: FloorState;
  /** log of what the bets have made of 1; `broken` from log(1 / alpha) on. */
  readonly logEvidence: number;
  /** The most it has been, since a test that was once broken stays so until it begins anew. */
  readonly peakLogEvidence: number;
  /** Exact one-sided lower bound of the pass rate. */
  readonly lowerBound: number;
}

/** Failure rates that are bet on, for the floor of .85: 5, 10 and 20 points worse. A stricter floor has them closer. */
const WORSE_BY = [1 / 3, 2 / 3, 4 / 3] as const;

/**
 * A test that has seen nothing: is the pass rate at least the floor?
 *
 * @throws {RangeError} when floor or alpha is outside (0, 1), or the floor so low that nothing worse can be bet on
 */
export function createFloorTest({ floor = 0.85, alpha = 0.05 }: FloorOptions = {}): FloorTest {
  if (!(floor > 1 - 1 / (1 + WORSE_BY[2]) && floor < 1)) {
    throw new RangeError(`expected a floor in (0.58, 1), got ${floor}`);
  }
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`expected alpha in (0, 1), got ${alpha}`);
  const nothing = { passed: 0, failed: 0, logEvidence: 0, peakLogEvidence: 0, lowerBound: 0 };
  return { floor, alpha, ...nothing, state: 'not_enough' };
}

/**
 * The test after more answers. May be looked at after each: the chance that a set at the floor is ever called broken is at
 * most alpha. Begin anew for another release.
 *
 * @throws {RangeError} when a count is not whole or below 0
 * @see I. Waudby-Smith and A. Ramdas (2024), Estimating means of bounded random variables by betting, JRSS B 86(1), 1-27
 */
export function updateFloorTest(test: FloorTest, answers: FloorCounts): FloorTest {
  for (const count of [answers.passed, answers.failed]) {
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`expected a whole count >= 0, got ${count}`);
  }
  const passed = test.passed + answers.passed;
  const failed = test.failed + answers.failed;
  const allowed = 1 - test.floor;
  const logEvidence = logMeanExp(
    WORSE_BY.map((worseBy) => {
      const failRate = allowed * (1 + worseBy);
      return failed * Math.log(failRate / allowed) + passed * Math.log((1 - failRate) / test.floor);
    }),
  );
  const peakLogEvidence = Math.max(test.peakLogEvidence, logEvidence);
  const bound = lowerBound(passed, passed + failed, test.alpha);
  const state = peakLogEvidence >= Math.log(1 / test.alpha) ? 'broken' : bound >= test.floor ? 'held' : 'not_enough';
  return { ...test, passed, failed, logEvidence, peakLogEvidence, lowerBound: bound, state };
}
