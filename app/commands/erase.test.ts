import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ErasedTraces, EraseRequest } from '../api.js';
import { holdControlSocket, type ControlSocket } from '../control-socket.js';
import { addErase } from './erase.js';
import type { Terminal } from './shared.js';

const TRACE = '3efa4c1ce12cbd356a852d6a6702f7d9';
const QUESTION = 'This cannot be undone. Erase it? [y/N]';

describe('the question that assay erase asks on a terminal', () => {
  let root: string;
  let socket: ControlSocket;
  let erasures: boolean[];

  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'assay-erase-'));
    erasures = [];
    socket = await holdControlSocket(root, {
      kind: 'up',
      handler(_, [request]) {
        const { dryRun } = request as EraseRequest;
        erasures.push(dryRun);
        return Promise.resolve(answer(dryRun));
      },
    });
  });

  afterEach(async () => {
    await socket.close();
    rmSync(root, { recursive: true });
    process.exitCode = undefined;
  });

  it.each(['y', 'Yes'])('is answered with %s: it erases', async (typed) => {
    const said = await typing(`${typed}\r`);
    expect(erasures).toEqual([true, false]);
    expect(said.out).toContain('Erased the content of 1 trace');
    expect(said.err).toContain('Would erase the content of 1 trace');
    expect(process.exitCode).toBeUndefined();
  });

  it.each([
    ['no', 'n\r'],
    ['nothing', '\r'],
    ['another word', 'yesterday\r'],
    ['Ctrl+C', '\u0003'],
    ['Ctrl+D', '\u0004'],
    ['the end of the input', undefined],
  ])('is answered with %s: nothing is erased, and it says so', async (_, typed) => {
    const said = await typing(typed);
    expect(erasures).toEqual([true]);
    expect(said.out).toBe('');
    expect(said.err).toMatch(/Nothing was erased\.\n$/);
    expect(process.exitCode).toBe(1);
  });

  /** @param text - typed once asked; undefined ends the input */
  async function typing(text: string | undefined): Promise<{ readonly out: string; readonly err: string }> {
    const [stdin, stdout, stderr] = [fakeTty(), fakeTty(), fakeTty()];
    const program = new Command();
    const env = {};
    addErase(program, { stdin, stdout, stderr, env } as unknown as Terminal);
    const ended = program.parseAsync(['erase', '--trace', TRACE, '--data', root], { from: 'user' });
    await vi.waitFor(() => {
      expect(stderr.written()).toContain(QUESTION);
    });
    if (text === undefined) stdin.end();
    else stdin.write(text);
    await ended;
    return { out: stdout.written(), err: stderr.written() };
  }
});

function fakeTty(): PassThrough & { written(): string } {
  const chunks: Buffer[] = [];
  const stream = Object.assign(new PassThrough(), {
    isTTY: true,
    columns: 120,
    written: () => Buffer.concat(chunks).toString(),
  });
  const write = stream.write.bind(stream) as (chunk: string | Buffer) => boolean;
  stream.write = (chunk: string | Buffer): boolean => {
    chunks.push(Buffer.from(chunk));
    return write(chunk);
  };
  return stream;
}

function answer(dryRun: boolean): ErasedTraces {
  const traces = [{ tenant: 'default', traceId: TRACE }];
  const nothing = { openTraces: 0, spans: 1, logs: 0, decisions: 1, verdicts: 0, labels: 0 };
  return { traces, ...nothing, busRecords: null, judgeEntries: null, dryRun };
}
