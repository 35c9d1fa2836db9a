import { Command, InvalidArgumentError } from 'commander';
import { fuzz, type FuzzResult } from './fuzz.js';
import { writeFailures } from './write-failures.js';

interface FuzzCommand {
  readonly minutes?: number;
  readonly seed: number;
  readonly count?: number;
  readonly only?: number;
  readonly role: string;
  readonly connections: number;
  readonly answerMs: number;
  readonly memory: number;
  readonly data?: string;
  readonly store: boolean;
}

const DEFAULT_MINUTES = 1;

const options = new Command('fuzz')
  .description('Sends spoilt requests to `assay run --role receive`, and reads back all that was acknowledged.')
  .option('--minutes <n>', 'how long it sends', positive)
  .option('--count <n>', 'how many inputs it sends', whole)
  .option('--seed <n>', 'seed of the run; the clock gives one when it is left out', whole, Date.now() >>> 0)
  .option('--only <n>', 'sends the input of this number alone', whole)
  .option('--role <list>', 'roles that run in the process', 'receive')
  .option('--connections <n>', 'connections at once', whole, 16)
  .option('--answer-ms <n>', 'an answer that takes longer is a hang', positive, 5_000)
  .option('--memory <mib>', 'most RssAnon of the process', positive, 400)
  .option('--data <dir>', 'new data directory, which is kept')
  .option('--no-store', 'does not write what was acknowledged into a store')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run fuzz -- --minutes 10\n  npm run fuzz -- --seed 7 --count 2000\n  npm run fuzz -- --seed 7 --only 1234',
  )
  .parse()
  .opts<FuzzCommand>();

const interrupted = new AbortController();
process.once('SIGINT', () => {
  interrupted.abort();
});

const { seed, only, count = Infinity, minutes = options.count === undefined ? DEFAULT_MINUTES : Infinity } = options;
process.stdout.write(`seed ${seed}\n`);
const isTerminal = process.stderr.isTTY;
let saidMs = 0;
const result = await fuzz({
  seed,
  count,
  maxMs: Math.min(minutes * 60_000, 2 ** 31 - 1),
  ...(only === undefined ? {} : { only }),
  roles: options.role,
  connections: only === undefined ? options.connections : 1,
  answerMs: options.answerMs,
  maxRssAnonMib: options.memory,
  withStore: options.store,
  ...(options.data === undefined ? {} : { data: options.data }),
  signal: interrupted.signal,
  progress: (line) => {
    if (!isTerminal && Date.now() - saidMs < 10_000) return;
    saidMs = Date.now();
    process.stderr.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
  },
});
if (isTerminal) process.stderr.write('\n');
process.stdout.write(summaryOf(result));
for (const line of writeFailures(result.failures, seed)) process.stdout.write(`${line}\n`);
process.exitCode = result.failures.length === 0 ? 0 : 1;

function summaryOf({ sent, tookMs, byAnswer, byMutator, failures, ...more }: FuzzResult): string {
  const list = (counts: ReadonlyMap<string, number>): string =>
    [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, times]) => `  ${String(times).padStart(8)}  ${name}\n`)
      .join('');
  const memory = `RssAnon at most ${more.peakRssAnonMib} MiB, slowest answer ${Math.round(more.slowestMs)} ms`;
  return (
    `${sent} inputs in ${Math.round(tookMs / 1000)} s, ${more.records} records read back, ${failures.length} failed\n${memory}\n` +
    `answers\n${list(byAnswer)}mutators\n${list(byMutator)}`
  );
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError(`expected a whole number, got ${text}.`);
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError(`expected a positive number, got ${text}.`);
  return value;
}
