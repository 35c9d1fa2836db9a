import { Command, InvalidArgumentError } from 'commander';
import { simulate } from './estimates/pool.js';
import { POPULATION } from './estimates/population.js';
import { ROWS } from './estimates/rows.js';
import { summarize, toTable, type Summary } from './estimates/summary.js';
import { writeSection } from './results.js';

interface Options {
  readonly seed: number;
  readonly days?: number;
  readonly json?: true;
}

const COMMAND = 'npm run bench:estimates';

const options = new Command('bench:estimates')
  .description(
    'Does the 95 % interval hold the rate that the instrument would report if nothing were sampled out?\n' +
      'Simulates days of traffic with random trace ids through the sampling decision and the estimator of the product.',
  )
  .option('--seed <n>', 'another seed gives other days', wholeNumber, 1)
  .option(
    '--days <n>',
    'simulate this many days a row, for a quick look: writes no results, and below 1,000 days widens the limits of the coverage by its own error',
    wholeNumber,
  )
  .option('--json', 'print JSON')
  .addHelpText(
    'after',
    `
Exit codes: 0 every row held its limits, 1 one did not, 2 usage.

Examples:
  ${COMMAND}
  ${COMMAND} -- --days 50
  ${COMMAND} -- --seed 7 --json`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();

await main();

async function main(): Promise<void> {
  const startedMs = performance.now();
  const tallies = await simulate({ seed: options.seed, ...daysOption(), onProgress });
  const seconds = (performance.now() - startedMs) / 1_000;
  const summaries = ROWS.map((row, index) => summarize(row, tallies[index]!));
  const text = toText(summaries, seconds);
  if (options.days === undefined) writeSection('Estimates', `${COMMAND} -- --seed ${options.seed}`, text);
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ seed: options.seed, seconds, rows: summaries }, null, 2)}\n`
      : `${text}\n`,
  );
  if (summaries.some((summary) => summary.broken.length > 0)) process.exitCode = 1;
}

function daysOption(): { readonly days?: number } {
  return options.days === undefined ? {} : { days: options.days };
}

function onProgress(share: number): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(share < 1 ? `\rsimulating days: ${Math.floor(100 * share)} % ` : '\r\u001b[K');
}

function toText(summaries: readonly Summary[], seconds: number): string {
  const { share, failRatio, sensitivity, specificity, unansweredRatio } = POPULATION;
  const broken = summaries.flatMap(({ tracesPerDay, plan, broken: reasons }) =>
    reasons.map((reason) => `- BROKEN at ${tracesPerDay} traces a day, ${plan}: ${reason}`),
  );
  return [
    'Coverage: share of days whose 95 % interval holds the rate that the whole instrument would report in the long run if',
    'nothing were sampled out. Above / below: days on which that rate lay above / below the interval. Own day: the same for',
    'the rate of that very day. Suspected and incomplete traces are all judged, settled ones never.',
    '',
    toTable(summaries),
    ...(broken.length === 0 ? [] : ['', ...broken]),
    '',
    `Traffic: ${percent(share.suspected)} suspected (${percent(failRatio.suspected)} fail), ${percent(share.unsuspected)} unsuspected ` +
      `(${percent(failRatio.unsuspected)} fail), ${percent(share.incomplete)} incomplete (${percent(failRatio.incomplete)} fail), ` +
      `${percent(share.settled)} failed by a check.`,
    `Judge: sensitivity ${sensitivity}, specificity ${specificity}, no answer on ${percent(unansweredRatio)}.`,
    `Seed ${options.seed}; ${Math.round(seconds)} s.`,
  ].join('\n');
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toFixed(3))} %`;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError(`Expected a whole number from 1 to 999999999.`);
  return Number(text);
}
