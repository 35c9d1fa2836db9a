import type { CellFilter } from '../../core/cell.js';
import type { Clock } from '../../core/clock.js';
import type { Decision } from '../../core/decision.js';
import { type Label, labelIdOf } from '../../core/label.js';
import { type Log, type LogRecord, TENANT_HEADER } from '../../core/log.js';
import { loadRubrics } from '../../judges/index.js';
import type { LabelCandidate, StoreReader } from '../../store/index.js';
import type { AssayConfig } from '../config.js';
import type { AddedLabels, GivenLabel, LabelCalls, LabelPlan, LabelScope, LabelTask } from './api.js';
import { chooseTasks, planCells } from './plan.js';

const WEEK_MS = 7 * 86_400_000;
/** Traces that are looked up at once. */
const BATCH = 500;

/** What labels are planned from and written to. */
export interface LabelDeps {
  readonly reader: Pick<
    StoreReader,
    | 'labelledCells'
    | 'unflagged'
    | 'auditedSince'
    | 'cellCandidates'
    | 'auditCandidates'
    | 'labelsSince'
    | 'decisionsOfMany'
  >;
  readonly log: Pick<Log, 'append'>;
  readonly config: Pick<AssayConfig, 'labels' | 'judges'>;
  readonly clock: Pick<Clock, 'nowMs'>;
}

/** Answers the calls on labels: plans from the store, writes to the bus. */
export function labelCalls(deps: LabelDeps): LabelCalls {
  return {
    labelPlan: (scope) => plan(deps, scope),
    labelTasks: (scope, limit) => tasks(deps, scope, limit),
    addLabels: (labels, dryRun) => add(deps, labels, dryRun),
    labels: (sinceMs) => deps.reader.labelsSince(sinceMs),
  };
}

function filterOf({ clock }: LabelDeps, { service, release }: LabelScope): CellFilter & { readonly sinceMs: number } {
  return {
    by: 'service',
    sinceMs: clock.nowMs() - WEEK_MS,
    ...(service === undefined ? {} : { service }),
    ...(release === undefined ? {} : { release }),
  };
}

async function plan(deps: LabelDeps, scope: LabelScope): Promise<LabelPlan> {
  const { reader, config } = deps;
  const filter = filterOf(deps, scope);
  const [slices, unflagged, audited] = await Promise.all([
    reader.labelledCells(filter),
    reader.unflagged(filter),
    reader.auditedSince(filter.sinceMs, scope),
  ]);
  const traces = unflagged.reduce((sum, slice) => sum + slice.traces, 0);
  return {
    since: new Date(filter.sinceMs).toISOString(),
    cells: planCells(slices, config.labels.perWeek),
    audit: { traces, labels: audited, wanted: Math.min(traces, config.labels.auditPerWeek) },
  };
}

async function tasks(deps: LabelDeps, scope: LabelScope, limit: number): Promise<readonly LabelTask[]> {
  const { reader, config } = deps;
  const filter = filterOf(deps, scope);
  const [made, cells, audits] = await Promise.all([
    plan(deps, scope),
    reader.cellCandidates(filter, limit),
    reader.auditCandidates(filter, limit),
  ]);
  const questions = new Map(loadRubrics(config.judges).map(({ criterion, question }) => [criterion, question]));
  return chooseTasks(made, [...cells, ...audits], limit).map((candidate) => toTask(candidate, questions));
}

function toTask(candidate: LabelCandidate, questions: ReadonlyMap<string, string>): LabelTask {
  const { queue, tenant, traceId, version, service, release, criteria } = candidate;
  return {
    ...{ queue, tenant, traceId, version, service, release },
    criteria: criteria.map((criterion) => ({ criterion, question: questions.get(criterion) ?? '' })),
  };
}

async function add(deps: LabelDeps, given: readonly GivenLabel[], dryRun: boolean): Promise<AddedLabels> {
  const decisions = await decisionsOf(deps, given);
  const refused: { index: number; reason: string }[] = [];
  const labels: Label[] = [];
  given.forEach((label, index) => {
    const decision = decisions.get(label.traceId);
    const reason = refusalOf(label, decision);
    if (reason !== undefined || decision === undefined) refused.push({ index, reason: reason ?? '' });
    else labels.push(toLabel(label, decision, deps.clock.nowMs()));
  });
  if (refused.length > 0 || dryRun) return { added: 0, refused };
  await deps.log.append(labels.map(toRecord));
  return { added: labels.length, refused };
}

async function decisionsOf(
  { reader }: LabelDeps,
  given: readonly GivenLabel[],
): Promise<ReadonlyMap<string, Decision>> {
  const ids = [...new Set(given.map(({ traceId }) => traceId))];
  const found = new Map<string, Decision>();
  for (let at = 0; at < ids.length; at += BATCH)
    for (const [id, decision] of await reader.decisionsOfMany(ids.slice(at, at + BATCH))) found.set(id, decision);
  return found;
}

function refusalOf({ tenant, version, criterion }: GivenLabel, decision: Decision | undefined): string | undefined {
  if (decision === undefined) return 'expected a trace that was decided, but none has this id';
  if (tenant !== undefined && tenant !== decision.tenant)
    return `expected the trace’s own tenant ${decision.tenant}, got ${tenant}`;
  if (version !== undefined && version > decision.version)
    return `expected a version up to ${decision.version}, got ${version}`;
  if (!decision.criteria.includes(criterion))
    return `expected a criterion that applies to the trace (${decision.criteria.join(', ') || 'it has none'}), got ${criterion}`;
  return undefined;
}

function toLabel(given: GivenLabel, decision: Decision, nowMs: number): Label {
  const label = {
    tenant: decision.tenant,
    traceId: decision.traceId,
    version: given.version ?? decision.version,
    criterion: given.criterion,
    value: given.value,
    source: given.source ?? 'annotator',
    queue: given.queue ?? 'chosen',
    annotator: given.annotator ?? '',
    comment: given.comment ?? '',
    labelledAtMs: given.labelledAtMs ?? nowMs,
  } as const;
  return { labelId: labelIdOf(label), ...label };
}

function toRecord(label: Label): LogRecord {
  return {
    topic: 'labels',
    key: label.traceId,
    value: Buffer.from(JSON.stringify(label)),
    headers: { [TENANT_HEADER]: label.tenant },
  };
}
