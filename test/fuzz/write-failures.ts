import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.js';
import type { Failure } from './failure.js';

const FOLDER = join(packageRoot(), 'test', 'fuzz', 'failures');

/**
 * Writes each failure to a file of its own, with how to see it again.
 * @returns a line about each, for people
 */
export function writeFailures(failures: readonly Failure[], seed: number): readonly string[] {
  if (failures.length > 0) mkdirSync(FOLDER, { recursive: true });
  return failures.map((failure, index) => {
    const { number, message, input, smallest } = failure;
    const again =
      number === undefined ? `npm run fuzz -- --seed ${seed}` : `npm run fuzz -- --seed ${seed} --only ${number}`;
    const file = join(FOLDER, `${seed}-${number ?? `run-${index}`}.json`);
    const { body, ...about } = input ?? {};
    const bytes = { smallest: smallest?.toString('base64'), body: body?.subarray(0, 1_000_000).toString('base64') };
    writeFileSync(file, `${JSON.stringify({ message, again, ...about, ...bytes }, null, 2)}\n`);
    return `FAILED ${message.slice(0, 1_500)}\n  ${input?.seed ?? ''} ${input?.mutators.join(' ') ?? ''}\n  ${again}\n  ${file}`;
  });
}
