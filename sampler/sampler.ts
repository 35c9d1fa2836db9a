import { decodeSpans } from '../core/otlp/decode-spans.js';
import type { Component } from '../core/component.js';
import { PipelineError } from '../core/errors.js';
import { faultPoint } from '../core/fault-points.js';
import type { LogReader, StoredRecord } from '../core/log.js';
import type { Span } from '../core/span.js';
import { Assembly, type DueTrace } from './assembly.js';
import { buildOutcome, entryOf, type Outcome, type OutcomeDeps } from './build-outcome.js';
import type { SamplerConfig } from './config.js';
import { DecidedIndex } from './decided-index.js';
import { createDecider } from './decider.js';
import { followDecisions, INDEX_GROUP } from './index-follower.js';
import type { OpenTrace } from './open-trace.js';
import { persist } from './persist.js';
import { Policies } from './policies.js';
import { ReadBack } from './read-back.js';
import { openSalt } from './salt.js';
import { createSamplerMetrics, type SamplerMetrics } from './sampler-metrics.js';
import type { SamplerDeps } from './sampler-deps.js';

/** The consumer group that reads spans. */
export const SAMPLER_GROUP = 'sample';

const POLL = { maxRecords: 512, maxBytes: 8 * 1024 * 1024, waitMs: 25 };
/** Shortest time between two looks for traces that are due. */
const LOOK_MS = 20;
/** Traces decided in one append, and the bytes after which no more are added. */
const BATCH_TRACES = 256;
const BATCH_BYTES = 4 * 1024 * 1024;
const TIDY_EVERY_MS = 1_000;
/** Index entries looked at every second: two days of 50 traces a second in less than five hours. */
const SWEEP_ENTRIES = 500;

/**
 * The `sample` role: reads `spans`, writes `decisions` and `judgements`.
 *
 * Effects are appended, then remembered in the index, then the first offset of the oldest trace still open is committed. A
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
        await Promise.all([stopped.reader.close(), stopped.decisions.close()]);
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
  readonly reader: LogReader;
  readonly decisions: LogReader;
  readonly building: OutcomeDeps;
  /** Traces whose spans turned out to be those of their decision. */
  readonly unchanged: OpenTrace[];
  readonly committed: Map<number, number>;
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
  const decisions = deps.log.reader('decisions', INDEX_GROUP);
  await followDecisions({ ...deps, reader: decisions, index }, stopping);
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
    reader: deps.log.reader('spans', SAMPLER_GROUP),
    decisions,
    building: { ...deps, decider: createDecider(options), policies, salt, counts: metrics },
    unchanged,
    committed: new Map(),
    loop: Promise.resolve(),
  };
}

async function run(running: Running): Promise<void> {
  const { deps, stopping, assembly } = running;
  let lookedAtMs = -Infinity;
  let tidiedAtMs = deps.clock.nowMs();
  while (!stopping.aborted) {
    await ingest(running);
    const nowMs = deps.clock.nowMs();
    if (assembly.isFull || nowMs - lookedAtMs >= LOOK_MS) {
      lookedAtMs = nowMs;
      await decideDue(running);
      running.metrics.open.set(assembly.openTraces);
      await commit(running);
    }
    if (nowMs - tidiedAtMs < TIDY_EVERY_MS) continue;
    tidiedAtMs = nowMs;
    await tidy(running);
  }
}

async function ingest({ deps, stopping, reader, assembly, metrics }: Running): Promise<void> {
  const startedMs = deps.clock.nowMs();
  const records = await persist(() => reader.poll(POLL, stopping), { ...deps, what: 'read spans' }, stopping);
  if (records === undefined || stopping.aborted) return;
  const nowMs = deps.clock.nowMs();
  let bytes = 0;
  for (const record of records) {
    bytes += record.value.length;
    assembly.take(record, readSpans(record, { deps, metrics }), nowMs);
  }
  if (records.length < POLL.maxRecords && bytes < POLL.maxBytes / 2) assembly.clock.caughtUp(startedMs);
}

/** The bytes are copied: what a bus hands out may share memory with much else, and open traces are kept for long. */
function readSpans(record: StoredRecord, { deps, metrics }: Pick<Running, 'deps' | 'metrics'>): readonly Span[] {
  try {
    return decodeSpans(new Uint8Array(record.value));
  } catch (error) {
    if (!(error instanceof PipelineError) || error.disposition !== 'reject') throw error;
    const { partition, offset } = record;
    metrics.rejected.add(1);
    deps.logger.error(
      { code: error.code, partition, offset },
      `a record of the spans topic is passed by: ${error.message}`,
    );
    return [];
  }
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
      await deps.log.append(records);
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

/** Redelivered, not late. Their hashes are known now, so the next redelivery is dropped as it comes. */
async function settleUnchanged({ unchanged, index, assembly, metrics }: Running): Promise<void> {
  const traces = unchanged.splice(0);
  for (const trace of traces) {
    metrics.redelivered.add(trace.spans.size);
    assembly.forget(trace);
  }
  await index.put(
    traces.flatMap((trace) => (trace.earlier === undefined ? [] : [[trace, entryOf(trace, trace.earlier)] as const])),
  );
}

async function commit({ deps, stopping, reader, assembly, committed }: Running): Promise<void> {
  for (const [partition, offset] of assembly.firstNeededOffsets()) {
    if (offset === committed.get(partition)) continue;
    faultPoint('sampler-before-commit');
    await persist(() => reader.commit(partition, offset), { ...deps, what: 'commit' }, stopping);
    committed.set(partition, offset);
  }
}

async function tidy({ options, deps, stopping, index, decisions, assembly }: Running): Promise<void> {
  await persist(
    () => followDecisions({ ...deps, reader: decisions, index }, stopping),
    { ...deps, what: 'read decisions' },
    stopping,
  );
  await index.sweep(assembly.clock.latestMs(), { entries: SWEEP_ENTRIES, hours: options.indexHours });
}
