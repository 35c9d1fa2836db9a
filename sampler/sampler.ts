import type { Component } from '../core/component.js';
import { appendOrBury } from '../core/dead-letter.js';
import { faultPoint } from '../core/fault-points.js';
import type { LogReader } from '../core/log.js';
import { Assembly, type DueTrace } from './assembly.js';
import { buildOutcome, entryOf, type Outcome, type OutcomeDeps } from './build-outcome.js';
import type { SamplerConfig } from './config.js';
import { DecidedIndex } from './decided-index.js';
import { createDecider } from './decider.js';
import { Ends } from './ends.js';
import { Holdings } from './holdings.js';
import { followDecisions, takeUpDecisions } from './index-follower.js';
import { ingest } from './ingest.js';
import type { OpenTrace } from './open-trace.js';
import { persist } from './persist.js';
import { Policies } from './policies.js';
import { ReadBack } from './read-back.js';
import { openSalt } from './salt.js';
import { createSamplerMetrics, type SamplerMetrics } from './sampler-metrics.js';
import type { SamplerDeps } from './sampler-deps.js';
import { SOURCE_TOPICS, type SourceTopic } from './source-topic.js';

/** The consumer group that reads spans and log events, and the decisions on them. */
export const SAMPLER_GROUP = 'sample';

/** Shortest time between two looks for traces that are due. Each that finds some costs a flush of the bus, which receivers wait for. */
const LOOK_MS = 50;
/** Shortest time between two commits, which are flushes too. What was not committed is read again after a crash, and known by the index. */
const COMMIT_EVERY_MS = 250;
/** Traces decided in one append, and the bytes after which no more are added. */
const BATCH_TRACES = 256;
const BATCH_BYTES = 4 * 1024 * 1024;
const TIDY_EVERY_MS = 1_000;
/** Index entries looked at every second: two days of 50 traces a second in less than five hours. */
const SWEEP_ENTRIES = 500;

/**
 * The `sample` role: reads `spans` and `logs`, writes `decisions` and `judgements`.
 *
 * Effects are appended, then remembered in the index, then the first offsets of the oldest trace still open are committed. A
 * crash in between repeats work: spans of traces already decided are then known by the index, which reads the decisions
 * topic before it reads spans.
 */
export function createSampler(options: SamplerConfig, deps: SamplerDeps): Component {
  const stopping = new AbortController();
  let running: Running | undefined;
  return {
    async start() {
      if (running !== undefined || stopping.signal.aborted) return;
      running = await open(options, deps, stopping.signal);
      running.loop = run(running);
      // Not caught for good: what trying again does not help has to end the role.
      void running.loop.catch((error: unknown) => {
        deps.logger.error({ error }, 'the sampler cannot go on');
        throw error;
      });
    },
    async stop() {
      stopping.abort();
      const stopped = running;
      running = undefined;
      if (stopped === undefined) return;
      try {
        await stopped.loop;
      } finally {
        await stopped.readBack.idle();
        await Promise.all([...Object.values(stopped.readers), stopped.decisions].map((reader) => reader.close()));
      }
    },
  };
}

interface Running {
  readonly options: SamplerConfig;
  readonly deps: SamplerDeps;
  readonly stopping: AbortSignal;
  readonly metrics: SamplerMetrics;
  readonly index: DecidedIndex;
  readonly assembly: Assembly;
  readonly readBack: ReadBack;
  readonly readers: Readonly<Record<SourceTopic, LogReader>>;
  readonly decisions: LogReader;
  readonly holdings: Holdings;
  readonly ends: Ends;
  readonly building: OutcomeDeps;
  /** Traces whose spans turned out to be those of their decision. */
  readonly unchanged: OpenTrace[];
  /** By topic and partition. */
  readonly committed: Map<string, number>;
  loop: Promise<void>;
}

async function open(options: SamplerConfig, deps: SamplerDeps, stopping: AbortSignal): Promise<Running> {
  const metrics = createSamplerMetrics(deps.metrics);
  const index = new DecidedIndex(deps.state);
  const assembly = new Assembly(options, { index, metrics });
  const unchanged: OpenTrace[] = [];
  const policies = new Policies(deps);
  const salt = deps.salt ?? (await openSalt(options.salt, deps.state));
  await policies.open(options.pi, deps.clock.nowMs());
  const { decisions, ...readers } = deps.log.readers([...SOURCE_TOPICS, 'decisions'], SAMPLER_GROUP);
  const onDone = (trace: OpenTrace): void => {
    if (trace.isUnchanged) unchanged.push(trace);
    else assembly.readBackDone(trace);
  };
  return {
    options,
    deps,
    stopping,
    metrics,
    index,
    assembly,
    readBack: new ReadBack(options, { ...deps, onDone }),
    readers,
    decisions,
    holdings: new Holdings(),
    ends: new Ends(deps.log),
    building: { ...deps, decider: createDecider(options), policies, salt, counts: metrics },
    unchanged,
    committed: new Map(),
    loop: Promise.resolve(),
  };
}

async function run(running: Running): Promise<void> {
  const { deps, stopping, assembly } = running;
  const ingesting = { ...running, clock: deps.clock, logger: deps.logger };
  let lookedAtMs = -Infinity;
  let committedAtMs = -Infinity;
  let tidiedAtMs = deps.clock.nowMs();
  while (!stopping.aborted) {
    await settle(running);
    await ingest(ingesting);
    const nowMs = deps.clock.nowMs();
    if (assembly.isFull || nowMs - lookedAtMs >= LOOK_MS) {
      lookedAtMs = nowMs;
      await decideDue(running);
      running.metrics.open.set(assembly.openTraces);
    }
    if (nowMs - committedAtMs >= COMMIT_EVERY_MS) {
      committedAtMs = nowMs;
      await commit(running);
    }
    if (nowMs - tidiedAtMs < TIDY_EVERY_MS) continue;
    tidiedAtMs = nowMs;
    await tidy(running);
  }
  await commit(running);
}

/** Lets go of partitions that went to another sampler, and takes up those that came from one: first all that it decided. */
async function settle(running: Running): Promise<void> {
  const { deps, stopping, holdings, readers, decisions, assembly, committed, index } = running;
  const { gone, come } = holdings.update(readers.spans.assigned());
  for (const partition of gone) {
    assembly.drop(partition);
    for (const topic of SOURCE_TOPICS) committed.delete(`${topic}/${partition}`);
  }
  if (come.length === 0) return;
  const takeUp = async (): Promise<void> => {
    for (const topic of SOURCE_TOPICS) {
      const offsets = await readers[topic].committed();
      for (const partition of come) {
        const offset = offsets.get(partition) ?? 0;
        readers[topic].seek(partition, offset);
        assembly.begin(topic, partition, offset);
        committed.set(`${topic}/${partition}`, offset);
      }
    }
    const following = { ...deps, reader: decisions, index, holdings };
    await takeUpDecisions(come, following);
    await followDecisions(following, stopping);
  };
  await persist(takeUp, { ...deps, what: 'take up its partitions' }, stopping);
}

async function decideDue(running: Running): Promise<void> {
  const { assembly, readBack, stopping } = running;
  const due = assembly.due();
  for (const trace of due.readBack) readBack.begin(trace);
  readBack.pump();
  for (let rest: readonly DueTrace[] = due.decide; rest.length > 0 && !stopping.aborted;) {
    const outcomes = buildBatch(rest, running);
    rest = rest.slice(outcomes.length);
    await takeEffect(outcomes, running);
  }
  await settleUnchanged(running);
  await rememberOrphans(due.orphans, running);
}

/** As many of the first as go into one append. */
function buildBatch(due: readonly DueTrace[], { options, building }: Running): readonly Outcome[] {
  const outcomes: Outcome[] = [];
  let bytes = 0;
  for (const one of due.slice(0, BATCH_TRACES)) {
    const outcome = buildOutcome(one, options, building);
    outcomes.push(outcome);
    for (const { value } of outcome.records) bytes += value.length;
    if (bytes >= BATCH_BYTES) break;
  }
  return outcomes;
}

async function takeEffect(outcomes: readonly Outcome[], running: Running): Promise<void> {
  const { deps, stopping, index, assembly, metrics } = running;
  const records = outcomes.flatMap((outcome) => outcome.records);
  const appended = await persist(
    async () => {
      // A judgement that is too large is left to a person: its trace stays pending, and those behind it do not wait for it.
      await appendOrBury(records, { log: deps.log, role: 'sample', nowMs: deps.clock.nowMs() });
      return true;
    },
    { ...deps, what: 'append decisions' },
    stopping,
  );
  if (appended === undefined) return;
  faultPoint('sampler-after-append');
  await index.put(outcomes.map(({ trace, entry }) => [trace, entry] as const));
  for (const { trace, decision } of outcomes) {
    assembly.forget(trace);
    metrics.decided.add(1, { outcome: decision.outcome, stratum: decision.stratum });
    if (decision.version > 1) metrics.lateVersions.add(1);
  }
}

/** Redelivered, not late. The hashes are known now, so the next redelivery is dropped as it comes. */
async function settleUnchanged({ unchanged, index, assembly, metrics }: Running): Promise<void> {
  const traces = unchanged.splice(0);
  for (const trace of traces) {
    metrics.redelivered.add(trace.spans.size + trace.logs.size);
    assembly.forget(trace);
  }
  await index.put(
    traces.flatMap((trace) => (trace.earlier === undefined ? [] : [[trace, entryOf(trace, trace.earlier)] as const])),
  );
}

/** Log events alone are no trace, and not decided. Remembered, they are read back from the store when spans come late. */
async function rememberOrphans(orphans: readonly OpenTrace[], { index, assembly, metrics }: Running): Promise<void> {
  await index.put(
    orphans.map((trace) => {
      const { firstSeenMs, lastSeenMs } = trace;
      return [trace, entryOf(trace, { version: 0, firstSeenMs, decidedAtMs: lastSeenMs })] as const;
    }),
  );
  for (const trace of orphans) {
    metrics.orphanLogEvents.add(trace.logs.size);
    assembly.forget(trace);
  }
}

async function commit({ deps, stopping, readers, assembly, committed }: Running): Promise<void> {
  const moved = assembly
    .firstNeededOffsets()
    .filter(({ topic, partition, offset }) => committed.get(`${topic}/${partition}`) !== offset);
  if (moved.length === 0) return;
  faultPoint('sampler-before-commit');
  // At once, so that an embedded bus flushes them together.
  const commitAll = (): Promise<unknown> =>
    Promise.all(moved.map(({ topic, partition, offset }) => readers[topic].commit(partition, offset)));
  await persist(commitAll, { ...deps, what: 'commit' }, stopping);
  for (const { topic, partition, offset } of moved) committed.set(`${topic}/${partition}`, offset);
}

async function tidy({ options, deps, stopping, index, decisions, assembly, holdings }: Running): Promise<void> {
  await persist(
    () => followDecisions({ ...deps, reader: decisions, index, holdings }, stopping),
    { ...deps, what: 'read decisions' },
    stopping,
  );
  await index.sweep(assembly.clock.latestMs(), { entries: SWEEP_ENTRIES, hours: options.indexHours });
}
