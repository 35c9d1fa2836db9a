import { InvalidArgumentError, type Command } from 'commander';
import type { LabelScope } from '../labels/api.js';
import type { CommonOptions } from './shared.js';

/** Of which traffic labels are asked for. */
export interface ScopeOptions extends CommonOptions {
  readonly service?: string;
  readonly release?: string;
}

/** Of the commands that give traces to look at. */
export interface FlowOptions extends ScopeOptions {
  readonly limit: number;
  readonly as?: string;
}

/** Said where all that is wanted was labelled. */
export const NOTHING_WANTED = 'No label is wanted at the moment: assay label plan shows what there is.';

/** `--service` and `--release`. */
export function withScope(command: Command): Command {
  return command
    .option('--service <name>', 'only traces of this service')
    .option('--release <name>', 'only traces of this release (service.version)');
}

/** The traffic that these options name. */
export function scopeOf({ service, release }: ScopeOptions): LabelScope {
  return { ...(service === undefined ? {} : { service }), ...(release === undefined ? {} : { release }) };
}

/** For commander. @throws {InvalidArgumentError} */
export function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 1_000)
    throw new InvalidArgumentError('expected a whole number from 1 to 1000.');
  return number;
}
