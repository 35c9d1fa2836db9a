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
import { createOffsetTracker } from './offset-tracker.js';
import { parseJudgement } from './parse-judgement.js';
import { createUnderway, type Underway } from './underway.js';

const GROUP = 'judge';
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
  const bench = createBench(options, { ...deps, stopping: stopping.signal, killed: killed.signal });
  const rejected = deps.metrics.counter(
    'assay_judges_rejected_records_total',
    'Judgement records that could not be read.',
  );
  const underway = createUnderway();
  const shift: Shift = { ...deps, options, bench, rejected, underway, stopping: stopping.signal };
  let reader: LogReader | undefined;
  let loop: Promise<void> | undefined;
  return {
    async start() {
      await bench.open();
      if (deps.attends === false) return;
      reader = deps.log.reader('judgements', GROUP);
      loop = work(reader, shift);
    },
    async stop(signal) {
      stopping.abort(new PipelineError('BUS_CLOSED', 'the judge is stopping'));
      const kill = (): void => {
        killed.abort(new Error('the judge was told to stop at once'));
      };
      signal.addEventListener('abort', kill, { once: true });
      if (signal.aborted) kill();
      await loop;
      await underway.idle();
      signal.removeEventListener('abort', kill);
      await reader?.close();
      reader = undefined;
    },
    async judgeNow(request) {
      stopping.signal.throwIfAborted();
      return underway.add(request.judgement.decision.traceId, bench.judgeNow(request));
    },
    async forget(traceIds) {
      await underway.ended(traceIds);
      stopping.signal.throwIfAborted();
      return bench.forget(traceIds);
    },
  };
}

/** Until told to stop, then until what is in flight has ended. */
async function work(reader: LogReader, shift: Shift): Promise<void> {
  const { options, stopping, clock, bench } = shift;
  const tracker = createOffsetTracker();
  const queue = new PQueue({ concurrency: options.concurrency });
  const limits = { maxRecords: options.concurrency, maxBytes: POLL_BYTES, waitMs: options.pollWaitMs };
  let sweptAtMs = clock.nowMs();
  while (!stopping.aborted) {
    await queue.onSizeLessThan(options.concurrency);
    const records = await persistently(() => reader.poll(limits, stopping), { what: 'read judgements', shift });
    for (const record of records ?? []) {
      tracker.begin(record.partition, record.offset);
      const attended = async (): Promise<void> => {
        if (!stopping.aborted) await handle(record, { reader, tracker, shift });
      };
      void shift.underway.add(record.key, queue.add(attended));
    }
    if (clock.nowMs() - sweptAtMs < SWEEP_EVERY_MS) continue;
    sweptAtMs = clock.nowMs();
    await persistently(() => bench.sweep(), { what: 'tidy the journal', shift });
  }
  await queue.onIdle();
}

interface Desk {
  readonly reader: LogReader;
  readonly tracker: ReturnType<typeof createOffsetTracker>;
  readonly shift: Shift;
}

/** Never rejects: a record ends finished and committed, or untouched because the judge is stopping. */
async function handle(record: StoredRecord, { reader, tracker, shift }: Desk): Promise<void> {
  const done = await persistently(() => attend(record, shift), {
    what: 'judge',
    shift,
    hopeless: (error) => giveUp(record, error, shift),
  });
  if (done !== true) return;
  const next = tracker.finish(record.partition, record.offset);
  if (next !== undefined) await persistently(() => reader.commit(record.partition, next), { what: 'commit', shift });
}

async function attend(record: StoredRecord, shift: Shift): Promise<true> {
  try {
    await shift.bench.attend(parseJudgement(record));
  } catch (error) {
    if (!(error instanceof PipelineError) || error.disposition !== 'reject') throw error;
    await reject(record, error, shift);
  }
  return true;
}

/** Of a judgement that breaks the judge: an error for every criterion, or, where even that breaks it, a dead letter. */
async function giveUp(record: StoredRecord, reason: Error, shift: Shift): Promise<true> {
  try {
    await shift.bench.giveUp(parseJudgement(record), `the judge itself failed: ${reason.message}`);
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
 * @returns undefined when the judge was told to stop before it worked
 */
async function persistently<Result>(
  action: () => Promise<Result>,
  { what, shift, hopeless }: Persistence<Result>,
): Promise<Result | undefined> {
  const { clock, random, options, logger, stopping } = shift;
  let act = action;
  let unexpected = 0;
  for (let failures = 1; ; failures += 1) {
    try {
      return await act();
    } catch (thrown) {
      if (stopping.aborted) return undefined;
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      logger.error({ err: error, failures }, `could not ${what}, will try again`);
      if (!(error instanceof PipelineError)) unexpected += 1;
      if (hopeless && unexpected >= MAX_UNEXPECTED) act = () => hopeless(error);
      const backoffMs = Math.min(options.maxBackoffMs, options.backoffMs * 2 ** Math.min(failures - 1, 20));
      await clock.sleep(backoffMs * (0.5 + random() / 2), stopping);
    }
  }
}

interface Persistence<Result> {
  readonly what: string;
  readonly shift: Shift;
  readonly hopeless?: (error: Error) => Promise<Result>;
}
