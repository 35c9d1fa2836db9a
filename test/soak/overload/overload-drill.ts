import { setTimeout as delay } from 'node:timers/promises';
import { usageOf } from '../../../bench/intake/process-stats.js';
import { percentile } from '../../../bench/percentile.js';
import { spawnAssay, type AssayProcess } from '../../helpers/assay-process.js';
import { judgeArgs, startJudgeServer } from '../../helpers/judge-server.js';
import { until } from '../../helpers/until.js';
import { whenAborted, type DrillOptions } from '../kill-drill.js';
import { newBadClientsSeen, runBadClients, type BadClientsSeen } from './bad-clients.js';
import { countStored, type Stored } from './count-stored.js';
import { createPacedLoad, newSeen, type PacedLoad, type Seen } from './paced-load.js';
import type { Sample } from './slope.js';
import { createStampedRequests, SPANS_PER_BATCH, TRACES_PER_BATCH } from './stamped-requests.js';

export interface OverloadOptions extends DrillOptions {
  readonly minutes: number;
  /** Spans a second; measured when it is left out. */
  readonly rate?: number;
}

/** What came out of quiet and loud phases. */
export interface Overload {
  readonly sustainedRate: number;
  readonly measured: boolean;
  /** The sustained rate, nobody bad. */
  readonly quiet: Phase;
  /** Twice of it, nobody bad: what of the loud phase is overload alone. */
  readonly busy: Phase;
  /** Twice of it, among bad clients. */
  readonly loud: Phase;
  readonly bad: BadClientsSeen;
  /** Of the whole process, a second apart, from the start of the loud phase on. */
  readonly rssAnonMib: readonly Sample[];
  readonly rssFileMib: number;
  readonly stored: Stored;
  readonly drainSeconds: number;
}

export interface Phase {
  readonly seconds: number;
  readonly offeredPerSecond: number;
  readonly seen: Seen;
}

const SETTINGS = [
  // So that ten minutes at twice the rate reach the bound, and are not put by on the disk.
  'bus.capacityBytes=1073741824',
  'bus.retention.maxBytes=67108864',
  'bus.retention.sweepIntervalMs=1000',
  // A share that a budget could pay for at such a rate.
  'sampler.pi.unsuspected=0.002',
  'judges.dailyBudgetUsd=1000',
  'judges.weeklyBudgetUsd=1000',
];
const MODEL_MS = 50;
/** sampler.quietMs: no trace is decided before. */
const QUIET_PERIOD_SECONDS = 2;
const WARM_UP_SECONDS = 5;
const MEASURE_SECONDS = 30;
const QUIET_SECONDS = 60;
const SAY_MS = 5_000;
const LOOK_MS = 500;
const DRAIN_LIMIT_MS = 900_000;
const MALFORMED_SHARE = 0.1;

/** Offers twice of what Assay sustains, among bad clients, and looks at memory, latency and what is in the store at the end. */
export async function runOverload(options: OverloadOptions): Promise<Overload> {
  const { data, say, signal, seed } = options;
  const judge = await startJudgeServer();
  judge.behave(({ prompt }) => ({ latencyMs: MODEL_MS, quote: quoteOf(prompt) }));
  const sets = SETTINGS.flatMap((setting) => ['--set', setting]);
  const assay = spawnAssay({ data, args: [...judgeArgs(judge), ...sets] });
  const aborted = whenAborted(signal);
  const died = assay.ended.then(({ code, signal: by }) => {
    throw new Error(`expected Assay to run on, it ended with ${String(by ?? code)}:\n${assay.output().slice(-4_000)}`);
  });
  died.catch(() => undefined);
  let load: PacedLoad | undefined;
  try {
    const address = await Promise.race([assay.listening, died, aborted]);
    const requests = createStampedRequests(Date.now() >>> 0);
    load = createPacedLoad({ address, requests, seed, signal });
    const phases = runPhases({ ...options, address, assay, load });
    const result = await Promise.race([phases, died, aborted]);
    say('stopping Assay, then counting what is in its store');
    await assay.stop();
    return { ...result, stored: await countStored(data, { prefix: requests.prefix, load }) };
  } finally {
    load?.close();
    assay.child.kill('SIGKILL');
    await assay.ended;
    await judge.close();
  }
}

interface Phases extends OverloadOptions {
  readonly address: string;
  readonly assay: AssayProcess;
  readonly load: PacedLoad;
}

async function runPhases(deps: Phases): Promise<Omit<Overload, 'stored'>> {
  const { say, load, minutes, address } = deps;
  const measured = deps.rate === undefined;
  const sustainedRate = deps.rate ?? (await sustained(deps));
  const perSecond = sustainedRate / SPANS_PER_BATCH;
  const quietSeconds = Math.min(QUIET_SECONDS, minutes * 60);
  say(`quiet: ${Math.round(sustainedRate)} spans/s for ${quietSeconds} s`);
  const quiet: Phase = { seconds: quietSeconds, offeredPerSecond: sustainedRate, seen: newSeen() };
  await watched(deps, quiet, () => load.run({ perSecond, seconds: quietSeconds, seen: quiet.seen }));

  await idle(deps);

  const busy: Phase = { seconds: quietSeconds, offeredPerSecond: 2 * sustainedRate, seen: newSeen() };
  say(`overload alone: ${Math.round(busy.offeredPerSecond)} spans/s for ${quietSeconds} s`);
  await watched(deps, busy, () => load.run({ perSecond: 2 * perSecond, seconds: quietSeconds, seen: busy.seen }));
  await idle(deps);

  const loud: Phase = { seconds: minutes * 60, offeredPerSecond: 2 * sustainedRate, seen: newSeen() };
  say(`overload: ${Math.round(loud.offeredPerSecond)} spans/s among bad clients for ${loud.seconds} s`);
  const bad = newBadClientsSeen();
  const over = new AbortController();
  const stop = (): void => {
    over.abort();
  };
  deps.signal.addEventListener('abort', stop, { once: true });
  const malformedPerSecond = 2 * perSecond * MALFORMED_SHARE;
  const bothering = runBadClients({ address, malformedPerSecond, seen: bad, signal: over.signal });
  const memory = await watched(deps, loud, () =>
    load.run({ perSecond: 2 * perSecond, seconds: loud.seconds, seen: loud.seen }),
  ).finally(stop);
  await bothering;
  const startedMs = performance.now();
  say('sending what still waits, and waiting until all of it is stored and decided');
  await idle(deps);
  return {
    sustainedRate,
    measured,
    quiet,
    busy,
    loud,
    bad,
    ...memory,
    drainSeconds: (performance.now() - startedMs) / 1_000,
  };
}

/** Sends as fast as it is taken for a while. @returns spans a second until all of it was stored and decided */
async function sustained(deps: Phases): Promise<number> {
  const { load, say } = deps;
  await load.run({ perSecond: 0, seconds: WARM_UP_SECONDS, seen: newSeen() });
  await idle(deps);
  say(
    `measuring the sustained rate: as fast as it is taken for ${MEASURE_SECONDS} s, until all of it is stored and decided`,
  );
  const [before, startedMs] = [load.acknowledged.size, performance.now()];
  await load.run({ perSecond: 0, seconds: MEASURE_SECONDS, seen: newSeen() });
  await idle(deps);
  const seconds = (performance.now() - startedMs) / 1_000 - QUIET_PERIOD_SECONDS;
  return ((load.acknowledged.size - before) * SPANS_PER_BATCH) / seconds;
}

interface Progress {
  readonly written: number;
  readonly decided: number;
  readonly busBytes: number;
}

async function progress({ address }: Pick<Phases, 'address'>): Promise<Progress> {
  const page = await (await fetch(`${address}/metrics`)).text();
  const value = (pattern: RegExp): number =>
    [...page.matchAll(pattern)].reduce((sum, [, amount]) => sum + Number(amount), 0);
  return {
    written: value(/^assay_store_written_rows_total\{[^}]*topic="spans"[^}]*\} (\S+)/gm),
    decided: value(/^assay_sampler_decided_traces_total(?:\{[^}]*\})? (\S+)/gm),
    busBytes: value(/^assay_bus_size_bytes (\S+)/gm),
  };
}

/** Resolves when what was acknowledged is stored and decided. */
async function idle(deps: Phases): Promise<void> {
  const { load } = deps;
  await load.drain();
  const [spans, traces] = [SPANS_PER_BATCH, TRACES_PER_BATCH].map((of) => load.acknowledged.size * of) as [
    number,
    number,
  ];
  await until(
    async () => {
      deps.signal.throwIfAborted();
      await delay(LOOK_MS);
      return progress(deps);
    },
    ({ written, decided }) => written >= spans && decided >= traces,
    DRAIN_LIMIT_MS,
  );
}

/** Samples memory and says how it goes while `work` runs. */
async function watched(
  deps: Phases,
  { seen }: Phase,
  work: () => Promise<void>,
): Promise<Pick<Overload, 'rssAnonMib' | 'rssFileMib'>> {
  const pid = deps.assay.child.pid!;
  const rssAnonMib: Sample[] = [];
  let rssFileMib = 0;
  const startedMs = performance.now();
  const look = (): void => {
    const usage = usageOf(pid);
    rssAnonMib.push({ atMs: performance.now() - startedMs, value: usage.rssAnonMib });
    rssFileMib = Math.max(rssFileMib, usage.rssFileMib);
  };
  const sampler = setInterval(look, 1_000);
  const teller = setInterval(() => void tell(deps, seen, rssAnonMib).catch(() => undefined), SAY_MS);
  try {
    await work();
  } finally {
    clearInterval(sampler);
    clearInterval(teller);
  }
  return { rssAnonMib, rssFileMib };
}

async function tell(deps: Phases, seen: Seen, memory: readonly Sample[]): Promise<void> {
  const { written, busBytes } = await progress(deps);
  const waits = deps.load.acknowledged.size * SPANS_PER_BATCH - written;
  deps.say(
    `${Math.round((memory.at(-1)?.atMs ?? 0) / 1_000)} s  ${seen.acknowledgedMs.length} requests acknowledged (p99 ${Math.round(percentile(seen.acknowledgedMs, 0.99))} ms), ${seen.refusedMs.length} refused, ${seen.dropped} dropped by senders  RssAnon ${memory.at(-1)?.value ?? 0} MiB, bus ${Math.round(busBytes / 2 ** 20)} MiB, ${waits} spans not yet stored`,
  );
}

/** Words of the evidence, which follow the marker. */
function quoteOf(prompt: string): string {
  const evidence = prompt.slice(prompt.indexOf('The evidence, one JSON object a line'));
  return /text\\":\\"([a-z ]{12,60})/.exec(evidence)?.[1] ?? 'no words found';
}
