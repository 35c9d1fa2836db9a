import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TraceFilter } from '../api.js';
import { holdControlSocket, type ControlSocket } from '../control-socket.js';
import { addTraces } from './query-commands.js';
import type { Terminal } from './shared.js';

describe('assay traces', () => {
  let root: string;
  let socket: ControlSocket;
  let asked: TraceFilter[];
  let said: string;

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'assay-traces-'));
    [asked, said] = [[], ''];
    socket = await holdControlSocket(root, {
      kind: 'up',
      handler(_, [filter]) {
        asked.push(filter as TraceFilter);
        return Promise.resolve([]);
      },
    });
  });

  afterEach(async () => {
    await socket.close();
    rmSync(root, { recursive: true });
  });

  it.each(['failed', 'suspected', 'unjudged', 'errors', 'excluded'])('asks for %s traces alone', async (only) => {
    await traces(`--${only}`);
    expect(asked).toEqual([{ limit: 20, only }]);
  });

  it('refuses two filters at once, and names them', async () => {
    await expect(traces('--failed', '--excluded')).rejects.toMatchObject({ exitCode: 1 });
    expect(said).toBe(
      'error: expected one of --failed, --suspected, --unjudged, --errors and --excluded, got --failed and --excluded\n',
    );
    expect(asked).toEqual([]);
  });

  async function traces(...args: readonly string[]): Promise<void> {
    const stream = { write: (text: string) => (said += text) };
    const program = new Command().exitOverride().configureOutput({ writeErr: (text) => (said += text) });
    const [env, stdout, stderr] = [{}, stream, stream];
    addTraces(program, { env, stdout, stderr } as unknown as Terminal);
    await program.parseAsync(['traces', '--data', root, ...args], { from: 'user' });
  }
});
