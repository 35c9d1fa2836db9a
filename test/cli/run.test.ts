import { afterEach, describe, expect, it } from 'vitest';
import type { TraceRow } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import {
  askAssay,
  runAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { until } from '../helpers/until.js';

describe('assay run', () => {
  let running: AssayProcess | undefined;
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  async function start(data: string, ...roles: readonly string[]): Promise<string> {
    const args = roles.length === 0 ? [] : ['--role', roles.join(',')];
    const started = await startAssayProcess({ data, args, command: roles.length === 0 ? 'up' : 'run' });
    running = started;
    return started.url;
  }

  it('receives alone, and what it took is worked off by whoever starts next', { timeout: 60_000 }, async () => {
    const data = temporaryDirectory();
    const url = await start(data, 'receive');
    await deliver(() => url, agentRun({ number: 1 }), AbortSignal.timeout(10_000));
    const refused = await runAssay(['traces', '--data', data]);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toContain('expected an Assay with the roles query for this');
    await running?.stop();
    await start(data);
    const rows = await until(
      () => askAssay<readonly TraceRow[]>(data, 'traces'),
      (traces) => traces.length === 1,
    );
    expect(rows[0]).toMatchObject({ traceId: traceIdOf(1) });
  });

  it('stores what it takes when it has the writer too', { timeout: 60_000 }, async () => {
    const data = temporaryDirectory();
    const url = await start(data, 'receive', 'write');
    await deliver(() => url, agentRun({ number: 2 }), AbortSignal.timeout(10_000));
    const why = async (): Promise<string> => (await runAssay(['why', traceIdOf(2), '--data', data])).stdout;
    expect(await until(why, (text) => text !== '')).toContain('none yet: the trace is still open');
  });

  it('names the roles when it is given another', async () => {
    const result = await runAssay(['run', '--role', 'receive,watch'], { cwd: temporaryDirectory() });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain('expected receive, sample, judge, publish, gate, write, got "watch".');
  });
});
