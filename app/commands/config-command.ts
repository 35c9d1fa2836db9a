import type { Command } from 'commander';
import { stringify } from 'yaml';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

/** `assay config print`: what is in force, secrets hidden. */
export function addConfig(program: Command, terminal: Terminal): void {
  const config = program.command('config').description('Look at the settings.');
  withConfigOptions(
    config.command('print').description('Print the settings in force, defaults included, secrets hidden.'),
  )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  assay config print --config assay.yaml\n  assay config print --set sampler.pi.unsuspected=0.05',
    )
    .action((options: CommonOptions) => {
      const shown: unknown = JSON.parse(JSON.stringify(configOf(options, terminal).config));
      terminal.stdout.write(options.json === true ? `${JSON.stringify(shown, undefined, 2)}\n` : stringify(shown));
    });
}
