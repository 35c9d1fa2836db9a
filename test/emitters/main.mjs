// Drives each real emitter package against the scripted model and a real Assay, and says which readings are not true.
//   npm run test:emitters                 all of them
//   npm run test:emitters -- mastra ai    those whose name contains one of these words
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, startAssay } from './harness/assay.mjs';
import { EMITTERS } from './harness/emitters.mjs';
import { wrongReadings } from './harness/truth.mjs';
import { startWeatherModel } from './harness/weather-model.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const RUN_LIMIT_MS = 60_000;
const JUDGED_LIMIT_MS = 90_000;
const OPEN = new Set(['open', 'pending']);

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const verbose = process.argv.includes('--verbose');
const chosen = EMITTERS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));

install();
const data = mkdtempSync(join(tmpdir(), 'assay-emitters-'));
const model = await startWeatherModel();
const assay = await startAssay({ data, modelUrl: model.url });
const results = [];
try {
  const crashes = new Map();
  for (const { name } of chosen) {
    const crash = await drive(name);
    if (crash !== undefined) crashes.set(name, crash);
  }
  const traces = await whenDecided();
  for (const { name, packages, truth, unsent } of chosen) {
    const whys = [];
    for (const { traceId } of traces.filter(({ service }) => service === name))
      whys.push(await assay.ask('why', traceId));
    if (verbose) process.stdout.write(`${JSON.stringify(whys, undefined, 2)}\n`);
    const crash = crashes.get(name);
    results.push({ name, packages, unsent, wrong: crash === undefined ? wrongReadings(truth, whys) : [crash] });
  }
} finally {
  await assay.stop();
  await model.close();
  rmSync(data, { recursive: true, force: true });
}
print();
process.exitCode = results.length === chosen.length && results.every(({ wrong }) => wrong.length === 0) ? 0 : 1;

/** Installs the packages of this folder once for each state of its lock. */
function install() {
  const stamp = join(HERE, 'node_modules', '.assay-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(HERE, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: HERE,
    stdio: 'inherit',
  });
  if (status !== 0)
    throw new Error(`expected npm ci in test/emitters to install the emitters, it ended with ${status}`);
  writeFileSync(stamp, lock);
}

/** @returns what went wrong with the program itself, if anything */
async function drive(name) {
  const { code, signal, stderr } = await run([join(HERE, 'run', `${name}.mjs`)], {
    cwd: HERE,
    env: { EMITTER: name, ASSAY_URL: assay.url, MODEL_URL: model.url },
    limitMs: RUN_LIMIT_MS,
  });
  if (verbose && stderr !== '') process.stdout.write(`${name}: ${stderr}\n`);
  if (code === 0) return undefined;
  return `expected the program to end well, it ended with ${code ?? signal}: ${stderr.trim().slice(-400)}`;
}

/** The traces, once none of them waits for a decision or a verdict; or as they are when time is up. */
async function whenDecided() {
  const deadline = Date.now() + JUDGED_LIMIT_MS;
  for (;;) {
    const traces = await assay.ask('traces', '--limit', '1000');
    const settled = traces.length >= chosen.length && traces.every(({ outcome }) => !OPEN.has(outcome));
    if (settled || Date.now() > deadline) return traces;
    await new Promise((done) => setTimeout(done, 500));
  }
}

function print() {
  const versionOf = (name) =>
    JSON.parse(readFileSync(join(HERE, 'node_modules', name, 'package.json'), 'utf8')).version;
  const width = Math.max(...results.map(({ name }) => name.length));
  process.stdout.write('\n');
  for (const { name, packages, unsent, wrong } of results) {
    const versions = packages.map((each) => `${each} ${versionOf(each)}`).join(', ');
    const told = wrong.length === 0 ? `ok${unsent === undefined ? '' : ` (not sent: ${unsent})`}` : 'WRONG';
    process.stdout.write(`${name.padEnd(width)}  ${told.padEnd(5)}  ${versions}\n`);
    for (const sentence of wrong) process.stdout.write(`${' '.repeat(width)}    ${sentence}\n`);
  }
  const bad = results.filter(({ wrong }) => wrong.length > 0).length;
  process.stdout.write(`\n${results.length - bad} of ${results.length} emitters are read as they are\n`);
}
