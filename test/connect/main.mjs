// Follows each guide of docs/connect as a new user would: in an empty folder, block by block, with the scripted model of
// test/emitters in the provider's place.
//   npm run test:connect                  all of them
//   npm run test:connect -- python        those whose name contains one of these words
//   ASSAY_PACKAGE=assay-0.1.0.tgz npm run test:connect     with that package, and not with one of this checkout
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cleanEnv } from '../emitters/harness/assay.mjs';
import { startWeatherModel } from '../emitters/harness/weather-model.mjs';
import { missingLine, readPage } from './page.mjs';
import { linkTools, whyNotHere } from './tools.mjs';

const GUIDES = fileURLToPath(new URL('../../docs/connect/', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BLOCK_LIMIT_MS = 300_000;
const UP_LIMIT_MS = 120_000;
/** Where a guide says that Assay, or a Collector before it, listens. */
const PORTS = [4318, 4417, 4418];

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const verbose = process.argv.includes('--verbose');
const pages = readdirSync(GUIDES)
  .filter((file) => file.endsWith('.md') && file !== 'README.md')
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

let template;
let failed = 0;
for (const page of pages) {
  const missing = whyNotHere(page);
  const from = Date.now();
  const wrong = missing === undefined ? await follow(page) : undefined;
  const took = `${Math.round((Date.now() - from) / 1_000)} s`;
  if (wrong !== undefined) failed += 1;
  const told = missing !== undefined ? `skipped: ${missing}` : (wrong ?? `followed to its end, ${took}`);
  process.stdout.write(`${wrong === undefined ? (missing === undefined ? '✓' : '–') : '✗'} ${page}  ${told}\n`);
}
if (template !== undefined) rmSync(template, { recursive: true, force: true });
process.exitCode = failed === 0 && pages.length > 0 ? 0 : 1;

/** A folder where Assay was installed from its package, as docs/connect/README.md says; once for all guides. */
function installed() {
  if (template !== undefined) return template;
  template = mkdtempSync(join(tmpdir(), 'assay-installed-'));
  const quiet = { cwd: template, stdio: ['ignore', 'ignore', 'inherit'] };
  const tarball = process.env.ASSAY_PACKAGE === undefined ? packed(quiet) : resolve(process.env.ASSAY_PACKAGE);
  execFileSync('npm', ['install', tarball, '--no-audit', '--no-fund', '--loglevel=error'], quiet);
  return template;
}

function packed(quiet) {
  execFileSync('npm', ['pack', ROOT, '--ignore-scripts', '--silent', '--pack-destination', quiet.cwd], quiet);
  return `./${readdirSync(quiet.cwd).find((file) => file.endsWith('.tgz'))}`;
}

/** @returns what went wrong, or undefined */
async function follow(page) {
  for (const port of PORTS) if (!(await isFree(port))) return `port ${port} is taken by another program`;
  const folder = mkdtempSync(join(tmpdir(), 'assay-connect-'));
  const model = await startWeatherModel();
  const background = [];
  try {
    // Links of the files, since the store's engine alone is hundreds of megabytes.
    execFileSync('cp', ['-al', `${installed()}/.`, folder]);
    return await walk(readPage(readFileSync(join(GUIDES, page), 'utf8')), {
      folder,
      background,
      env: envFor(page, { model, tools: linkTools(folder) }),
    });
  } finally {
    for (const child of background) await end(child);
    await model.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One key, as most have: with both the judge would be Anthropic's everywhere. */
function envFor(page, { model, tools }) {
  return cleanEnv({
    [page === 'anthropic.md' ? 'ANTHROPIC_API_KEY' : 'OPENAI_API_KEY']: 'test-key',
    OPENAI_BASE_URL: `${model.url}/v1`,
    ANTHROPIC_BASE_URL: model.url,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    PATH: `${join(process.execPath, '..')}:${tools}:${process.env.PATH}`,
  });
}

async function walk(blocks, site) {
  let printed = '';
  let asked = 0;
  for (const block of blocks) {
    if (verbose) process.stdout.write(`--- ${block.kind} ${block.name ?? ''}\n${block.text}`);
    if (block.kind === 'file') {
      mkdirSync(dirname(join(site.folder, block.name)), { recursive: true });
      writeFileSync(join(site.folder, block.name), block.text);
    } else if (block.kind === 'background') {
      const problem = await startBackground(block.text, site);
      if (problem !== undefined) return problem;
    } else if (block.kind === 'run') {
      const { code, output } = await runBlock(block.text, site);
      if (verbose) process.stdout.write(output);
      if (code !== 0) return `this ended with ${code}:\n${block.text}\n${output}`;
      printed = output;
    } else {
      asked += 1;
      const line = missingLine(block.text, printed);
      if (line !== undefined) return `expected this line: ${line}\nin what was printed:\n${printed}`;
    }
  }
  return asked > 0 ? undefined : 'expected a sample of output to hold the run against, the guide has none';
}

/** Runs a block as if it were typed into the terminal of those before it: what they exported is still there. */
async function runBlock(text, { folder, env }) {
  const kept = join(folder, '.tools', 'exported');
  const script = `[ ! -f '${kept}' ] || . '${kept}'\ntrap "export -p > '${kept}'" EXIT\n${text}`;
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), BLOCK_LIMIT_MS);
  const [code, signal] = await once(child, 'close');
  clearTimeout(timer);
  return { code: code ?? signal, output };
}

/** Starts a block, and waits until it says that it is ready. */
async function startBackground(text, { folder, env, background }) {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], { cwd: folder, env, detached: true });
  background.push(child);
  let output = '';
  return new Promise((done) => {
    const timer = setTimeout(() => done(`this did not get ready:\n${text}\n${output}`), UP_LIMIT_MS);
    const settle = (problem) => {
      clearTimeout(timer);
      done(problem);
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        if (/listens on|Everything is ready/.test(output)) settle(undefined);
      });
    }
    child.once('close', (code) => settle(`this ended with ${code}:\n${text}\n${output}`));
  });
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  process.kill(-child.pid, 'SIGTERM');
  const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), 20_000);
  await closed;
  clearTimeout(timer);
}

function isFree(port) {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}
