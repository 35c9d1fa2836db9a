import type { Command } from 'commander';
import type { AssayQueries, Why } from '../api.js';
import type { LabelTask } from '../labels/api.js';
import { toLabelLine } from '../labels/label-lines.js';
import { openQueries } from '../open-queries.js';
import type { Paint } from '../render/format.js';
import { renderLabelPlan } from '../render/labels.js';
import { renderStory } from '../render/why.js';
import { EXIT } from './exit-codes.js';
import { addImport } from './label-import.js';
import {
  NOTHING_WANTED,
  scopeOf,
  wholeNumber,
  withScope,
  type FlowOptions,
  type ScopeOptions,
} from './label-options.js';
import { labelInTerminal } from './label-terminal.js';
import { configOf, printQuery, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';
import { since } from './since.js';

const EXAMPLES =
  '\nExamples:\n  assay label                            look at the traces whose labels are worth most, with the keyboard\n  assay label plan                       how many are wanted of what\n  assay label next --limit 20 --json     the same traces for another tool\n  assay label import labels.jsonl\n  assay label export > labels.jsonl';
const MORE =
  '\nA trace is drawn at random among those of one stratum and verdict, or among all that nothing flagged; only labels of drawn traces enter\na rate. What the judge said is not shown. Exit codes: 0 done, 1 nothing is wanted, or labels were refused, 2 usage, 3 out of reach.';

/** `assay label`: what people say of traces. */
export function addLabel(program: Command, terminal: Terminal): void {
  const label = program
    .command('label')
    .description('Label traces by hand: the few whose labels tell most about the true pass rate.')
    .addHelpText('after', EXAMPLES + MORE);
  withScope(
    withConfigOptions(label.command('start', { isDefault: true }).description('Label in this terminal (default).')),
  )
    .option('--limit <n>', 'at most so many traces', wholeNumber, 25)
    .option('--as <name>', 'who labels (default: $USER)')
    .action(async (options: FlowOptions) => {
      await labelInTerminal(options, terminal);
    });
  addPlan(label, terminal);
  addNext(label, terminal);
  addImport(label, terminal);
  addExport(label, terminal);
}

function addPlan(label: Command, terminal: Terminal): void {
  withScope(withConfigOptions(label.command('plan').description('Show how many labels are wanted of what.')))
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  assay label plan\n  assay label plan --service refunds --json | jq .audit')
    .action(async (options: ScopeOptions) => {
      await printQuery(options, terminal, {
        ask: (queries) => queries.labelPlan(scopeOf(options)),
        render: renderLabelPlan,
      });
    });
}

interface ToldTask extends LabelTask {
  /** What the trace did; null when its text is gone by now. */
  readonly story: Pick<Why['trajectory'], 'input' | 'output' | 'error' | 'steps'> | null;
}

function addNext(label: Command, terminal: Terminal): void {
  withScope(withConfigOptions(label.command('next').description('Show the next traces to look at, without asking.')))
    .option('--limit <n>', 'at most so many', wholeNumber, 1)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  assay label next\n  assay label next --limit 50 --json > tasks.json')
    .action(async (options: FlowOptions) => {
      const whys = new Map<string, Why>();
      const tasks = await printQuery(options, terminal, {
        ask: (queries) => toldTasks(queries, options, whys),
        render: (told, paint) => renderTasks(told, whys, paint),
      });
      if (tasks.length === 0) process.exitCode = EXIT.notHeld;
    });
}

async function toldTasks(
  queries: AssayQueries,
  options: FlowOptions,
  whys: Map<string, Why>,
): Promise<readonly ToldTask[]> {
  const tasks = await queries.labelTasks(scopeOf(options), options.limit);
  const told: ToldTask[] = [];
  for (const task of tasks) {
    const why = await queries.why(task.traceId);
    whys.set(task.traceId, why);
    const { input, output, error, steps } = why.trajectory;
    told.push({ ...task, story: steps.length === 0 ? null : { input, output, error, steps } });
  }
  return told;
}

function renderTasks(tasks: readonly ToldTask[], whys: ReadonlyMap<string, Why>, paint: Paint): string {
  if (tasks.length === 0) return NOTHING_WANTED;
  return tasks
    .map(({ traceId, criteria }) => {
      const why = whys.get(traceId);
      const questions = criteria.map(({ criterion, question }) => `  ${criterion}: ${question}`);
      return [...(why === undefined ? [] : [renderStory(why, paint)]), '', ...questions].join('\n');
    })
    .join('\n\n');
}

interface ExportOptions extends CommonOptions {
  readonly since?: number;
}

function addExport(label: Command, terminal: Terminal): void {
  withConfigOptions(label.command('export').description('Print every label as a line of JSON, in order of time.'))
    .option('--since <when>', 'only those given since: 36h, 7d, or a date such as 2026-11-01', since)
    .option('--json', 'as without it: it prints JSON lines')
    .addHelpText('after', '\nExamples:\n  assay label export > labels.jsonl\n  assay label export --since 7d | wc -l')
    .action(async (options: ExportOptions) => {
      const open = openQueries(configOf(options, terminal), { env: terminal.env });
      try {
        const labels = await open.queries.labels(options.since ?? 0);
        terminal.stdout.write(labels.map((label) => `${toLabelLine(label)}\n`).join(''));
      } finally {
        await open.close();
      }
    });
}
