import type { AdversarialCase, CaseAnswer } from '../core/adversarial-case.js';
import type { AlarmTransition } from '../core/alarm.js';
import type { SpanArchive } from '../core/archive.js';
import type { CellFilter, LabelledSlice, ReleaseCells, SessionEffect, SliceDay, UnflaggedSlice } from '../core/cell.js';
import type { Label } from '../core/label.js';
import { type Clock, systemClock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Decision } from '../core/decision.js';
import { PipelineError } from '../core/errors.js';
import type { JudgeAnswers, PipelineProgress } from '../core/health.js';
import type { LogEvent } from '../core/log-event.js';
import type { NotificationAttempt } from '../core/notification.js';
import type { Span } from '../core/span.js';
import type { Verdict } from '../core/verdict.js';
import { adversarialCases, caseAnswers } from './adversarial-queries.js';
import { alarmSteps, currentAlarms, notificationsOf } from './alarm-queries.js';
import { openStoreConnection, type StoreConnection, type StoreOptions } from './connection.js';
import type { Coverage, LedgerOutcome } from '../core/ledger-outcome.js';
import {
  decisionOf,
  decisionsOf,
  listTraces,
  outcomeOf,
  type TraceFilter,
  type TraceRow,
  verdictsOf,
} from './ledger-queries.js';
import { type FeedbackRecords, feedbackFor, logsOf, type RunKey } from './log-queries.js';
import { migrate, schemaState, type SchemaState } from './migrate.js';
import {
  type CacheAudits,
  cacheAudits,
  counts,
  coverage,
  incomplete,
  spend,
  type SpendTotals,
  type StoreCounts,
} from './report-queries.js';
import { sessionEffects } from './session-queries.js';
import { judgeAnswers, pipelineProgress } from './health-queries.js';
import { sliceDays } from './slice-queries.js';
import { releaseCells } from './cell-queries.js';
import {
  auditCandidates,
  auditedSince,
  cellCandidates,
  type LabelCandidate,
  labelledCells,
  labelsSince,
  unflagged,
} from './label-queries.js';
import { resolveTrace, spansOf, traceIdsAfter, type TraceKey } from './span-queries.js';

/** What is asked of the store. Trace ids are 32 lower-case hex digits, but for `resolveTrace`. */
export interface StoreReader extends Component, SpanArchive {
  /** Each span once, in order of start; of every tenant when none is given. */
  spansOf(tenant: string | undefined, traceId: string): Promise<readonly Span[]>;
  /** By trace id, each span once, in order of start. A trace without spans is missing. */
  spansOfMany(traceIds: readonly string[]): Promise<ReadonlyMap<string, readonly Span[]>>;
  /** Each log event once, in order of time; of every tenant when none is given. */
  logsOf(tenant: string | undefined, traceId: string): Promise<readonly LogEvent[]>;
  /** By trace id, each log event once, in order of time. A trace without log events is missing. */
  logsOfMany(traceIds: readonly string[]): Promise<ReadonlyMap<string, readonly LogEvent[]>>;
  /** What others said of a run: spans that link to it, evaluations that name a response of it. Its own spans and logs are not in it. */
  feedbackFor(run: RunKey): Promise<FeedbackRecords>;
  /** Decided traces in order of id; give the last one to go on. */
  traceIdsAfter(afterTraceId: string, limit: number): Promise<readonly string[]>;
  /** @throws {PipelineError} TRACE_UNKNOWN when no trace, or more than one, has this id or begins with these 8 digits or more */
  resolveTrace(given: string): Promise<TraceKey>;
  decisionOf(tenant: string | undefined, traceId: string): Promise<Decision | undefined>;
  /** The current decisions by trace id; an open trace is missing. */
  decisionsOfMany(traceIds: readonly string[]): Promise<ReadonlyMap<string, Decision>>;
  verdictsOf(tenant: string, traceId: string, version: number): Promise<readonly Verdict[]>;
  /** @throws {PipelineError} TRACE_UNKNOWN */
  outcomeOf(tenant: string | undefined, traceId: string): Promise<LedgerOutcome>;
  listTraces(filter: TraceFilter): Promise<readonly TraceRow[]>;
  /** What became of traces that first came on this day or later, such as `2026-11-22`. */
  sliceDays(sinceDay: string): Promise<readonly SliceDay[]>;
  /** What judges answered since then, by criterion. */
  judgeAnswers(sinceMs: number): Promise<readonly JudgeAnswers[]>;
  /** How far deciding and judging are. */
  pipelineProgress(nowMs: number): Promise<PipelineProgress>;
  /** The latest step of every alarm, the newest first. */
  currentAlarms(): Promise<readonly AlarmTransition[]>;
  /** All steps of the alarms whose id begins so. */
  alarmSteps(idPrefix: string): Promise<readonly AlarmTransition[]>;
  /** Every try to tell of an alarm, in order of time. */
  notificationsOf(alarmId: string): Promise<readonly NotificationAttempt[]>;
  /** Of all traces, told apart by release, when no filter is given. */
  releaseCells(filter?: CellFilter): Promise<readonly ReleaseCells[]>;
  /** The same by stratum and verdict, with what people said of the traces that were drawn for them. */
  labelledCells(filter?: CellFilter): Promise<readonly LabelledSlice[]>;
  /** How much more judged traces vary than independent ones, by session. */
  sessionEffects(filter?: CellFilter): Promise<readonly SessionEffect[]>;
  /** Traces that nothing flagged, with what people said of those that were drawn for the audit. */
  unflagged(filter?: CellFilter): Promise<readonly UnflaggedSlice[]>;
  /** In random order, at most so many of each cell of stratum and verdict; nobody was asked about them yet. */
  cellCandidates(filter: CellFilter, limit: number): Promise<readonly LabelCandidate[]>;
  auditCandidates(filter: CellFilter, limit: number): Promise<readonly LabelCandidate[]>;
  /** Traces of the audit that were labelled from this time on. */
  auditedSince(sinceMs: number, filter: CellFilter): Promise<number>;
  /** Every label once, as it was given last, in order of time. */
  labelsSince(sinceMs: number): Promise<readonly Label[]>;
  /** The adversarial set, in the order in which it grew. */
  adversarialCases(): Promise<readonly AdversarialCase[]>;
  /** Production traces that are cases of the set, answered at this time or later. */
  caseAnswers(sinceMs: number): Promise<readonly CaseAnswer[]>;
  /** Adds up, unless writing went on through five reads. */
  coverage(): Promise<Coverage>;
  incomplete(): Promise<number>;
  cacheAudits(): Promise<CacheAudits>;
  spend(): Promise<SpendTotals>;
  counts(): Promise<StoreCounts>;
  state(): Promise<SchemaState>;
}

export interface ReaderDeps {
  /** Opens the reader's own connection; the embedded engine when it is left out. */
  readonly connect?: (options: StoreOptions) => Promise<StoreConnection>;
  /** The machine's when it is left out. */
  readonly clock?: Clock;
}

/** Reads what the writer wrote, over a connection of its own. Its `start` brings the tables up to this version. */
export function createStoreReader(options: StoreOptions, deps: ReaderDeps = {}): StoreReader {
  let opened: StoreConnection | undefined;
  const connection = (): StoreConnection => {
    if (opened === undefined) {
      throw new PipelineError(
        'STORE_UNAVAILABLE',
        'expected the store reader to be started and not stopped; it is not open',
      );
    }
    return opened;
  };
  return {
    async start() {
      opened = await (deps.connect ?? openStoreConnection)(options);
      await migrate(opened);
    },
    async stop() {
      await opened?.close();
      opened = undefined;
    },
    ...createQueries(connection, deps.clock ?? systemClock),
  };
}

function createQueries(connection: () => StoreConnection, clock: Clock): Omit<StoreReader, keyof Component> {
  return {
    spansOf: async (tenant, traceId) => spansOf(connection(), [traceId], tenant),
    spansOfMany: async (traceIds) => byTrace(await spansOf(connection(), traceIds)),
    logsOf: async (tenant, traceId) => logsOf(connection(), [traceId], tenant),
    logsOfMany: async (traceIds) => byTrace(await logsOf(connection(), traceIds)),
    feedbackFor: async (run) => feedbackFor(connection(), run),
    traceIdsAfter: async (afterTraceId, limit) => traceIdsAfter(connection(), afterTraceId, limit),
    resolveTrace: async (given) => resolveTrace(connection(), given),
    decisionOf: async (tenant, traceId) => decisionOf(connection(), tenant, traceId),
    decisionsOfMany: async (traceIds) => decisionsOf(connection(), traceIds),
    verdictsOf: async (tenant, traceId, version) => verdictsOf(connection(), tenant, { traceId, version }),
    outcomeOf: async (tenant, traceId) => outcomeOf(connection(), tenant, traceId),
    listTraces: async (filter) => listTraces(connection(), filter),
    sliceDays: async (sinceDay) => sliceDays(connection(), sinceDay),
    judgeAnswers: async (sinceMs) => judgeAnswers(connection(), sinceMs),
    pipelineProgress: async (nowMs) => pipelineProgress(connection(), nowMs),
    currentAlarms: async () => currentAlarms(connection()),
    alarmSteps: async (idPrefix) => alarmSteps(connection(), idPrefix),
    notificationsOf: async (alarmId) => notificationsOf(connection(), alarmId),
    releaseCells: async (filter) => releaseCells(connection(), filter),
    labelledCells: async (filter) => labelledCells(connection(), filter),
    sessionEffects: async (filter) => sessionEffects(connection(), filter),
    unflagged: async (filter) => unflagged(connection(), filter),
    cellCandidates: async (filter, limit) => cellCandidates(connection(), filter, limit),
    auditCandidates: async (filter, limit) => auditCandidates(connection(), filter, limit),
    auditedSince: async (sinceMs, filter) => auditedSince(connection(), sinceMs, filter),
    labelsSince: async (sinceMs) => labelsSince(connection(), sinceMs),
    adversarialCases: async () => adversarialCases(connection()),
    caseAnswers: async (sinceMs) => caseAnswers(connection(), sinceMs),
    coverage: async () => coverage(connection(), clock),
    incomplete: async () => incomplete(connection()),
    cacheAudits: async () => cacheAudits(connection()),
    spend: async () => spend(connection()),
    counts: async () => counts(connection()),
    state: async () => schemaState(connection()),
  };
}

function byTrace<Item extends { readonly traceId: string }>(
  items: readonly Item[],
): ReadonlyMap<string, readonly Item[]> {
  const traces = new Map<string, Item[]>();
  for (const item of items) {
    const known = traces.get(item.traceId);
    if (known === undefined) traces.set(item.traceId, [item]);
    else known.push(item);
  }
  return traces;
}
