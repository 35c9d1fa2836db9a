import { createFloorTest, updateFloorTest } from '../../gates/index.js';
import { createPrng } from '../estimates/prng.js';
import { drawBinomial } from './binomial.js';
import { percent, quantile, toTable, type Effort, type Goal, type Section } from './section.js';

const ITEMS = 200;
const RUNS = 20_000;
const WALKS = 1_000;
const WALK_ITEMS = 2_000;
/** Answers between two looks. */
const STEP = 5;
const FLOOR = 0.85;
const RATES = [0.92, 0.88, 0.85, 0.8, 0.75, 0.7, 0.6] as const;

/** Is a floor certified where it holds, and called broken where it does not? */
export function floorSection({ seed, factor }: Effort): Section {
  const found = RATES.map((rate, index) => ({
    rate,
    ...certify(rate, { seeds: [seed, 10, index], runs: RUNS * factor }),
    ...watchFloor(rate, { seeds: [seed, 11, index], runs: WALKS * factor }),
  }));
  const at = (rate: number): (typeof found)[number] => found.find((each) => each.rate === rate)!;
  const goals: Goal[] = [
    {
      what: `a true .85 certified at n = ${ITEMS}`,
      measured: percent(at(0.85).certified),
      goal: 'at most 5 %',
      held: at(0.85).certified <= 0.05,
    },
    {
      what: `a true .92 certified at n = ${ITEMS}`,
      measured: percent(at(0.92).certified),
      goal: 'at least 90 %',
      held: at(0.92).certified >= 0.9,
    },
    {
      what: `a true .85 ever called broken, ${WALK_ITEMS.toLocaleString('en-US')} answers`,
      measured: percent(at(0.85).broken),
      goal: 'at most 5 %',
      held: at(0.85).broken <= 0.05,
    },
  ];
  const table = toTable(
    ['true pass rate', `certified at n = ${ITEMS}`, 'naive mean passes', 'ever broken', 'answers to broken, median'],
    found.map(({ rate, certified, naive, broken, answers }) => [
      String(rate),
      percent(certified),
      percent(naive),
      percent(broken),
      Number.isFinite(answers) ? String(answers) : 'never',
    ]),
  );
  const text = `Floor .85. Naive: the mean of ${ITEMS} answers is .85 or more. Broken: a look every ${STEP} answers, up to ${WALK_ITEMS.toLocaleString('en-US')}.\n\n${table}`;
  return { title: 'Adversarial floor', text, goals };
}

interface Simulation {
  readonly seeds: readonly number[];
  readonly runs: number;
}

function certify(rate: number, { seeds, runs }: Simulation): { readonly certified: number; readonly naive: number } {
  const prng = createPrng(...seeds);
  let [certified, naive] = [0, 0];
  for (let run = 0; run < runs; run += 1) {
    const passed = drawBinomial(prng, ITEMS, rate);
    if (updateFloorTest(createFloorTest(), { passed, failed: ITEMS - passed }).state === 'held') certified += 1;
    if (passed / ITEMS >= FLOOR) naive += 1;
  }
  return { certified: certified / runs, naive: naive / runs };
}

function watchFloor(rate: number, { seeds, runs }: Simulation): { readonly broken: number; readonly answers: number } {
  const answers = Array.from({ length: runs }, (_, run) => {
    const prng = createPrng(...seeds, run);
    let test = createFloorTest();
    for (let item = STEP; item <= WALK_ITEMS; item += STEP) {
      const passed = drawBinomial(prng, STEP, rate);
      test = updateFloorTest(test, { passed, failed: STEP - passed });
      if (test.state === 'broken') return item;
    }
    return Infinity;
  });
  return { broken: answers.filter(Number.isFinite).length / runs, answers: quantile(answers, 0.5) };
}
