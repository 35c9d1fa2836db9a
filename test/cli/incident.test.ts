import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AlarmStory } from '../../app/alarms/api.js';
import type { AlarmTransition } from '../../core/alarm.js';
import type { FaultPoint } from '../../core/fault-points.js';
import type { Coverage } from '../../core/ledger-outcome.js';
import { packageRoot } from '../../core/package-root.js';
import type * as Processes from '../../demo/processes.js';
import { askAssay, spawnAssay, temporaryDirectory, type AssayProcess } from '../helpers/assay-process.js';
import { createPagerdutyReceiver, type Incident, type PagerdutyReceiver } from '../helpers/pagerduty-receiver.js';
import { freePort } from '../helpers/free-port.js';
import { until } from '../helpers/until.js';

const SEED = 7;
const BASELINE_TRACES = 3_000;
/** Where the process is killed, one after the other, on the way from what a look found to what the receiver has. */
const STEPS: readonly FaultPoint[] = [
  'gate-before-writing',
  'gate-after-writing',
  'gate-after-telling',
  'notifier-before-send',
  'notifier-after-send',
];
const LONG_MS = 240_000;
const HOUR_MS = 3_600_000;

let data: string;
let port: number;
let model: Processes.ModelProcess;
let processes: typeof Processes;
let receiver: PagerdutyReceiver;
let pagerduty: { readonly url: string; close(): void };
let assay: AssayProcess | undefined;

beforeEach(async () => {
  data = temporaryDirectory();
  port = await freePort();
  // The demo's fleet runs from what was built: its parts are processes.
  processes = (await import(
    pathToFileURL(join(packageRoot(), 'dist', 'demo', 'processes.js')).href
  )) as typeof Processes;
  model = await processes.startModelProcess({ seed: SEED, port: 0 });
  receiver = createPagerdutyReceiver();
  pagerduty = await servePagerduty(receiver);
});

afterEach(async () => {
  await assay?.stop();
  await model.stop();
  pagerduty.close();
});

async function servePagerduty(of: PagerdutyReceiver): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((req, res) => {
    void buffer(req).then((body) => {
      const { status, body: answer } = of.take({ path: req.url ?? '', headers: req.headers, body });
      res.writeHead(status, { 'content-type': 'application/json' }).end(answer);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** @param lookMs - an hour where somebody else is to find it */
function settings(lookMs: number): readonly string[] {
  const channel = 'notify.channels.on-call';
  const sets = [
    ...['sampler.quietMs=300', `sampler.salt=assay-demo-seed-${SEED}`, 'sampler.pi.unsuspected=0.08'],
    ...[
      'judges.criteria=[task-completion]',
      'judges.rubricsDirectory=""',
      'judges.dailyBudgetUsd=100',
      'judges.weeklyBudgetUsd=100',
    ],
    ...['models.judge.provider=openai', 'models.judge.model=scripted-judge', 'models.judge.apiKey=scripted'],
    `models.judge.baseUrl=${model.url}/v1`,
    ...['models.prices.scripted-judge.inputUsdPerMillion=0.15', 'models.prices.scripted-judge.outputUsdPerMillion=0.6'],
    ...[`gates.lookMs=${lookMs}`, 'gates.batchMs=1000', `gates.baselineTraces=${BASELINE_TRACES}`],
    ...[`${channel}.kind=pagerduty`, `${channel}.routingKey=${'a'.repeat(32)}`, `${channel}.url=${pagerduty.url}`],
    ...['notify.backoffMs=50', 'notify.maxBackoffMs=200'],
  ];
  return ['--http', `127.0.0.1:${port}`, ...sets.flatMap((set) => ['--set', set])];
}

async function start(lookMs: number, fault?: FaultPoint): Promise<AssayProcess> {
  const env = fault === undefined ? {} : { env: { ASSAY_FAULT: `${fault}:1` } };
  assay = spawnAssay({ data, args: settings(lookMs), ...env });
  const { listening, ended, output } = assay;
  // One that dies at an armed point may do so before it says that it listens.
  const early = await Promise.race([listening.then(() => undefined), ended]);
  if (early !== undefined && fault === undefined) throw new Error(`it ended at once: ${output()}`);
  return assay;
}

/** A release's traffic, from its first span to its last verdict, while no gate looks. */
async function serve(
  ...releases: readonly (readonly [release: string, traces: number, seed: number])[]
): Promise<void> {
  const running = await start(HOUR_MS);
  for (const [release, traces, seed] of releases) {
    const fleet = { seed, release, traces, concurrency: 16, otlpUrl: `http://127.0.0.1:${port}`, modelUrl: model.url };
    await processes.runFleetProcess(fleet, () => undefined, new AbortController().signal);
  }
  await until(
    async () => (await askAssay<{ coverage: Coverage }>(data, 'report')).coverage,
    ({ open, pending }) => open + pending === 0,
    LONG_MS,
  );
  await running.stop();
}

/** Starts it again and again, and each start ends by itself at the next of the steps; the last one stays. */
async function dieAtEachStep(): Promise<void> {
  for (const step of STEPS) {
    const dying = await start(300, step);
    expect(await dying.ended, `${step}: ${dying.output().slice(-500)}`).toMatchObject({ signal: 'SIGKILL' });
  }
  await start(300);
}

async function incidentIs(state: Incident['state']): Promise<void> {
  await until(
    async () => receiver.incidents,
    (incidents) => incidents.some((one) => one.state === state),
  );
}

it('makes one incident of a bad release and ends it once that is taken back, killed between any two steps', async () => {
  await serve(['1.0', BASELINE_TRACES, SEED], ['1.1', 600, SEED]);
  await dieAtEachStep();
  await incidentIs('triggered');
  const [firing] = await askAssay<readonly AlarmTransition[]>(data, 'alarms', 'list');
  expect(firing).toMatchObject({
    ...{ state: 'firing', kind: 'regression', severity: 'critical' },
    subject: { release: '1.1', criterion: 'task-completion' },
    details: { baselineRelease: '1.0' },
  });
  await assay?.stop();

  await serve(['1.0', 1_500, SEED + 1]);
  await dieAtEachStep();
  await incidentIs('resolved');
  await assay?.stop();

  expect(receiver.incidents).toHaveLength(1);
  const [incident] = receiver.incidents;
  expect(incident).toMatchObject({ key: firing?.alarmId, state: 'resolved', severity: 'critical' });
  expect(incident?.summary).toMatch(/1\.1 .*fails task-completion by its checks in .* of its traces since .* in 1\.0/);
  const { steps, notifications } = await askAssay<AlarmStory>(data, 'alarms', 'show', firing?.alarmId ?? '');
  expect(steps.map(({ state, sequence }) => [state, sequence])).toEqual([
    ['firing', 1],
    ['resolved', 2],
  ]);
  expect(new Set(notifications.map(({ state, outcome }) => `${state} ${outcome}`))).toEqual(
    new Set(['firing taken', 'resolved taken']),
  );
}, 900_000);
