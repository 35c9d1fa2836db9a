import { setMaxListeners } from 'node:events';
import PQueue from 'p-queue';
import type { Component } from '../core/component.js';
import { bury, recordId } from '../core/dead-letter.js';
import { PipelineError } from '../core/errors.js';
import type { LogReader, StoredRecord } from '../core/log.js';
import type { Counter } from '../core/metrics.js';
import type { Verdict } from '../core/verdict.js';
import { createBench, type Bench, type HandRequest } from './bench.js';
import type { JudgesConfig } from './config.js';
import type { JudgeDeps } from './judge-deps.js';
import type { Custody } from './custody.js';
import { createOffsetTracker, type OffsetTracker } from './offset-tracker.js';
import { parseJudgement } from './parse-judgement.js';
import { createPost, type Place } from './post.js';
import type { Turn } from './turn.js';
import { createUnderway, type Underway } from './underway.js';

const POLL_BYTES = 8 * 1024 * 1024;
const SWEEP_EVERY_MS = 3_600_000;
/** A judgement that breaks the judge itself is tried this often, then answered with an error. */
const MAX_UNEXPECTED = 5;

/** What the loop and the work on one record share. */
interface Shift extends JudgeDeps {
  readonly options: JudgesConfig;
  readonly bench: Bench;
  readonly stopping: AbortSignal;
  readonly rejected: Counter;
  readonly underway: Underway;
}

/** The judge role, and what a person may ask of it between its start and its stop. */
export interface JudgeRole extends Component {
  /**
   * Judges by hand: the same instrument, journal, budget and cache as the flow, whatever was answered before. The verdict is
   * put on the bus, marked `byHand` and `audit` so that it enters no rate; one without a trace id is not, only what it cost.
   */
  judgeNow(request: HandRequest): Promise<Verdict>;
  /**
   * Removes the replies and kept verdicts of these traces. First waits until what is being judged of them has its verdict,
   * which is on the bus then: erase there afterwards, and take the judgements out there before.
   * @returns how many were removed
   */
  forget(traceIds: readonly string[]): Promise<number>;
}

/**
 * The judge role: reads `judgements`, writes `verdicts` and `spend`. Commits an offset when every record up to it has its
 * verdicts on the bus, so a restart repeats work and no effect.
 */
export function createJudge(options: JudgesConfig, deps: JudgeDeps): JudgeRole {
  const stopping = new AbortController();
  const killed = new AbortController();
  // Everything in work listens to both.
  setMaxListeners(0, stopping.signal, killed.signal);
  const post = createPost(options, deps);
  const bench = createBench(options, { ...deps, journal: post.journal, killed: killed.signal });
  const rejected = deps.metrics.counter(
    'assay_judges_rejected_records_total',
    'Judgement records that could not be read.',
  );
  const underway = createUnderway();
  const shift: Shift = { ...deps, options, bench, rejected, underway, stopping: stopping.signal };
  let place: Place | undefined;
  let loops: Promise<unknown> | undefined;
  return {
    async start() {
      await bench.open();
      const tracker = createOffsetTracker();
      place = post.open({ tracker, stopping: stopping.signal, reportLost: (calls) => bench.reportLost(calls) });
      const { reader, custody } = place;
      if (reader !== undefined) loops = Promise.all([work({ reader, custody, tracker, shift }), custody.watch()]);
    },
    async stop(signal) {
      stopping.abort(new PipelineError('BUS_CLOSED', 'the judge is stopping'));
      const kill = (): void => {
        killed.abort(new Error('the judge was told to stop at once'));
      };
      signal.addEventListener('abort', kill, { once: true });
      if (signal.aborted) kill();
      await loops;
      await underway.idle();
      signal.removeEventListener('abort', kill);
      await place?.close();
      place = undefined;
    },
    async judgeNow(request) {
      stopping.signal.throwIfAborted();
      if (place === undefined)
        throw new PipelineError('ASSAY_NOT_READY', 'expected a judge that runs, but it has not started');
      return underway.add(request.judgement.decision.traceId, bench.judgeNow(request, place.custody.anyTurn()));
    },
    async forget(traceIds) {
      await underway.ended(traceIds);
      stopping.signal.throwIfAborted();
      return bench.forget(traceIds);
    },
  };
}

/** Where the records of the flow come from, and go when they are done. */
interface Desk {
  readonly reader: LogReader;
  readonly custody: Custody;
  readonly tracker: OffsetTracker;
  readonly shift: Shift;
}

/** Until told to stop, then until what is in flight has ended. */
async function work(desk: Desk): Promise<void> {
  const { reader, custody, tracker, shift } = desk;
  const { options, stopping, clock, bench } = shift;
  const queue = new PQueue({ concurrency: options.concurrency });
  const limits = { maxRecords: options.concurrency, maxBytes: POLL_BYTES, waitMs: options.pollWaitMs };
  const steadily = { until: stopping, shift };
  let sweptAtMs = clock.nowMs();
  while (!stopping.aborted) {
    await queue.onSizeLessThan(options.concurrency);
    await persistently(() => custody.settle(), { ...steadily, what: 'take up partitions' });
    const records = await persistently(() => reader.poll(limits, stopping), { ...steadily, what: 'read judgements' });
    for (const record of records ?? []) {
      const turn = custody.turnOf(record.partition);
      // It comes again, to whoever has the partition.
      if (turn === undefined) continue;
      tracker.begin(record.partition, record.offset);
      const attended = async (): Promise<void> => {
        if (!turn.ended.aborted) await handle({ record, turn }, desk);
      };
      void shift.underway.add(record.key, queue.add(attended));
    }
    if (clock.nowMs() - sweptAtMs < SWEEP_EVERY_MS) continue;
    sweptAtMs = clock.nowMs();
    await persistently(() => bench.sweep(), { ...steadily, what: 'tidy the journal' });
  }
  await queue.onIdle();
}

/** A record of the flow, and the turn in which it came. */
interface Item {
  readonly record: StoredRecord;
  readonly turn: Turn;
}

/** Never rejects: a record ends finished and committed, or untouched because the judge stops or its partition went. */
async function handle(item: Item, { reader, custody, tracker, shift }: Desk): Promise<void> {
  const { record, turn } = item;
  const until = turn.ended;
  const done = await persistently(() => attend(item, shift), {
    ...{ what: 'judge', until, shift },
    hopeless: (error) => giveUp(item, error, shift),
  });
  // Where the partition went and came again the record is read again, and known to be done.
  if (done !== true || !custody.isCurrent(turn)) return;
  const next = tracker.finish(record.partition, record.offset);
  if (next === undefined) return;
  await persistently(() => reader.commit(record.partition, next), { what: 'commit', until, shift });
}

async function attend({ record, turn }: Item, shift: Shift): Promise<true> {
  try {
    await shift.bench.attend({ judgement: parseJudgement(record), turn });
  } catch (error) {
    if (!(error instanceof PipelineError) || error.disposition !== 'reject') throw error;
    await reject(record, error, shift);
  }
  return true;
}

/** Of a judgement that breaks the judge: an error for every criterion, or, where even that breaks it, a dead letter. */
async function giveUp({ record, turn }: Item, reason: Error, shift: Shift): Promise<true> {
  try {
    await shift.bench.giveUp({ judgement: parseJudgement(record), turn }, `the judge itself failed: ${reason.message}`);
  } catch (error) {
    if (error instanceof PipelineError && error.disposition !== 'reject') throw error;
    await reject(record, error, shift);
  }
  return true;
}

/** Resolves once the record is in the dead letters, so that its offset may be committed. */
async function reject(record: StoredRecord, error: unknown, { log, logger, rejected }: Shift): Promise<void> {
  await bury([{ record, role: 'judge', error }], log);
  rejected.add(1);
  const { partition, offset } = record;
  logger.error(
    { partition, offset, error },
    `a judgement cannot be read and is not judged; assay dead-letters show ${recordId(record)} tells more`,
  );
}

/**
 * Tries until it works: the bus or the disk being away is waited out.
 *
 * @param hopeless - what to do instead when the action failed for no known reason again and again
 * @returns undefined when it is not to be done any more before it worked
 */
async function persistently<Result>(
  action: () => Promise<Result>,
  { what, until, shift, hopeless }: Persistence<Result>,
): Promise<Result | undefined> {
  const { clock, random, options, logger } = shift;
  let act = action;
  let unexpected = 0;
  for (let failures = 1; ; failures += 1) {
    try {
      return await act();
    } catch (thrown) {
      if (until.aborted) return undefined;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      logger.error({ err: error, failures }, `could not ${what}, will try again`);
      if (!(error instanceof PipelineError)) unexpected += 1;
      if (hopeless && unexpected >= MAX_UNEXPECTED) act = () => hopeless(error);
      const backoffMs = Math.min(options.maxBackoffMs, options.backoffMs * 2 ** Math.min(failures - 1, 20));
      await clock.sleep(backoffMs * (0.5 + random() / 2), until);
    }
  }
}

interface Persistence<Result> {
  readonly what: string;
  readonly until: AbortSignal;
  readonly shift: Shift;
  readonly hopeless?: (error: Error) => Promise<Result>;
}
