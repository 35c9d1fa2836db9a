import { randomUUID } from 'node:crypto';
import type { Topic } from '../core/log.js';
import type { Judgement } from '../core/evidence.js';
import { joinLogEvents } from '../core/join-log-events.js';
import { readFeedback, readTrajectory, responseIdsOf } from '../dialects/index.js';
import { buildPrompt, loadRubrics, renderEvidence } from '../judges/index.js';
import type { StoreReader } from '../store/index.js';
import { adversarialQueries } from './adversarial/calls.js';
import { alarmQueries } from './alarms/calls.js';
import type { AssayQueries, PromptRow, Report, Status, Why } from './api.js';
import { explain } from './explain.js';
import { labelCalls } from './labels/calls.js';
import { judgementOf, previewJudging } from './judge-queries.js';
import type { QueryDeps } from './query-deps.js';
import { readTraceOrRest, traceKeyOf } from './read-trace.js';
import { buildReport } from './report.js';

/** What the query role answers. Judging, testing and erasing take other roles too. */
export interface LocalQueries extends Omit<
  AssayQueries,
  'judge' | 'testRubric' | 'erase' | 'acknowledgeAlarm' | 'testChannel' | 'judgeAnswer' | 'floorRun'
> {
  judgement(traceId: string): Promise<Judgement>;
  status(): Promise<Status>;
  /** True when the bus holds nothing that a role has not finished, and no trace is open or pending. */
  idle(): Promise<boolean>;
}

/** Who reads which topic: what must be at zero lag before nothing is under way. */
const READERS: readonly (readonly [topic: Topic, group: string])[] = [
  ['spans', 'sample'],
  ['judgements', 'judge'],
  ['logs', 'sample'],
  ['spans', 'write'],
  ['logs', 'write'],
  ['decisions', 'write'],
  ['verdicts', 'write'],
  ['labels', 'write'],
  ['spend', 'write'],
  ['adversarial', 'write'],
];

/** Answers from the store. */
export function createQueries(deps: QueryDeps): LocalQueries {
  const { reader } = deps;
  const { votes } = deps.config.judges;
  return {
    why: (traceId) => why(deps, traceId),
    judgement: (traceId) => judgementOf(deps, traceId),
    preview: (traceId, request) => previewJudging(deps, traceId, request),
    traces: (filter) => reader.listTraces(filter),
    ...labelCalls(deps),
    async report(request = {}) {
      // Before what it counts: when it says that nothing is open any more, the cells are whole.
      const coverage = await reader.coverage();
      const [cells, labelled, sessions, unflagged, incomplete, cacheAudits, spend] = await Promise.all([
        reader.releaseCells(request),
        reader.labelledCells(request),
        reader.sessionEffects(request),
        reader.unflagged(request),
        reader.incomplete(),
        reader.cacheAudits(),
        reader.spend(),
      ]);
      const counts = { cells, labelled, sessions, unflagged, coverage, incomplete, cacheAudits };
      return buildReport({ ...counts, spend: toSpend(spend, votes) }, request);
    },
    releaseCells: () => reader.releaseCells(),
    prompts: (afterTraceId, limit) => prompts(deps, afterTraceId, limit),
    ...alarmQueries(reader),
    ...adversarialQueries(deps),
    status: () => status(deps),
    async idle() {
      for (const [topic, group] of READERS) if ((await deps.log.lag(topic, group)) > 0) return false;
      const { open, pending } = await reader.coverage();
      return open === 0 && pending === 0;
    },
  };
}

async function why(deps: QueryDeps, given: string): Promise<Why> {
  const { reader } = deps;
  const key = await traceKeyOf(deps, given);
  // Before what it rests on: a row that is written meanwhile is then told too, never an outcome without its reasons.
  const outcome = await reader.outcomeOf(key.tenant, key.traceId);
  const decision = await reader.decisionOf(key.tenant, key.traceId);
  const { spans, logs, trajectory } = await readTraceOrRest(reader, key, decision);
  const verdicts = decision === undefined ? [] : await reader.verdictsOf(key.tenant, key.traceId, decision.version);
  const responseIds = responseIdsOf(spans);
  const elsewhere = await reader.feedbackFor({ ...key, responseIds });
  const { traceId } = key;
  const { sessionId } = trajectory;
  const feedback = readFeedback(
    { spans: [...spans, ...elsewhere.spans], logs: [...logs, ...elsewhere.logs] },
    { traceId, responseIds, ...(sessionId === undefined ? {} : { sessionId }) },
  );
  return explain({ trajectory, decision, verdicts, outcome, feedback });
}

async function status({ reader, log, config }: QueryDeps): Promise<Status> {
  const [counts, spend, waiting] = await Promise.all([reader.counts(), reader.spend(), log.lag('judgements', 'judge')]);
  const money = toSpend(spend, config.judges.votes);
  return {
    spansReceived: counts.spans,
    tracesDecided: counts.decided,
    tracesSuspected: counts.suspected,
    tracesSettled: counts.settled,
    tracesJudged: counts.judged,
    judgementsWaiting: waiting,
    spentUsd: money.usd,
    judgeAllUsd: money.judgeAllUsd,
  };
}

type StoredSpend = Awaited<ReturnType<StoreReader['spend']>>;

function toSpend(spend: StoredSpend, votes: number): Report['spend'] {
  return {
    usd: spend.usd,
    lostUsd: spend.lostUsd,
    calls: spend.calls,
    judgeAllUsd: spend.meanCallUsd * spend.judgeable * votes,
    votes,
  };
}

/** Traces whose spans are held in memory at once. */
const PROMPT_PAGE = 50;

async function prompts(deps: QueryDeps, afterTraceId: string, limit: number): Promise<readonly PromptRow[]> {
  const rubrics = loadRubrics(deps.config.judges);
  const ids = await deps.reader.traceIdsAfter(afterTraceId, Math.min(limit, PROMPT_PAGE));
  const { reader } = deps;
  const [spansByTrace, logsByTrace, decisions] = await Promise.all([
    reader.spansOfMany(ids),
    reader.logsOfMany(ids),
    reader.decisionsOfMany(ids),
  ]);
  const rows: PromptRow[] = [];
  for (const id of ids) {
    const spans = joinLogEvents(spansByTrace.get(id) ?? [], logsByTrace.get(id) ?? []);
    const decision = decisions.get(id);
    const settled = decision?.settled ?? [];
    if (spans.length === 0) {
      // Erased, or dropped by age.
      rows.push({
        traceId: id,
        service: decision?.service ?? '',
        release: decision?.release ?? '',
        settled,
        prompts: [],
      });
      continue;
    }
    const trajectory = readTrajectory(spans, { tenant: decision?.tenant ?? '' });
    const { evidence } = renderEvidence(trajectory, deps.config.judges);
    rows.push({
      traceId: id,
      service: trajectory.service,
      release: trajectory.release,
      settled,
      prompts: rubrics.map((rubric) => ({
        criterion: rubric.criterion,
        ...buildPrompt(rubric, evidence, randomUUID()),
      })),
    });
  }
  return rows;
}
