import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What a guide needs beside Node.js and npm, and how to tell whether it is there. */
const NEEDS = {
  'python.md': [{ name: 'python3 with venv', has: () => succeeds('python3', ['-c', 'import venv, ensurepip']) }],
  'opentelemetry-collector.md': [
    {
      name: 'otelcol on the PATH (OTELCOL=/path/to/otelcol)',
      has: () => succeeds(process.env.OTELCOL ?? 'otelcol', ['--version']),
    },
  ],
};

/** @returns what is missing here for this guide, or undefined */
export function whyNotHere(page) {
  return NEEDS[page]?.find(({ has }) => !has())?.name;
}

/** @returns a folder for the PATH, in which a tool that a variable points at has the name that its guide calls it by */
export function linkTools(folder) {
  const tools = join(folder, '.tools');
  mkdirSync(tools);
  if (process.env.OTELCOL !== undefined) symlinkSync(resolve(process.env.OTELCOL), join(tools, 'otelcol'));
  return tools;
}

function succeeds(command, args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
