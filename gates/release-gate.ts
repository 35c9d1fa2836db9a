import { logMcNemarEvidence, logNonInferiority, upperBoundOfDrop, type PairCounts } from './mcnemar.js';

/**
 * `BLOCK`: shown to be worse. `PASS`: shown to be worse by less than the margin, if at all. `INCONCLUSIVE`: neither, which
 * more items may change.
 */
export type GateVerdict = 'PASS' | 'BLOCK' | 'INCONCLUSIVE';

export interface GateOptions {
  /** Drop of the pass rate that a release may have; in (0, 1), 0.02 when absent. */
  readonly margin?: number;
  /** Chance to block a release that is no worse, and to pass one that is worse by the margin, at any number of looks; 0.05 when absent. */
  readonly alpha?: number;
}

/** What a comparison came to. Rates are shares in [0, 1]; a drop above 0 is a loss. */
export interface GateComparison {
  readonly verdict: GateVerdict;
  /** Items or traces of the candidate that it rests on. */
  readonly items: number;
  /** Pass rate of the baseline minus that of the candidate, as seen. Null where one of them is unknown. */
  readonly drop: number | null;
  /** Largest drop that is not excluded at 1 − alpha. */
  readonly largestDrop: number;
  readonly margin: number;
  /** log of the evidence that the candidate is worse, and that it is not worse by the margin; each decides at `logThreshold`. */
  readonly logEvidenceOfDrop: number;
  readonly logEvidenceOfNoDrop: number;
  readonly logThreshold: number;
  /** More items that it would take, should they come out like those seen. Null when no number would do. */
  readonly moreItems: { readonly toBlock: number | null; readonly toPass: number | null };
  /** No number of the candidate's would do, but more of the baseline's too: its own rate is not known well enough. */
  readonly isBaselineThin: boolean;
  /** Why it cannot pass whatever the evidence; empty when nothing stands against it. */
  readonly objections: readonly string[];
}

/** Beyond this many, more items are no advice. */
const MOST_ITEMS = 10_000_000;

/**
 * The gate for items that both releases were run on. May be looked at after every item: an agent that is no worse is blocked with
 * a chance of at most alpha, and one that is worse by the margin passes with as little.
 *
 * @throws {RangeError} when a count is not whole, or an option is outside (0, 1)
 * @see docs/adr/0017-alarm-by-betting.md
 */
export function comparePairs(counts: PairCounts, options: GateOptions = {}): GateComparison {
  const { margin, alpha } = gateOptions(options);
  const { broken, fixed, same } = counts;
  for (const count of [broken, fixed, same]) {
    if (!Number.isInteger(count) || count < 0) throw new RangeError(`expected a whole count >= 0, got ${count}`);
  }
  const items = broken + fixed + same;
  const logThreshold = Math.log(1 / alpha);
  const evidenceAt = (factor: number): readonly [ofDrop: number, ofNoDrop: number] => {
    const scaled = { broken: broken * factor, fixed: fixed * factor, same: same * factor };
    return [logMcNemarEvidence(scaled), logNonInferiority(scaled, margin)];
  };
  const [logEvidenceOfDrop, logEvidenceOfNoDrop] = evidenceAt(1);
  return {
    verdict: verdictOf({ logEvidenceOfDrop, logEvidenceOfNoDrop, logThreshold, objections: [] }),
    items,
    drop: items === 0 ? null : (broken - fixed) / items,
    largestDrop: upperBoundOfDrop(counts, alpha),
    margin,
    logEvidenceOfDrop,
    logEvidenceOfNoDrop,
    logThreshold,
    moreItems: {
      toBlock: moreItems(items, (factor) => evidenceAt(factor)[0] >= logThreshold),
      toPass: moreItems(items, (factor) => evidenceAt(factor)[1] >= logThreshold),
    },
    isBaselineThin: false,
    objections: [],
  };
}

/** Checked, and with their defaults. @throws {RangeError} */
export function gateOptions({ margin = 0.02, alpha = 0.05 }: GateOptions): Required<GateOptions> {
  if (!(margin > 0 && margin < 1)) throw new RangeError(`expected a margin in (0, 1), got ${margin}`);
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`expected alpha in (0, 1), got ${alpha}`);
  return { margin, alpha };
}

/** A drop that is shown blocks, also one that is shown to be small: then the margin says what to do, and a person decides. */
export function verdictOf(
  given: Pick<GateComparison, 'logEvidenceOfDrop' | 'logEvidenceOfNoDrop' | 'logThreshold' | 'objections'>,
): GateVerdict {
  if (given.logEvidenceOfDrop >= given.logThreshold) return 'BLOCK';
  return given.logEvidenceOfNoDrop >= given.logThreshold && given.objections.length === 0 ? 'PASS' : 'INCONCLUSIVE';
}

/**
 * How many more items would decide, when all counts grow alike.
 *
 * @param decides - whether so many times the items would
 * @returns 0 when those there are do; null when none would
 */
export function moreItems(items: number, decides: (factor: number) => boolean): number | null {
  if (items === 0) return null;
  if (decides(1)) return 0;
  let high = 2;
  while (!decides(high)) {
    if (high * items > MOST_ITEMS) return null;
    high *= 2;
  }
  let low = high / 2;
  while ((high - low) * items > Math.max(1, 0.01 * low * items)) {
    const middle = (low + high) / 2;
    if (decides(middle)) high = middle;
    else low = middle;
  }
  return Math.ceil((high - 1) * items);
}

/** One of several slices of the items, each with its own share of alpha. */
export interface GateSlice {
  /** Empty for all items. */
  readonly name: string;
  readonly comparison: GateComparison;
}

/** What a gate came to, over all slices. */
export interface GateResult {
  readonly verdict: GateVerdict;
  readonly slices: readonly GateSlice[];
}

/** Shares of alpha where there is a slice of adversarial items beside all of them: rare failures there are worth most. */
const OVERALL_SHARE = 0.4;

/**
 * The gate where some of the items are adversarial: alpha is split, .02 for all items and .03 for those of 0.05, and no item
 * counts more than once. Either blocks; all items together decide what passes.
 */
export function compareSlices(
  { all, adversarial }: { readonly all: PairCounts; readonly adversarial: PairCounts },
  options: GateOptions = {},
): GateResult {
  const { margin, alpha } = gateOptions(options);
  const hasSlice = adversarial.broken + adversarial.fixed + adversarial.same > 0;
  if (!hasSlice) {
    const comparison = comparePairs(all, { margin, alpha });
    return { verdict: comparison.verdict, slices: [{ name: '', comparison }] };
  }
  const overall = comparePairs(all, { margin, alpha: OVERALL_SHARE * alpha });
  const slice = comparePairs(adversarial, { margin, alpha: (1 - OVERALL_SHARE) * alpha });
  const verdict = slice.verdict === 'BLOCK' ? 'BLOCK' : overall.verdict;
  return {
    verdict,
    slices: [
      { name: '', comparison: overall },
      { name: 'adversarial', comparison: slice },
    ],
  };
}
