import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageRoot } from '../../core/package-root.js';
import { cleanEnv, temporaryDirectory } from '../helpers/assay-process.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/gate-on-pull-request.yaml', import.meta.url));
const CLI = process.env['ASSAY_CLI'] ?? join(packageRoot(), 'dist', 'app', 'main.js');

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly if?: string;
}

interface Ran {
  readonly ok: boolean;
  readonly output: string;
}

/** Items of which so many broke and so many were fixed, as an evaluation would print them. */
function pairs([broken, fixed, same]: readonly [number, number, number]): string {
  const line = (name: string, baseline: string, candidate: string): string =>
    `${JSON.stringify({ item: name, baseline, candidate })}\n`;
  const lines = (count: number, kind: string, [baseline, candidate]: readonly [string, string]): string =>
    Array.from({ length: count }, (_, index) => line(`${kind}-${index}`, baseline, candidate)).join('');
  return (
    lines(broken, 'broken', ['pass', 'fail']) +
    lines(fixed, 'fixed', ['fail', 'pass']) +
    lines(same, 'same', ['pass', 'pass'])
  );
}

describe('the workflow example for pull requests', () => {
  let root: string;

  beforeEach(() => {
    root = temporaryDirectory();
    // What `npm ci` of a project that depends on Assay leaves behind.
    const bin = join(root, 'node_modules', '.bin');
    mkdirSync(bin, { recursive: true });
    mkdirSync(join(root, 'eval'));
    script(join(bin, 'assay'), `exec '${process.execPath}' '${CLI}' "$@"`);
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  it.each([
    { what: 'passes a branch that is as good', counts: [10, 10, 2_980], ok: true, verdict: 'PASS' },
    { what: 'blocks a branch that breaks what worked', counts: [30, 5, 465], ok: false, verdict: 'BLOCK' },
    { what: 'stops where nothing can be told yet', counts: [2, 2, 46], ok: false, verdict: 'INCONCLUSIVE' },
  ] as const)('$what', ({ counts, ok, verdict }) => {
    writeFileSync(join(root, 'fixture.jsonl'), pairs(counts));
    script(join(root, 'eval', 'run-pairs.sh'), 'cat fixture.jsonl');
    const ran = runWorkflow();
    expect(ran, ran.output).toMatchObject({ ok });
    expect(ran.output).toContain(verdict);
    expect(readFileSync(join(root, 'summary.md'), 'utf8')).toContain(`## Release gate: ${verdict}`);
    expect(readFileSync(join(root, 'gate.xml'), 'utf8')).toContain(`failures="${ok ? 0 : 1}"`);
  });

  it('is what the guide shows', () => {
    const guide = readFileSync(new URL('../../docs/guides/release-gate.md', import.meta.url), 'utf8');
    const blocks = [...guide.matchAll(/```yaml\n([^]*?)```/g)].map(([, block]) => block);
    expect(blocks).toHaveLength(1);
    for (const block of blocks) expect(readFileSync(EXAMPLE, 'utf8')).toContain(block);
  });

  /** Every step that runs a command, but the installation, as GitHub's shell does: the first that fails skips the rest, `always()` apart. */
  function runWorkflow(): Ran {
    const { jobs } = parse(readFileSync(EXAMPLE, 'utf8')) as { jobs: { gate: { steps: readonly Step[] } } };
    const commands = jobs.gate.steps.filter(({ run }) => run !== undefined && run !== 'npm ci');
    expect(commands).toHaveLength(3);
    let ok = true;
    let output = '';
    for (const { run, if: condition } of commands) {
      if (!ok && condition !== 'always()') continue;
      const env = cleanEnv({ GITHUB_STEP_SUMMARY: join(root, 'summary.md') });
      const step = spawnSync('bash', ['-e', '-c', run!], { cwd: root, env, encoding: 'utf8' });
      output += step.stdout + step.stderr;
      if (step.status !== 0) ok = false;
    }
    return { ok, output };
  }

  function script(path: string, body: string): void {
    writeFileSync(path, `#!/bin/sh\n${body}\n`);
    chmodSync(path, 0o755);
  }
});
