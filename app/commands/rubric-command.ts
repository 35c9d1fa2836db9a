import { resolve } from 'node:path';
import type { Command } from 'commander';
import { renderRubricTest } from '../render/judging.js';
import { EXIT } from './exit-codes.js';
import { configOf, printQuery, rubricsFolder, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

/** `assay rubric`: a team's own criteria. */
export function addRubric(program: Command, terminal: Terminal): void {
  const rubric = program.command('rubric').description("Write and test a criterion of one's own.");
  addNew(rubric, terminal);
  addTest(rubric, terminal);
  addList(rubric, terminal);
}

function addNew(rubric: Command, terminal: Terminal): void {
  withConfigOptions(rubric.command('new').description('Write a folder with a prompt and examples to edit.'))
    .argument('<name>', 'kebab-case, such as refund-policy')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  assay rubric new refund-policy\n  $EDITOR rubrics/refund-policy/prompt.md')
    .action(async (name: string, options: CommonOptions) => {
      const { scaffoldRubric } = await import('../../judges/index.js');
      const directory = resolve(configOf(options, terminal).config.judges.rubricsDirectory);
      const files = scaffoldRubric(directory, name);
      const text =
        options.json === true
          ? JSON.stringify(files, undefined, 2)
          : [
              'Wrote',
              ...files.map((file) => `  ${file}`),
              `Edit the prompt and the examples, then: assay rubric test ${name}`,
            ].join('\n');
      terminal.stdout.write(`${text}\n`);
    });
}

function addTest(rubric: Command, terminal: Terminal): void {
  withConfigOptions(
    rubric
      .command('test')
      .description("Judge a rubric's own examples, and say how many came out right, at what price."),
  )
    .argument('<name>', 'of a built-in rubric or of your own')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay rubric test refund-policy\n  assay rubric test task-completion --json' +
        '\n\nExit codes: 0 all right, 1 some wrong, 3 some without an answer.',
    )
    .action(async (name: string, options: CommonOptions) => {
      const rubricsDirectory = rubricsFolder(options, terminal);
      const test = await printQuery(options, terminal, {
        ask: (queries) => queries.testRubric(name, { rubricsDirectory }),
        render: renderRubricTest,
      });
      process.exitCode = test.wrong > 0 ? EXIT.notHeld : test.errors > 0 ? EXIT.unreachable : EXIT.held;
    });
}

function addList(rubric: Command, terminal: Terminal): void {
  withConfigOptions(rubric.command('list').description('List the rubrics that are known here.'))
    .option('--json', 'print JSON')
    .action(async (options: CommonOptions) => {
      const { loadRubrics } = await import('../../judges/index.js');
      const { table } = await import('../render/format.js');
      const rubrics = loadRubrics(configOf(options, terminal).config.judges);
      const rows = rubrics.map(({ criterion, version, appliesTo, question }) => ({
        criterion,
        version,
        appliesTo,
        question,
      }));
      const text =
        options.json === true ? JSON.stringify(rows, undefined, 2) : table(rows.map((row) => Object.values(row)));
      terminal.stdout.write(`${text}\n`);
    });
}
