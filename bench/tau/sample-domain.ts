import type { Cell } from '../../core/cell.js';
import type { Decision, Policy } from '../../core/decision.js';
import { estimatePassRate, wilsonInterval } from '../../gates/index.js';
import { createDecider, runChecks, samplerConfig, type Decider, type DecisionInput } from '../../sampler/index.js';
import { createPrng, randomTraceId } from '../estimates/prng.js';
import type { ReplayedRun } from './replay.js';

/** Share of the runs that the judge may look at. */
export const BUDGET_RATIO = 0.2;
/** How much more often a suspected run is judged than another. */
const SUSPECTED_FACTOR = 4;

/** What came of a domain over many seeds. Shares and rates are in [0, 1]. */
export interface DomainSummary {
  readonly runs: number;
  readonly suspected: number;
  readonly truth: number;
  readonly judgedShare: number;
  readonly coverage: number;
  readonly meanWidth: number;
  readonly bias: number;
  readonly plainBias: number;
  readonly plainCoverage: number;
}

type Runs = readonly ReplayedRun[];
type Facts = Pick<DecisionInput, 'criteria' | 'findings' | 'trajectory'>;

const options = samplerConfig.parse({});

/** No check settles this one: the recorded reward alone says whether a run passed. */
const CRITERIA = ['reward'];

/** Decides about every run once a seed, judges what was selected by the recorded reward, and estimates. */
export function sampleDomain(runs: Runs, seeds: number, seed: number): DomainSummary {
  const decider = createDecider(options);
  const facts = runs.map(({ trajectory }): Facts => {
    const findings = runChecks(trajectory, { ...options, complete: true });
    return { trajectory, criteria: CRITERIA, findings };
  });
  const suspected = facts.filter(
    (one) => decide(decider, one, { policy: policyOf(1, 1), salt: '' }).stratum === 'suspected',
  ).length;
  const unsuspected = (BUDGET_RATIO * runs.length) / (SUSPECTED_FACTOR * suspected + (runs.length - suspected));
  const policy = policyOf(Math.min(1, SUSPECTED_FACTOR * unsuspected), unsuspected);
  const truth = runs.filter(({ success }) => success).length / runs.length;
  const sums = { judged: 0, covered: 0, width: 0, error: 0, plainError: 0, plainCovered: 0 };
  for (let index = 0; index < seeds; index += 1) {
    const draw = drawOnce({ runs, facts, decider, policy }, [seed, index]);
    const { passRate, interval, naiveMean, judged } = estimatePassRate(draw);
    const [low, high] = interval ?? [0, 1];
    sums.judged += judged;
    sums.covered += low <= truth && truth <= high ? 1 : 0;
    sums.width += high - low;
    sums.error += (passRate ?? (low + high) / 2) - truth;
    if (naiveMean === null) continue;
    const [plainLow, plainHigh] = wilsonInterval(naiveMean * judged, judged);
    sums.plainError += naiveMean - truth;
    sums.plainCovered += plainLow <= truth && truth <= plainHigh ? 1 : 0;
  }
  return {
    ...{ runs: runs.length, suspected, truth },
    judgedShare: sums.judged / seeds / runs.length,
    coverage: sums.covered / seeds,
    meanWidth: sums.width / seeds,
    bias: sums.error / seeds,
    plainBias: sums.plainError / seeds,
    plainCoverage: sums.plainCovered / seeds,
  };
}

interface Drawing {
  readonly runs: Runs;
  readonly facts: readonly Facts[];
  readonly decider: Decider;
  readonly policy: Policy;
}

/** A new trace id for each run and a new salt: another day on which the same was asked. */
function drawOnce({ runs, facts, decider, policy }: Drawing, seeds: readonly [number, number]): readonly Cell[] {
  const prng = createPrng(...seeds);
  const salt = `salt ${seeds.join(' ')}`;
  const cells = new Map<string, { -readonly [Field in keyof Cell]: Cell[Field] }>();
  runs.forEach(({ success }, index) => {
    const given = facts[index]!;
    const trajectory = { ...given.trajectory, traceId: randomTraceId(prng) };
    const { stratum, pi, outcome } = decide(decider, { ...given, trajectory }, { policy, salt });
    const empty = { stratum, pi, upstreamWeight: 1, traces: 0, passed: 0, failed: 0, unanswered: 0 };
    const cell = cells.get(stratum) ?? empty;
    cells.set(stratum, cell);
    cell.traces += 1;
    if (outcome === 'abstained') cell.unanswered += 1;
    if (outcome !== 'selected') return;
    if (success) cell.passed += 1;
    else cell.failed += 1;
  });
  return [...cells.values()];
}

function decide(decider: Decider, facts: Facts, plan: Pick<DecisionInput, 'policy' | 'salt'>): Decision {
  return decider.decide({
    ...facts,
    ...{ version: 1, complete: true, completeness: 'replayed', rootSpanId: '', spanXor: '', ...plan },
    ...{
      firstSeenMs: 0,
      lastSeenMs: 0,
      decidedAtMs: 0,
      spanCount: 1,
      logCount: 0,
      upstreamWeight: 1,
      evidenceTokens: 0,
    },
  });
}

function policyOf(suspected: number, unsuspected: number): Policy {
  const pi = { suspected, unsuspected, incomplete: 1, settled: options.pi.settled };
  return { version: 1, effectiveFromMs: 0, pi, reason: 'benchmark' };
}
