import {
  compareCells,
  comparePairs,
  logMcNemarEvidence,
  logNonInferiority,
  type PairCounts,
} from '../../gates/index.js';
import { createPrng, type Prng } from '../estimates/prng.js';
import { drawMultinomial } from './binomial.js';
import { percent, toTable, type Effort, type Goal, type Section } from './section.js';
import { drawCells, mixOf, NO_REGRESSION, type Judge, type Regression } from './traffic.js';

const ALPHA = 0.05;
const MARGIN = 0.02;
const LOG_THRESHOLD = Math.log(1 / ALPHA);
const DISCORDANCES = [0.05, 0.1, 0.2, 0.3] as const;
const ITEMS = 1_000;
/** A gate that looks at fewer is not one that anybody runs. */
const NAIVE_FROM = 50;
const RUNS = 4_000;

/** How often does the release gate block a release that is no worse, looked at after every item? */
export function gateSection(effort: Effort): Section {
  const runs = RUNS * effort.factor;
  const found = DISCORDANCES.map((discordance, index) => ({
    discordance,
    ...measurePairs(discordance, { seeds: [effort.seed, 7, index], runs }),
  }));
  const unpaired = measureCells(effort);
  const goals: Goal[] = [
    ...found.map(({ discordance, falseBlock }) => ({
      what: `false block, ${percent(discordance, 0)} of items differ, a look after each of ${ITEMS.toLocaleString('en-US')}`,
      measured: percent(falseBlock),
      goal: 'at most 5 %',
      held: falseBlock <= ALPHA,
    })),
    {
      what: 'false block, traces that do not pair, 20 looks',
      measured: percent(unpaired.falseBlock),
      goal: 'at most 5 %',
      held: unpaired.falseBlock <= ALPHA,
    },
  ];
  return { title: 'Release gate', text: toText(found, { runs, unpaired }), goals };
}

function toText(
  found: readonly (PairFound & { readonly discordance: number })[],
  { runs, unpaired }: { readonly runs: number; readonly unpaired: CellFound },
): string {
  return [
    `Pairs: an unchanged agent, ${runs.toLocaleString('en-US')} runs. Naive: blocks at a drop of .02 or more, looked at after each item from the ${NAIVE_FROM}th on, or once.`,
    'False pass: a true drop of the margin, .02. Blocked: a true drop of five points. The last two within 1,000 items, at the end.',
    '',
    toTable(
      [
        'items that differ',
        'false block',
        'naive, each look',
        'naive, once at 200',
        'false pass',
        'blocked at 5 points',
        'passed when unchanged',
      ],
      found.map(({ discordance, ...each }) => [
        percent(discordance, 0),
        percent(each.falseBlock),
        percent(each.naiveBlock),
        percent(each.naiveOnce),
        percent(each.falsePass),
        percent(each.power),
        percent(each.passed),
      ]),
    ),
    '',
    `Traces that do not pair: 50,000 of the baseline, up to 40,000 of the candidate at 20 looks, 10 % of the unsuspected judged, ${unpaired.runs.toLocaleString('en-US')} runs:`,
    `false block ${percent(unpaired.falseBlock)}, false pass ${percent(unpaired.falsePass)}, blocked at a drop of two points ${percent(unpaired.power)}, passed when unchanged ${percent(unpaired.passed)}.`,
  ].join('\n');
}

interface PairFound {
  readonly falseBlock: number;
  readonly naiveBlock: number;
  readonly naiveOnce: number;
  readonly falsePass: number;
  readonly power: number;
  readonly passed: number;
}

function measurePairs(discordance: number, { seeds, runs }: { seeds: readonly number[]; runs: number }): PairFound {
  let [blocked, naive, naiveOnce, falsePass, power, passed] = [0, 0, 0, 0, 0, 0];
  for (let run = 0; run < runs; run += 1) {
    const unchanged = walk(createPrng(...seeds, run, 1), { discordance, drop: 0 });
    if (unchanged.blocks) blocked += 1;
    if (unchanged.naiveBlocks) naive += 1;
    if (unchanged.naiveOnce) naiveOnce += 1;
    if (comparePairs(unchanged.counts).verdict === 'PASS') passed += 1;
    if (walk(createPrng(...seeds, run, 2), { discordance, drop: MARGIN }).passes) falsePass += 1;
    const prng = createPrng(...seeds, run, 3);
    const drop = Math.min(0.05, discordance);
    const [broken = 0, fixed = 0, same = 0] = drawMultinomial(prng, ITEMS, [
      (discordance + drop) / 2,
      (discordance - drop) / 2,
      1 - discordance,
    ]);
    if (comparePairs({ broken, fixed, same }).verdict === 'BLOCK') power += 1;
  }
  return {
    falseBlock: blocked / runs,
    naiveBlock: naive / runs,
    naiveOnce: naiveOnce / runs,
    falsePass: falsePass / runs,
    power: power / runs,
    passed: passed / runs,
  };
}

interface Walk {
  readonly blocks: boolean;
  readonly passes: boolean;
  readonly naiveBlocks: boolean;
  readonly naiveOnce: boolean;
  readonly counts: PairCounts;
}

/** One item after the other, with a look after each: evidence of a drop only grows with a broken item, and of none with any other. */
function walk(prng: Prng, { discordance, drop }: { discordance: number; drop: number }): Walk {
  let [broken, fixed, same] = [0, 0, 0];
  let [blocks, passes, naiveBlocks, naiveOnce] = [false, false, false, false];
  for (let item = 1; item <= ITEMS; item += 1) {
    const draw = prng.uniform();
    if (draw < (discordance + drop) / 2) broken += 1;
    else if (draw < discordance) fixed += 1;
    else same += 1;
    const isBroken = draw < (discordance + drop) / 2;
    if (isBroken) blocks ||= logMcNemarEvidence({ broken, fixed, same }) >= LOG_THRESHOLD;
    else if (drop > 0) passes ||= logNonInferiority({ broken, fixed, same }, MARGIN) >= LOG_THRESHOLD;
    const isNaivelyWorse = (broken - fixed) / item >= MARGIN;
    if (item >= NAIVE_FROM && isNaivelyWorse) naiveBlocks = true;
    if (item === 200) naiveOnce = isNaivelyWorse;
  }
  return { blocks, passes, naiveBlocks, naiveOnce, counts: { broken, fixed, same } };
}

const JUDGE: Judge = { name: '.95 / .995', sensitivity: 0.95, specificity: 0.995 };
const PI = { suspected: 1, unsuspected: 0.1 } as const;
const LOOKS = 20;
const TRACES_PER_LOOK = 2_000;
const CELL_RUNS = 400;

interface CellFound {
  readonly runs: number;
  readonly falseBlock: number;
  readonly falsePass: number;
  readonly power: number;
  readonly passed: number;
}

function measureCells({ seed, factor }: Effort): CellFound {
  const runs = CELL_RUNS * factor;
  let [falseBlock, falsePass, power, passed] = [0, 0, 0, 0];
  for (let run = 0; run < runs; run += 1) {
    const verdicts = watchCells(createPrng(seed, 8, run), NO_REGRESSION);
    if (verdicts.has('BLOCK')) falseBlock += 1;
    if (verdicts.has('PASS')) passed += 1;
    // Two points of truth are less in what the judge reports: the margin is of the latter.
    const shown = (reported: number): number => reported / (JUDGE.sensitivity + JUDGE.specificity - 1);
    const worse = { drop: shown(MARGIN), seenRatio: 0.5 };
    const worseVerdicts = watchCells(createPrng(seed, 9, run), worse);
    if (worseVerdicts.has('PASS')) falsePass += 1;
    if (worseVerdicts.has('BLOCK')) power += 1;
  }
  return {
    runs,
    falseBlock: falseBlock / runs,
    falsePass: falsePass / runs,
    power: power / runs,
    passed: passed / runs,
  };
}

function watchCells(prng: Prng, regression: Regression): ReadonlySet<string> {
  const before = drawCells(prng, 50_000, { pi: PI, mix: mixOf(JUDGE, NO_REGRESSION) });
  const mix = mixOf(JUDGE, regression);
  const seen = new Set<string>();
  let candidate = drawCells(prng, TRACES_PER_LOOK, { pi: PI, mix });
  for (let look = 1; look <= LOOKS; look += 1) {
    seen.add(compareCells({ baseline: before, candidate }).verdict);
    const more = drawCells(prng, TRACES_PER_LOOK, { pi: PI, mix });
    candidate = candidate.map((cell, index) => ({
      ...cell,
      traces: cell.traces + more[index]!.traces,
      passed: cell.passed + more[index]!.passed,
      failed: cell.failed + more[index]!.failed,
    }));
  }
  return seen;
}
