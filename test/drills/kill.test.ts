import { afterAll, describe, expect, it } from 'vitest';
import type { Report, TraceRow } from '../../app/index.js';
import { LEDGER_OUTCOMES } from '../../core/ledger-outcome.js';
import {
  runAssay,
  spawnAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../helpers/assay-process.js';
import { judgeArgs, startJudgeServer } from '../helpers/judge-server.js';
import { agentRun, traceIdOf } from '../../bench/agent-run.js';
import { deliver } from '../helpers/deliver.js';
import { until } from '../helpers/until.js';

/** Where the process dies, and at which pass. Between reply and verdict, between insert and commit, inside a flush, and more. */
const KILLS = [
  'judge-after-reply:3',
  'writer-after-insert:2',
  'sampler-after-append:1',
  'bus-append-after-flush:4',
  'judge-after-reserve:2',
  'writer-before-insert:3',
  'judge-after-reply:1',
  'bus-append-before-flush:5',
  'writer-after-insert:4',
  'sampler-before-commit:2',
  'judge-after-verdict:2',
  'writer-after-insert:1',
] as const;

const RUNS_PER_LIFE = 25;
const DATA = temporaryDirectory();

describe('kill -9 under load', () => {
  const children: AssayProcess[] = [];
  afterAll(async () => {
    for (const child of children) await child.stop();
  });

  it(`loses nothing and doubles nothing over ${KILLS.length} kills`, { timeout: 300_000 }, async () => {
    const judge = await startJudgeServer();
    const args = [...judgeArgs(judge), '--set', 'sampler.quietMs=300', '--set', 'sampler.pi.unsuspected=0.5'];
    const delivered = new Set<string>();
    let url = 'http://127.0.0.1:1';
    const over = new AbortController();
    let next = 0;
    let goal = 0;
    async function sender(): Promise<void> {
      while (!over.signal.aborted) {
        if (next >= goal) {
          await new Promise((done) => setTimeout(done, 10));
          continue;
        }
        const number = next++;
        await deliver(() => url, agentRun({ number, truncated: number % 9 === 0 }), over.signal);
        delivered.add(traceIdOf(number));
      }
    }
    const senders = [sender(), sender(), sender()].map((work) =>
      work.catch((error: unknown) => (over.signal.aborted ? undefined : Promise.reject(error as Error))),
    );

    for (const fault of KILLS) {
      goal += RUNS_PER_LIFE;
      const doomed = spawnAssay({ data: DATA, args, env: { ASSAY_FAULT: fault } });
      children.push(doomed);
      void doomed.listening.then((address) => (url = address));
      expect(await doomed.ended, fault).toEqual({ code: null, signal: 'SIGKILL' });
    }
    const running = await startAssayProcess({ data: DATA, args });
    children.push(running);
    ({ url } = running);
    goal += RUNS_PER_LIFE;
    await until(
      async () => delivered.size,
      (size) => size === goal,
    );
    const ask = async (): Promise<Report> =>
      JSON.parse((await runAssay(['report', '--data', DATA, '--json'])).stdout) as Report;
    const report = await until(
      ask,
      ({ coverage }) => coverage.received === goal && coverage.open === 0 && coverage.pending === 0,
      120_000,
    );
    over.abort();
    await Promise.all(senders);

    expect(LEDGER_OUTCOMES.reduce((sum, outcome) => sum + report.coverage[outcome], 0)).toBe(report.coverage.received);
    expect(report.coverage.settled).toBe([...Array(goal).keys()].filter((number) => number % 9 === 0).length);
    const rows = JSON.parse(
      (await runAssay(['traces', '--data', DATA, '--limit', '100000', '--json'])).stdout,
    ) as TraceRow[];
    expect(new Set(rows.map((row) => row.traceId))).toEqual(delivered);
    expect(rows).toHaveLength(goal);

    await running.stop();
    const spend = report.spend;
    const verdicts = report.coverage.judged;
    // Two passes settle a majority of three; audits of settled traces are judged too, and calls in flight at a kill repeat.
    expect(judge.requests()).toBeLessThanOrEqual(spend.calls);
    expect(spend.calls).toBeGreaterThanOrEqual(verdicts * 2);
    await judge.close();
  });
});
