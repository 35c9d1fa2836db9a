import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeadLetter, DeadLetterList, ReplayedLetters, TraceRow } from '../../app/index.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { busConfig, createLmdbLog, type EmbeddedLog } from '../../bus/index.js';
import { systemClock } from '../../core/clock.js';
import { bury } from '../../core/dead-letter.js';
import type { LogRecord, Topic } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import { scanned } from '../contracts/log.js';
import {
  askAssay,
  runAssay,
  spawnAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { deliver } from '../helpers/deliver.js';
import { until } from '../helpers/until.js';

const never = new AbortController().signal;
const args = ['--set', 'sampler.quietMs=200', '--set', 'sampler.pi.unsuspected=1'];
const KEY = 'f'.repeat(32);

const PLACE = { partition: 0, offset: 7, acceptedAtMs: 1_760_000_000_000, headers: {} };

/** What no reader of the topic can read. */
function poison(topic: Topic, text = `{"no ${topic}"`): LogRecord {
  return { topic, key: KEY, value: Buffer.from(text), headers: { 'assay.tenant': 'acme' } };
}

describe('assay dead-letters', { timeout: 120_000 }, () => {
  let data: string;
  let running: AssayProcess | undefined;

  beforeEach(() => {
    data = join(temporaryDirectory(), 'data');
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
  });

  /** Works on the bus while no Assay runs. */
  async function onBus<T>(work: (log: EmbeddedLog) => Promise<T>): Promise<T> {
    const log = createLmdbLog(
      { directory: join(data, 'bus'), ...busConfig.parse({}) },
      { clock: systemClock, logger: silentLogger, metrics: noMetrics },
    );
    await log.start(never);
    try {
      return await work(log);
    } finally {
      await log.stop(never);
    }
  }

  const list = (): Promise<DeadLetterList> => askAssay(data, 'dead-letters', 'list');

  const listed = (total: number): Promise<DeadLetterList> => until(list, (found) => found.total === total);

  async function start(): Promise<string> {
    const started = await startAssayProcess({ data, args });
    running = started;
    return started.url;
  }

  it('lists what no role could read, once each, and what lay behind it was decided and stored', async () => {
    await onBus((log) => log.append([poison('spans'), poison('decisions'), poison('judgements'), poison('logs')]));
    const url = await start();
    await deliver(() => url, agentRun({ number: 1 }), AbortSignal.timeout(10_000));
    const { letters } = await listed(4);
    expect(letters.map(({ id, role }) => `${id} ${role}`).sort()).toEqual([
      'decisions/0/0 write',
      'judgements/0/0 judge',
      'logs/0/0 write',
      'spans/0/0 write',
    ]);
    for (const { key, tenant, reason } of letters) {
      expect({ key, tenant }).toEqual({ key: KEY, tenant: 'acme' });
      expect(reason).not.toBe('');
    }
    const rows = await until(
      () => askAssay<readonly TraceRow[]>(data, 'traces'),
      ([row]) => row !== undefined && row.outcome !== 'open' && row.outcome !== 'pending',
    );
    expect(rows).toMatchObject([{ traceId: traceIdOf(1) }]);
    expect((await list()).total).toBe(4);
  });

  it('shows and replays beside a running Assay and without one', async () => {
    await onBus((log) => log.append([poison('decisions'), poison('verdicts', 'no verdict\n')]));
    await start();
    await listed(2);
    const shown = await askAssay<DeadLetter>(data, 'dead-letters', 'show', 'decisions/0/0');
    expect(Buffer.from(shown.base64 ?? '', 'base64').toString()).toBe('{"no decisions"');
    const raw = await runAssay(['dead-letters', 'show', 'verdicts/0/0', '--raw', '--data', data]);
    expect(raw).toEqual({ code: 0, stdout: 'no verdict\n', stderr: '' });

    const once = await askAssay<ReplayedLetters>(data, 'dead-letters', 'replay', 'decisions/0/0');
    expect(once.replayed).toEqual(['decisions/0/0']);
    // It is as unreadable as before, under a new id.
    const { letters } = await listed(3);
    expect(letters.map(({ id, replayedAt }) => [id, replayedAt !== null]).sort()).toEqual([
      ['decisions/0/0', true],
      ['decisions/0/1', false],
      ['verdicts/0/0', false],
    ]);

    await running?.stop();
    running = undefined;
    expect(await list()).toMatchObject({ total: 3, replayed: 1 });
    const all = await runAssay(['dead-letters', 'replay', '--all', '--data', data]);
    expect(all).toEqual({ code: 0, stdout: 'Replayed 1 to verdicts, 1 to decisions.\n', stderr: '' });
    const again = await runAssay(['dead-letters', 'replay', '--all', '--data', data]);
    expect(again.stdout).toBe('Nothing was replayed.\n');
    expect(await onBus((log) => scanned(log, 'verdicts'))).toHaveLength(2);
  });

  it.each(['receive', 'judge'])('answers where %s alone runs', async (role) => {
    const left = poison('judgements');
    await onBus((log) => bury([{ record: { ...left, ...PLACE }, role: 'judge', error: new Error('odd') }], log));
    const assay = spawnAssay({ data, command: 'run', args: ['--role', role] });
    running = assay;
    await until(
      () => Promise.resolve(assay.output()),
      (text) => text.includes('keeps its data in'),
    );
    expect(await list()).toMatchObject({ total: 1, letters: [{ id: 'judgements/0/7', code: 'Error' }] });
  });

  it('lists a record once that comes again after a kill between its letter and the commit', async () => {
    await onBus((log) => log.append([poison('spans')]));
    const killed = spawnAssay({ data, args, env: { ASSAY_FAULT: 'writer-after-insert:1' } });
    expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
    expect(await onBus((log) => scanned(log, 'dead-letters'))).toHaveLength(1);
    const url = await start();
    await deliver(() => url, agentRun({ number: 2 }), AbortSignal.timeout(10_000));
    await until(
      () => askAssay<readonly TraceRow[]>(data, 'traces'),
      (rows) => rows.length === 1,
    );
    await running?.stop();
    running = undefined;
    expect(await onBus((log) => scanned(log, 'dead-letters'))).toHaveLength(2);
    expect(await list()).toMatchObject({ total: 1, letters: [{ id: 'spans/0/0' }] });
  });

  it('says in one sentence what is missing, or was given wrongly', async () => {
    const nowhere = await runAssay(['dead-letters', 'list', '--data', data]);
    expect(nowhere).toMatchObject({ code: 3, stdout: '' });
    expect(nowhere.stderr).toMatch(/^assay: expected a running Assay or the bus of an earlier run in .*--data.*\n$/);
    await onBus((log) => log.append([poison('spans')]));
    const empty = await runAssay(['dead-letters', 'list', '--data', data]);
    expect(empty).toEqual({ code: 0, stdout: 'No dead letters.\n', stderr: '' });
    const unknown = await runAssay(['dead-letters', 'show', 'spans/0/0', '--data', data]);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain('assay dead-letters list');
    expect((await runAssay(['dead-letters', 'show', 'spans', '--data', data])).code).toBe(2);
    const neither = await runAssay(['dead-letters', 'replay', '--data', data]);
    expect(neither.code).toBe(2);
    expect(neither.stderr).toContain('expected ids or --all, got neither');
    for (const task of ['list', 'show', 'replay'])
      expect((await runAssay(['dead-letters', task, '--help'])).stdout).toContain('Examples:');
  });
});
