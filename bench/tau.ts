import { Command, InvalidArgumentError } from 'commander';
import { writeSection } from './results.js';
import { DOMAINS, replayRuns, runsFile } from './tau/replay.js';
import { BUDGET_RATIO, sampleDomain, type DomainSummary } from './tau/sample-domain.js';

interface Options {
  readonly seed: number;
  readonly runs?: number;
  readonly json?: true;
}

const COMMAND = 'npm run bench:tau';
/** What the coverage of each domain has to reach. */
const LEAST_COVERAGE = 0.93;
const RUNS = 500;

const options = new Command('bench:tau')
  .description(
    'Real outcomes: recorded runs of tau-bench as spans, their reward in place of the judge, a fifth of them judged.\n' +
      'Does the 95 % interval hold the true pass rate of each domain?',
  )
  .option('--seed <n>', 'another seed draws other samples', wholeNumber, 1)
  .option('--runs <n>', 'draw so many samples a domain, for a quick look: writes no results', wholeNumber)
  .option('--json', 'print JSON')
  .addHelpText(
    'after',
    `\nExit codes: 0 every domain held, or the recorded runs are not there, 1 one did not, 2 usage.\n\nExamples:\n  ${COMMAND}\n  ${COMMAND} -- --runs 100 --json`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();

const seeds = options.runs ?? RUNS;
const missing = DOMAINS.filter((domain) => runsFile(domain) === undefined);
const summaries = DOMAINS.flatMap((domain) => {
  const path = runsFile(domain);
  return path === undefined ? [] : [{ domain, ...sampleDomain(replayRuns(path, domain), seeds, options.seed) }];
});
const text = [...(summaries.length === 0 ? [] : [toTable(summaries)]), ...missing.map(toSkipped)].join('\n\n');
if (options.runs === undefined && summaries.length > 0)
  writeSection('Real outcomes', `${COMMAND} -- --seed ${options.seed}`, text);
process.stdout.write(
  options.json === true
    ? `${JSON.stringify({ seed: options.seed, seeds, summaries, missing }, null, 2)}\n`
    : `${text}\n`,
);
if (summaries.some(({ coverage }) => coverage < LEAST_COVERAGE)) process.exitCode = 1;

function toSkipped(domain: string): string {
  return `Skipped ${domain}: the recorded runs ../shared/data/tau-bench/${domain}_dev.jsonl are not there.`;
}

function toTable(rows: readonly (DomainSummary & { readonly domain: string })[]): string {
  const names =
    'domain | runs | suspected | true pass rate | judged | coverage | width, points | bias, points | plain mean: bias | covers | holds';
  const lines = rows.map((row) =>
    [
      ...[row.domain, row.runs, row.suspected, percent(row.truth), percent(row.judgedShare), percent(row.coverage)],
      ...[points(row.meanWidth), points(row.bias), points(row.plainBias), percent(row.plainCoverage)],
      row.coverage < LEAST_COVERAGE ? 'NO' : 'yes',
    ].join(' | '),
  );
  return [
    `Recorded runs of tau-bench, replayed as spans; the recorded reward is the judge, which sees ${percent(BUDGET_RATIO)} of them. Coverage: share of`,
    `${seeds} draws whose 95 % interval holds the true pass rate of all runs. Suspected runs are judged four times as often as others.`,
    '',
    `| ${names} |`,
    `|${names
      .split(' | ')
      .map((_, column) => (column === 0 ? ' --- ' : ' ---: '))
      .join('|')}|`,
    ...lines.map((line) => `| ${line} |`),
  ].join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function points(rate: number): string {
  return (100 * rate).toFixed(2);
}

function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) throw new InvalidArgumentError('Expected a whole number from 1 to 9999999.');
  return Number(value);
}
