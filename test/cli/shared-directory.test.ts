import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { holdControlSocket, tryHoldControlSocket } from '../../app/control-socket.js';
import { PipelineError } from '../../core/errors.js';
import {
  runAssay,
  spawnAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { until } from '../helpers/until.js';

const running: AssayProcess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) await child.stop();
});

async function stoppedDirectory(): Promise<string> {
  const data = join(temporaryDirectory(), 'data');
  await (await startAssayProcess({ data })).stop();
  return data;
}

const socketOf = (data: string) =>
  until(
    () => Promise.resolve(existsSync(join(data, 'control.sock'))),
    (exists) => exists,
  );

const nobody = () => Promise.resolve(undefined);

describe('commands on one data directory', () => {
  it('all answer when several look at once at what a stopped Assay left', async () => {
    const data = await stoppedDirectory();
    const commands = ['report', 'traces', 'report', 'traces'];
    const results = await Promise.all(commands.map((command) => runAssay([command, '--data', data])));
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      commands.map(() => ({ code: 0, stderr: '' })),
    );
    expect(readdirSync(data).filter((name) => name.startsWith('control'))).toEqual([]);
  }, 60_000);

  it('wait for an Assay that is starting, on a directory that was empty before', async () => {
    const data = join(temporaryDirectory(), 'data');
    const assay = spawnAssay({ data });
    running.push(assay);
    await socketOf(data);
    expect(await runAssay(['report', '--data', data])).toMatchObject({ code: 0, stderr: '' });
  }, 60_000);

  it('do not keep an Assay from starting', async () => {
    const data = await stoppedDirectory();
    const command = runAssay(['report', '--data', data]);
    await socketOf(data);
    const assay = await startAssayProcess({ data });
    running.push(assay);
    expect(await command).toMatchObject({ code: 0, stderr: '' });
  }, 60_000);
});

describe('assay up', () => {
  it('stops cleanly when it is told to before it is ready', async () => {
    const data = join(temporaryDirectory(), 'data');
    const assay = spawnAssay({ data });
    running.push(assay);
    await socketOf(data);
    assay.child.kill('SIGINT');
    expect(await assay.ended).toEqual({ code: 0, signal: null });
    expect(assay.output()).not.toContain('listens on');
    expect(existsSync(join(data, 'control.sock'))).toBe(false);
  }, 60_000);
});

describe('the control socket', () => {
  it('has one owner when many find what a killed process left', async () => {
    const root = temporaryDirectory();
    await leaveStaleSocket(root);
    // Above the highest process id of Linux, so that its owner is dead.
    writeFileSync(join(root, 'control.lock'), '4194305');
    const tries = Array.from({ length: 20 }, () => tryHoldControlSocket(root, { kind: 'up', handler: nobody }));
    const held = (await Promise.all(tries)).filter((socket) => socket !== undefined);
    expect(held).toHaveLength(1);
    await held[0]?.close();
    expect(readdirSync(root)).toEqual([]);
  });

  it('passes from a command to the Assay that waits for it, and from an Assay to nobody', async () => {
    const root = temporaryDirectory();
    const command = await holdControlSocket(root, { kind: 'command', handler: nobody });
    const waiting = holdControlSocket(root, { kind: 'up', handler: nobody });
    await command.close();
    const up = await waiting;
    const refused = await holdControlSocket(root, { kind: 'up', handler: nobody }).catch((error: unknown) => error);
    await up.close();
    expect(refused).toBeInstanceOf(PipelineError);
    expect((refused as PipelineError).code).toBe('DATA_DIRECTORY_BUSY');
  });
});

/** A socket file that nobody listens on any more. */
async function leaveStaleSocket(root: string): Promise<void> {
  const assay = spawnAssay({ data: root });
  await socketOf(root);
  assay.child.kill('SIGKILL');
  await assay.ended;
  for (const name of readdirSync(root)) if (name !== 'control.sock') rmSync(join(root, name), { recursive: true });
}
