import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TraceRow, Why } from '../app/index.js';
import { runAssay, startAssayProcess, temporaryDirectory, type AssayProcess } from './helpers/assay-process.js';
import {
  logsOf,
  logsRequest,
  modelCalls,
  parts,
  shuffled,
  spansOf,
  traceIdOf,
  tracesRequest,
  truthOf,
  type BigRun,
} from './big-traces.test-support.js';
import { until } from './helpers/until.js';

const MEBIBYTE = 1_048_576;
const REQUESTS = 40;
const QUIET_MS = 4_000;
const DEADLINE_MS = 15_000;

/**
 * Four traces each of 5,000 spans, of a message of 10 MB and of 2,000 log events, all open at once. Measured: 410 MiB at rest,
 * most of it the engine of the store, and up to 1,100 MiB. Above this bound something is kept that grows with what was sent.
 */
const MAX_RSS_MIB = 1_600;

const MANY: BigRun = { name: '5,000 spans', spans: 5_000, asked: 'please refund all orders', text: 'spans' };
const LONG: BigRun = { name: 'a message of 10 MB', spans: 10, asked: 'refund! '.repeat(1_310_720), text: 'spans' };
const LOGGED: BigRun = { name: '2,000 log events', spans: 2_000, asked: 'please refund all orders', text: 'logs' };

const RUNS = [MANY, LONG, LOGGED];
const DELIVERIES = ['whole', 'root first', 'root last', 'root missing'] as const;
type Delivery = (typeof DELIVERIES)[number];

interface Running extends AssayProcess {
  readonly url: string;
}

const DATA = temporaryDirectory();
let assay: Running;

describe.skipIf(process.platform !== 'linux')('big traces', () => {
  beforeAll(async () => {
    const settings = { quietMs: QUIET_MS, orphanQuietMs: QUIET_MS, deadlineMs: DEADLINE_MS };
    const args = Object.entries(settings).flatMap(([key, value]) => ['--set', `sampler.${key}=${value}`]);
    assay = await startAssayProcess({ data: DATA, args });
    console.info(`at rest: ${peakMebibytes()} MiB`);
    for (const run of RUNS) for (const delivery of DELIVERIES) await send(run, delivery);
    console.info(`received: ${peakMebibytes()} MiB at most`);
  }, 240_000);

  afterAll(async () => {
    await assay.stop();
  });

  it.each(RUNS)('are read alike, however they were split and ordered: $name', { timeout: 240_000 }, async (run) => {
    const whole = await decided(run, 'whole');
    expect(whole).toMatchObject({ complete: true, trajectory: { ...truthOf(run), spanCount: run.spans } });
    expect(stepsOf(whole, 'model')).toBe(modelCalls(run.spans));
    expect(stepsOf(whole, 'tool')).toBe(run.spans - 1 - modelCalls(run.spans));
    for (const delivery of ['root first', 'root last'] as const) {
      const split = await decided(run, delivery);
      expect(split.complete, delivery).toBe(true);
      expectAlike(split.trajectory, whole.trajectory, delivery);
      // What the sampler made of the trace as it came, and not as the store gives it back.
      expect(assessed(split), delivery).toEqual(assessed(whole));
    }
    const rootless = await decided(run, 'root missing');
    expect(rootless).toMatchObject({ complete: false, decision: { stratum: 'incomplete' } });
    expect(rootless.decision?.completeness).toBe(`no root span came within ${DEADLINE_MS / 1_000} s`);
    // Its own fields: it is no longer counted, and its end was the end of the run.
    const { durationMs } = rootless.trajectory;
    expectAlike(rootless.trajectory, { ...whole.trajectory, spanCount: run.spans - 1, durationMs }, 'root missing');
    expect(durationMs).toBe(whole.trajectory.durationMs - 1);
  });

  it(
    'make a version more for log events that come late, of what the store gives back',
    { timeout: 240_000 },
    async () => {
      const run = { ...LOGGED, spans: 200, name: 'late log events' };
      const traceId = idOf(run, 'whole');
      await post('traces', tracesRequest(spansOf(run, traceId)));
      const logs = logsOf(run, traceId);
      await post('logs', logsRequest(logs.slice(0, 1)));
      expect(await decided(run, 'whole')).toMatchObject({ version: 1, complete: true });
      await post('logs', logsRequest(logs));
      const again = await until(
        () => why(traceId),
        ({ version }) => version > 1,
      );
      expect(again).toMatchObject({ version: 2, complete: true, trajectory: truthOf(run) });
      // All that was sent, once more: the log events that were read back are known again.
      await post('logs', logsRequest(logs));
      await post('traces', tracesRequest(spansOf(run, traceId)));
      const marker = { ...LOGGED, spans: 4, name: 'a marker' };
      await send(marker, 'whole');
      await decided(marker, 'whole');
      expect((await why(traceId)).version).toBe(2);
    },
  );

  it('are held in bounded memory', () => {
    const peak = peakMebibytes();
    console.info(`decided and asked for: ${peak} MiB at most`);
    expect(peak).toBeLessThan(MAX_RSS_MIB);
  });

  it('are told in short by why when their text is long', { timeout: 120_000 }, async () => {
    const { code, stdout } = await runAssay(['why', idOf(LONG, 'whole'), '--data', DATA]);
    expect(code).toBe(0);
    expect(stdout).toContain('All orders were refunded.');
    expect(stdout.length).toBeLessThan(20_000);
  });

  it('are told in full by why, or what was left out is told', { timeout: 120_000 }, async () => {
    const { code, stdout } = await runAssay(['why', idOf(MANY, 'whole'), '--data', DATA]);
    expect(code).toBe(0);
    expect(stdout).toContain('please refund all orders');
    expect(stdout).toContain('5000 spans');
    const told = stdout.split('\n').filter((line) => / (model|tool) {4,}/.test(line)).length;
    console.info(`why tells ${told} steps of 4999 in ${stdout.length} characters`);
    const leftOut = Number(
      /(\d[\d,]*) (?:more steps|steps (?:are )?left out)/.exec(stdout)?.[1]?.replaceAll(',', '') ?? 0,
    );
    expect(told + leftOut).toBe(4_999);
  });
});

function idOf(run: BigRun, delivery: Delivery): string {
  return traceIdOf(`${run.name} ${delivery}`);
}

/** Posts a run in one request, or in 40 of them in an order of its own, the root in the first, the last, or in none. */
async function send(run: BigRun, delivery: Delivery): Promise<void> {
  const traceId = idOf(run, delivery);
  const [root, ...rest] = spansOf(run, traceId);
  const logs = run.text === 'logs' ? logsOf(run, traceId) : [];
  if (delivery === 'whole') {
    await post('traces', tracesRequest([root!, ...rest]));
    if (logs.length > 0) await post('logs', logsRequest(logs));
    return;
  }
  const seed = delivery.length;
  const requests = [
    ...parts(shuffled(rest, seed), REQUESTS).map((part) => ['traces', tracesRequest(part)] as const),
    ...parts(shuffled(logs, seed), REQUESTS).map((part) => ['logs', logsRequest(part)] as const),
  ];
  if (delivery === 'root first') await post('traces', tracesRequest([root!]));
  for (const [signal, body] of shuffled(requests, seed)) await post(signal, body);
  if (delivery === 'root last') await post('traces', tracesRequest([root!]));
}

async function post(signal: 'traces' | 'logs', body: object): Promise<void> {
  const response = await fetch(`${assay.url}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status, await response.text()).toBe(200);
}

/** The story of a trace once it is decided. */
async function decided(run: BigRun, delivery: Delivery): Promise<Why> {
  const traceId = idOf(run, delivery);
  await until(
    async () => {
      const { stdout } = await runAssay(['traces', '--data', DATA, '--limit', '100', '--json']);
      return (JSON.parse(stdout) as TraceRow[]).find((row) => row.traceId === traceId)?.outcome ?? 'unknown';
    },
    (outcome) => outcome !== 'unknown' && outcome !== 'open',
  );
  return why(traceId);
}

async function why(traceId: string): Promise<Why> {
  const { code, stdout, stderr } = await runAssay(['why', traceId, '--data', DATA, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Why;
}

function assessed({ findings, decision }: Why): object {
  const { suspicion, stratum, pi, settled } = decision ?? {};
  return { findings, suspicion, stratum, pi, settled };
}

function stepsOf({ trajectory }: Why, kind: string): number {
  return trajectory.steps.filter((step) => step.kind === kind).length;
}

/** Without printing megabytes when it does not hold. */
function expectAlike(got: Why['trajectory'], expected: Why['trajectory'], what: string): void {
  const differing = (Object.keys(expected) as (keyof Why['trajectory'])[]).filter(
    (key) => JSON.stringify(got[key]) !== JSON.stringify(expected[key]),
  );
  expect(differing, what).toEqual([]);
}

/** The most memory that the process has ever had. */
function peakMebibytes(): number {
  const status = readFileSync(`/proc/${assay.child.pid}/status`, 'utf8');
  const kibibytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
  return Math.round((kibibytes * 1_024) / MEBIBYTE);
}
