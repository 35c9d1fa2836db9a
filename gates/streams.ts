import type { Cell } from '../core/cell.js';

/**
 * The same traces as a stream of what checks failed: known of every trace, so it carries no noise of sampling, and a
 * detector of its own sees it rise long before the rate of all failures shows it.
 */
export function settledStream(cells: readonly Cell[]): readonly Cell[] {
  return cells.map((cell) => {
    const failed = cell.stratum === 'settled' ? cell.failed : 0;
    return { ...cell, stratum: 'settled', pi: 1, passed: cell.traces - failed, failed, unanswered: 0 };
  });
}

/**
 * Answers of a judge about items whose truth is known, as a stream whose failures are its errors. One stream for the items that truly
 * fail and one for those that truly pass, because a judge that drifts trades one kind of error for the other.
 */
export function judgeErrorStream({
  right,
  wrong,
}: {
  readonly right: number;
  readonly wrong: number;
}): readonly Cell[] {
  const traces = right + wrong;
  return [{ stratum: 'suspected', pi: 1, upstreamWeight: 1, traces, passed: right, failed: wrong, unanswered: 0 }];
}
