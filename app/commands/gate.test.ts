import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReleaseCells } from '../../core/cell.js';
import { holdControlSocket, type ControlSocket } from '../control-socket.js';
import type { GateReport } from '../release-gate/gate-report.js';
import { addGate } from './gate.js';
import type { Terminal } from './shared.js';

const release = (name: string, failed: number): ReleaseCells => {
  const counts = { traces: 20_000, passed: 20_000 - failed, failed, unanswered: 0 };
  return {
    service: 'shop',
    release: name,
    criterion: '',
    cells: [{ stratum: 'unsuspected', pi: 1, upstreamWeight: 1, ...counts }],
  };
};

describe('assay gate', () => {
  let root: string;
  let socket: ControlSocket;
  let said: string;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'assay-gate-'));
    said = '';
    const cells = [release('1.0', 600), release('1.1', 605), release('1.2', 1_300)];
    socket = await holdControlSocket(root, {
      kind: 'up',
      handler: (method) => (method === 'releaseCells' ? Promise.resolve(cells) : Promise.reject(new Error(method))),
    });
  });

  afterEach(async () => {
    process.exitCode = undefined;
    await socket.close();
    rmSync(root, { recursive: true });
  });

  it('holds a release of the store against another one', async () => {
    await gate('--data', root, '--baseline', '1.0', '--candidate', '1.1', '--json');
    expect(JSON.parse(said) as GateReport).toMatchObject({ verdict: 'PASS', service: 'shop', compared: 'traces' });
    expect(process.exitCode).toBeUndefined();
  });

  it('ends with 1 when it blocks, and writes its reports all the same', async () => {
    const [markdown, junit] = [join(root, 'gate.md'), join(root, 'gate.xml')];
    await gate('--data', root, '--baseline', '1.0', '--candidate', '1.2', '--markdown', markdown, '--junit', junit);
    expect(said).toMatch(/^BLOCK {2}1\.2 against 1\.0, shop\n/);
    expect(process.exitCode).toBe(1);
    expect(readFileSync(markdown, 'utf8')).toContain('## Release gate: BLOCK');
    expect(readFileSync(junit, 'utf8')).toContain('failures="1"');
  });

  it('ends with 1 when it cannot tell, unless that is allowed, and asks no Assay about pairs', async () => {
    const pairs = join(root, 'pairs.jsonl');
    writeFileSync(pairs, '{"item":"a","baseline":"pass","candidate":"fail"}\n');
    await gate('--pairs', pairs);
    expect(said).toContain('INCONCLUSIVE  candidate against baseline');
    expect(process.exitCode).toBe(1);
    process.exitCode = undefined;
    await gate('--pairs', pairs, '--allow-inconclusive');
    expect(process.exitCode).toBeUndefined();
  });

  it.each([
    [['--baseline', '1.0'], 'expected --baseline and --candidate, or --pairs'],
    [['--baseline', '1.0', '--candidate', '1.0'], 'expected two releases, got 1.0 twice'],
    [['--pairs', 'x', '--service', 'shop'], 'expected --service and --criterion with traces of the store'],
    [['--pairs', 'x', '--margin', '2'], 'expected a share in (0, 1)'],
  ] as const)('refuses %j', async (args, message) => {
    await expect(gate(...args)).rejects.toMatchObject({ exitCode: 1 });
    expect(said).toContain(message);
    expect(existsSync('x')).toBe(false);
  });

  it('says when a report cannot be written', async () => {
    const pairs = join(root, 'pairs.jsonl');
    writeFileSync(pairs, '');
    await expect(gate('--pairs', pairs, '--markdown', join(root, 'none', 'gate.md'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });

  async function gate(...args: readonly string[]): Promise<void> {
    const stream = { write: (text: string) => (said += text) };
    const program = new Command().exitOverride().configureOutput({ writeErr: (text) => (said += text) });
    addGate(program, { env: {}, stdout: stream, stderr: stream } as unknown as Terminal);
    await program.parseAsync(['gate', ...args], { from: 'user' });
  }
});
