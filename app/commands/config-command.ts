import type { Command } from 'commander';
import { stringify } from 'yaml';
import { redactUrl } from '../../core/redact-url.js';
import type { ModelOptions } from '../../models/index.js';
import type { AssayConfig } from '../config.js';
import { configOf, withConfigOptions, type CommonOptions, type Terminal } from './shared.js';

const EXAMPLES =
  '\nExamples:\n  assay config print --config assay.yaml\n  assay config print --set sampler.pi.unsuspected=0.05';

/** `assay config print`: what is in force, secrets hidden. */
export function addConfig(program: Command, terminal: Terminal): void {
  const config = program.command('config').description('Look at the settings.').addHelpText('after', EXAMPLES);
  withConfigOptions(
    config
      .command('print')
      .description('Print the settings in force, defaults and the judge of the environment included, secrets hidden.'),
  )
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: CommonOptions) => {
      const loaded = configOf(options, terminal).config;
      const shown = hideSecrets({ ...loaded, models: await modelsInForce(loaded.models, terminal.env) });
      terminal.stdout.write(options.json === true ? `${JSON.stringify(shown, undefined, 2)}\n` : stringify(shown));
    });
}

/** The judge, and the one that confirms its fails, as the judge role would choose them. */
async function modelsInForce(models: AssayConfig['models'], env: Terminal['env']): Promise<object> {
  const { readConfirmOptions, readModelOptions } = await import('../../models/index.js');
  const judge = { ...models.judge, ...inForce(readModelOptions(models, env)) };
  if (models.confirm === undefined) return { ...models, judge };
  return { ...models, judge, confirm: { ...models.confirm, ...inForce(readConfirmOptions(models, env)) } };
}

function inForce(chosen: ModelOptions | undefined): object {
  if (chosen === undefined) return { provider: 'none' };
  const { provider, name, baseUrl, apiKey } = chosen;
  return { provider, model: name, baseUrl, apiKey };
}

/** Plain data; a key hides itself, and a URL may hold a password. */
function hideSecrets(config: object): unknown {
  const text = JSON.stringify(config, (_, value: unknown) => (typeof value === 'string' ? redactUrl(value) : value));
  return JSON.parse(text);
}
