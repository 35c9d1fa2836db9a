import { Command, InvalidArgumentError, Option } from 'commander';
import { writeSection } from './results.js';
import { alarmsSection } from './statistics/alarms.js';
import { estimatesSection } from './statistics/days.js';
import { floorSection } from './statistics/floors.js';
import { gateSection } from './statistics/gates.js';
import { toGoalTable, type Effort, type Section } from './statistics/section.js';

const PARTS: Readonly<Record<string, (effort: Effort) => Section>> = {
  estimates: estimatesSection,
  alarm: alarmsSection,
  gate: gateSection,
  floor: floorSection,
};

interface Options {
  readonly seed: number;
  readonly only?: string;
  readonly full?: true;
  readonly write: boolean;
  readonly json?: true;
}

const COMMAND = 'npm run bench:statistics';
const FULL_FACTOR = 10;

const options = new Command('bench:statistics')
  .description(
    'Are the numbers right and the alarms rare and true? Simulates traffic as counts, at up to a million traces a day, and\n' +
      "drives the product's own estimates, detector, release gate and floor with it. The naive ways stand beside them.",
  )
  .option('--seed <n>', 'another seed gives other days', wholeNumber, 1)
  .option('--full', `${FULL_FACTOR} times as many runs`)
  .addOption(new Option('--only <part>', 'one part; writes no results').choices(Object.keys(PARTS)))
  .option('--no-write', 'leave bench/RESULTS.md as it is')
  .option('--json', 'print the goals as JSON')
  .addHelpText(
    'after',
    `
Exit codes: 0 every goal held, 1 one was missed, 2 usage.

Examples:
  ${COMMAND}
  ${COMMAND} -- --only alarm
  ${COMMAND} -- --full --seed 7 --no-write`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse()
  .opts<Options>();

main();

function main(): void {
  const effort: Effort = { seed: options.seed, factor: options.full === true ? FULL_FACTOR : 1 };
  const chosen = Object.entries(PARTS).filter(([name]) => options.only === undefined || options.only === name);
  const sections = chosen.map(([name, part]) => {
    if (process.stderr.isTTY) process.stderr.write(`\rsimulating: ${name} \u001b[K`);
    return part(effort);
  });
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  const goals = sections.flatMap((section) => section.goals);
  const cpu = process.cpuUsage();
  const cpuSeconds = Math.round((cpu.user + cpu.system) / 1e6);
  const text = [
    toGoalTable(goals),
    ...sections.map((section) => `### ${section.title}\n\n${section.text}`),
    `Seed ${effort.seed}; ${cpuSeconds} CPU-s.`,
  ].join('\n\n');
  const command = `${COMMAND} -- --seed ${effort.seed}${options.full === true ? ' --full' : ''}`;
  if (options.write && options.only === undefined) writeSection('Statistics', command, text);
  process.stdout.write(
    options.json === true ? `${JSON.stringify({ seed: effort.seed, cpuSeconds, goals }, null, 2)}\n` : `${text}\n`,
  );
  if (goals.some(({ held }) => !held)) process.exitCode = 1;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Expected a whole number from 1 to 999999999.');
  return Number(text);
}
