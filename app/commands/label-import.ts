import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { PipelineError } from '../../core/errors.js';
import type { AddedLabels } from '../labels/api.js';
import { parseLabelLines } from '../labels/label-lines.js';
import { openQueries } from '../open-queries.js';
import { EXIT } from './exit-codes.js';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

interface ImportOptions extends CommonOptions {
  readonly dryRun?: boolean;
}

/** As many labels in one call. */
const CHUNK = 1_000;

/** `assay label import`. */
export function addImport(label: Command, terminal: Terminal): void {
  withConfigOptions(label.command('import').description('Take labels from JSON lines: all of them, or none.'))
    .argument('<file>', 'JSON lines as assay label export writes them, or - for standard input')
    .option('--dry-run', 'only check them')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      "\nA line has traceId, criterion and value (pass, fail or skip); and as one likes queue (cell or audit when assay label next gave the trace:\nwithout it the label is in no rate), annotator, comment, source, labelledAt, tenant, version.\n\nExamples:\n  assay label import labels.jsonl --dry-run\n  jq -c '.[]' answers.json | assay label import -",
    )
    .action(async (file: string, options: ImportOptions) => {
      await importLabels(file, options, terminal);
    });
}

async function importLabels(file: string, options: ImportOptions, terminal: Terminal): Promise<void> {
  const given = parseLabelLines(await readInput(file, terminal), file);
  const open = openQueries(configOf(options, terminal), { env: terminal.env });
  try {
    const labels = given.map(({ label }) => label);
    let result: AddedLabels = { added: 0, refused: [] };
    // First all of them, so that nothing is taken of a file of which a part is refused.
    for (const dryRun of options.dryRun === true ? [true] : [true, false]) {
      if (result.refused.length > 0) break;
      for (let at = 0; at < labels.length; at += CHUNK) {
        const { added, refused } = await open.queries.addLabels(labels.slice(at, at + CHUNK), dryRun);
        const moved = refused.map(({ index, reason }) => ({ index: index + at, reason }));
        result = { added: result.added + added, refused: [...result.refused, ...moved] };
      }
    }
    const refused = result.refused.map(({ index, reason }) => ({ line: given[index]?.line ?? 0, reason }));
    if (options.json === true)
      terminal.stdout.write(`${JSON.stringify({ added: result.added, refused }, undefined, 2)}\n`);
    else if (refused.length === 0)
      terminal.stdout.write(
        `${options.dryRun === true ? 'Nothing would be refused of' : 'Took'} ${labels.length} labels.\n`,
      );
    else
      for (const { line, reason } of refused)
        terminal.stderr.write(`${file}:${line}: ${reason}; nothing was imported\n`);
    if (refused.length > 0) process.exitCode = EXIT.notHeld;
  } finally {
    await open.close();
  }
}

async function readInput(file: string, terminal: Terminal): Promise<string> {
  if (file === '-') return text(terminal.stdin);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `expected a file of labels, ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
