import { Command, InvalidArgumentError } from 'commander';
import { paintFor } from '../app/index.js';
import { PipelineError } from '../core/errors.js';
import { chooseDirectory } from './demo-directory.js';
import { createPanel, type Panel } from './panel.js';
import { renderDemoReport } from './render-report.js';
import { runDemo } from './run-demo.js';
import { COMMITTED_SEED } from './seed-numbers.js';

interface DemoFlags {
  readonly short?: boolean;
  readonly json?: boolean;
  readonly seed: number;
  readonly data?: string;
}

const FULL_TRACES = 3_000;
const SHORT_TRACES = 1_500;
const EXIT_INTERRUPTED = 130;
const EXIT_USAGE = 2;

const silent: Panel = { show: () => undefined, say: () => undefined, close: () => undefined };

async function demo(flags: DemoFlags): Promise<void> {
  const paint = paintFor(process.stdout, process.env);
  const directory = chooseDirectory(process.cwd(), flags.data);
  const panel = flags.json ? silent : createPanel(process.stdout, paint);
  const interrupted = new AbortController();
  const onInterrupt = () => {
    if (interrupted.signal.aborted) process.exit(EXIT_INTERRUPTED);
    interrupted.abort();
    panel.say('Draining: the agents finish what they began. Interrupt again to end at once.');
  };
  process.on('SIGINT', onInterrupt).on('SIGTERM', onInterrupt);
  const report = await runDemo(
    { seed: flags.seed, tracesPerRelease: flags.short ? SHORT_TRACES : FULL_TRACES, directory },
    { panel, signal: interrupted.signal, nowMs: () => performance.now() },
  );
  panel.close();
  if (!report) {
    process.stdout.write(`Ended early; what came in lies in ${directory.shown}\n`);
    process.exitCode = EXIT_INTERRUPTED;
    return;
  }
  process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : `${renderDemoReport(report, paint)}\n`);
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new InvalidArgumentError('expected a whole number from 0.');
  return seed;
}

const program = new Command('npm run demo --')
  .description('Judges a live fleet of simulated agents, half-way through which a bad release goes out. Needs no key.')
  .option('--short', `half the traces, ${SHORT_TRACES} a release; too few to promise that the releases separate`)
  .option('--seed <number>', 'makes everything but the clock repeatable', parseSeed, COMMITTED_SEED)
  .option('--json', 'print the report as JSON, and nothing else')
  .option('--data <dir>', 'a new or empty folder for the data (default: ./.assay, or the next free ./.assay-N)')
  .addHelpText(
    'after',
    '\nExamples:\n  npm run demo\n  npm run demo -- --short --seed 7\n  npm run demo -- --json > demo.json',
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
  .action(demo);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof PipelineError && error.disposition === 'halt' ? EXIT_USAGE : 1;
}
