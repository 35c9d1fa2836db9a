import { randomUUID } from 'node:crypto';
import type { Log, Topic } from '../core/log.js';
import type { Trajectory } from '../core/trajectory.js';
import { readTrajectory } from '../dialects/index.js';
import { buildPrompt, loadRubrics, renderEvidence } from '../judges/index.js';
import type { StoreReader } from '../store/index.js';
import type { AssayQueries, PromptRow, Report, Status } from './api.js';
import type { AssayConfig } from './config.js';
import { explain } from './explain.js';
import { buildReport } from './report.js';

export interface QueryDeps {
  readonly reader: StoreReader;
  readonly log: Log;
  readonly config: AssayConfig;
}

export interface LocalQueries extends AssayQueries {
  status(): Promise<Status>;
  /** True when the bus holds nothing that a role has not finished, and no trace is open or pending. */
  idle(): Promise<boolean>;
}

/** Who reads which topic: what must be at zero lag before nothing is under way. */
const READERS: readonly (readonly [topic: Topic, group: string])[] = [
  ['spans', 'sample'],
  ['judgements', 'judge'],
  ['spans', 'write'],
  ['decisions', 'write'],
  ['verdicts', 'write'],
  ['spend', 'write'],
];

/** Answers from the store. */
export function createQueries(deps: QueryDeps): LocalQueries {
  const { reader } = deps;
  const { votes } = deps.config.judges;
  const read = (spans: Parameters<typeof readTrajectory>[0], tenant: string): Trajectory =>
    readTrajectory(spans, { tenant });
  return {
    async why(traceId) {
      const found = await reader.resolveTrace(traceId);
      const [spans, decision, outcome] = await Promise.all([
        reader.spansOf(found.tenant, found.traceId),
        reader.decisionOf(found.tenant, found.traceId),
        reader.outcomeOf(found.tenant, found.traceId),
      ]);
      const verdicts =
        decision === undefined ? [] : await reader.verdictsOf(found.tenant, found.traceId, decision.version);
      return explain({ trajectory: read(spans, found.tenant), decision, verdicts, outcome });
    },
    traces: (filter) => reader.listTraces(filter),
    async report() {
      const [cells, coverage, incomplete, cacheAudits, spend] = await Promise.all([
        reader.releaseCells(),
        reader.coverage(),
        reader.incomplete(),
        reader.cacheAudits(),
        reader.spend(),
      ]);
      return buildReport({ cells, coverage, incomplete, cacheAudits, spend: toSpend(spend, votes) });
    },
    prompts: (afterTraceId, limit) => prompts(deps, afterTraceId, limit),
    status: () => status(deps),
    async idle() {
      for (const [topic, group] of READERS) if ((await deps.log.lag(topic, group)) > 0) return false;
      const { open, pending } = await reader.coverage();
      return open === 0 && pending === 0;
    },
  };
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
  const rubrics = loadRubrics();
  const ids = await deps.reader.traceIdsAfter(afterTraceId, Math.min(limit, PROMPT_PAGE));
  const [spansByTrace, decisions] = await Promise.all([deps.reader.spansOfMany(ids), deps.reader.decisionsOfMany(ids)]);
  const rows: PromptRow[] = [];
  for (const id of ids) {
    const spans = spansByTrace.get(id) ?? [];
    const decision = decisions.get(id);
    const trajectory = readTrajectory(spans, { tenant: decision?.tenant ?? '' });
    const { evidence } = renderEvidence(trajectory, deps.config.judges);
    rows.push({
      traceId: id,
      service: trajectory.service,
      release: trajectory.release,
      settled: decision?.settled ?? [],
      prompts: rubrics.map((rubric) => ({
        criterion: rubric.criterion,
        ...buildPrompt(rubric, evidence, randomUUID()),
      })),
    });
  }
  return rows;
}
