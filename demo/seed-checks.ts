import type { DemoReport } from './demo-report.js';

/** A promise of the demo over all seeds. */
export interface SeedCheck {
  readonly claim: string;
  readonly got: string;
  readonly held: boolean;
}

/** Share of what judging everything would have cost that a demo may spend. */
export const MOST_SPEND = 0.1;

const OTHERS = 20;
const OTHERS_SEPARATED = 19;
const INTERVALS = 42;
const INTERVALS_HOLDING = 36;

/** Checks what the demo promises, over all seeds that were run. A claim about seeds that are missing does not hold. */
export function checkSeeds(reports: readonly DemoReport[], committedSeed: number): readonly SeedCheck[] {
  const committed = reports.find(({ seed }) => seed === committedSeed);
  const others = reports.filter(({ seed }) => seed !== committedSeed);
  const separated = others.filter((report) => report.separated).length;
  const releases = reports.flatMap((report) => report.releases);
  const holding = releases.filter((release) => release.intervalHoldsJudgeAll).length;
  const shares = reports.map(({ spend }) => Math.max(spend.share ?? 1, spend.callShare ?? 1));
  const highest = Math.max(0, ...shares);
  return [
    {
      claim: `seed ${committedSeed}: the two releases' intervals do not overlap`,
      got: committed?.separated ? 'they do not' : 'they do, or it was not run',
      held: committed?.separated ?? false,
    },
    {
      claim: `nor for ${OTHERS_SEPARATED} of ${OTHERS} other seeds`,
      got: `${separated} of ${others.length}`,
      held: others.length === OTHERS && separated >= OTHERS_SEPARATED,
    },
    {
      claim: `seed ${committedSeed}: both intervals hold what judging everything would have said`,
      got: `${committed?.releases.filter((release) => release.intervalHoldsJudgeAll).length ?? 0} of 2`,
      held: committed?.releases.length === 2 && committed.releases.every((release) => release.intervalHoldsJudgeAll),
    },
    {
      claim: `over all seeds at least ${INTERVALS_HOLDING} of ${INTERVALS} do`,
      got: `${holding} of ${releases.length}`,
      held: releases.length === INTERVALS && holding >= INTERVALS_HOLDING,
    },
    {
      claim: `spend, in money and in calls, is at most ${MOST_SPEND.toFixed(2)} of three votes on everything`,
      got: `at most ${highest.toFixed(3)}`,
      held: reports.length > 0 && highest <= MOST_SPEND,
    },
  ];
}

/** The page under docs/evidence. */
export function renderSeeds(reports: readonly DemoReport[], committedSeed: number): string {
  const checks = checkSeeds(reports, committedSeed);
  const percent = (value: number | null) => (value === null ? '--' : (value * 100).toFixed(1));
  const rows = reports.flatMap((report) =>
    report.releases.map((release) => {
      const bounds = release.interval?.map((bound) => percent(bound)).join('-') ?? '--';
      const money = `${percent(report.spend.share)} | ${percent(report.spend.callShare)}`;
      const rates = `${percent(release.passRate)} | ${bounds} | ${percent(release.judgeAllRate)} | ${release.intervalHoldsJudgeAll ? 'yes' : '**no**'}`;
      const others = `${percent(release.trueRate)} | ${percent(release.plainMean)}`;
      return `| ${report.seed} | ${release.release} | ${release.judged} | ${rates} | ${others} | ${report.separated ? 'yes' : '**no**'} | ${money} |`;
    }),
  );
  return [
    '# The demo over 21 seeds',
    '',
    'Written by `npm run demo:seeds`: the full demo, 3,000 traces a release, once per seed. Agents and judges are a scripted model.',
    '',
    '| claim | got | held |',
    '| --- | --- | --- |',
    ...checks.map(({ claim, got, held }) => `| ${claim} | ${got} | ${held ? 'yes' : '**no**'} |`),
    '',
    'Rates and shares in percent. `all`: what judging every trace would have said; `in`: whether the interval holds it.',
    '',
    '| seed | release | judged | pass rate | 95 % interval | all | in | true | plain mean | apart | spend | calls |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
