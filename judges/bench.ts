import type { Judgement } from '../core/evidence.js';
import { faultPoint } from '../core/fault-points.js';
import { TENANT_HEADER, type LogRecord } from '../core/log.js';
import type { Model } from '../core/model.js';
import type { Spend, Verdict } from '../core/verdict.js';
import { announcement } from './announcement.js';
import { buildVerdict } from './build-verdict.js';
import { toSpend } from './call-entry.js';
import type { JudgesConfig } from './config.js';
import { createCriterionJudge, evalIdOf, evaluate, type CriterionJudge, type EvaluationDeps } from './evaluate.js';
import type { JudgeDeps } from './judge-deps.js';
import { judgeHash } from './judge-hash.js';
import { createJournal, type Journal } from './journal.js';
import { createProviderGate } from './provider-gate.js';
import { createProviderNotices } from './provider-notices.js';
import { createSpendBudget } from './spend-budget.js';

export interface BenchDeps extends JudgeDeps {
  /** No new call begins after it aborts. */
  readonly stopping: AbortSignal;
  /** Calls in flight end when it aborts. */
  readonly killed: AbortSignal;
}

/** Where judgements become verdicts, each once. */
export interface Bench {
  /** Restores the budget and reports what an earlier process lost. */
  open(): Promise<void>;
  /** Resolves when a verdict of every criterion is on the bus. */
  attend(judgement: Judgement): Promise<void>;
  /** Answers every criterion that has no verdict yet with an error. */
  giveUp(judgement: Judgement, reason: string): Promise<void>;
  /** Forgets what is too old to come again. */
  sweep(): Promise<void>;
}

const LATENCY_BUCKETS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60] as const;

/** A bench with one judge for each rubric. */
export function createBench(options: JudgesConfig, deps: BenchDeps): Bench {
  const { log, clock } = deps;
  const journal = openJournal(options, deps);
  const judges = createJudges(options, deps);
  // What this process has told of already. After a crash it is told once more: a call id is one row.
  const told = new Set<string>();
  const evaluation = deps.model && createEvaluation(options, { ...deps, model: deps.model, journal, told });
  const outcomes = deps.metrics.counter('assay_judges_verdicts_total', 'Verdicts, by outcome.', ['outcome']);
  const inWork = new Map<string, Promise<void>>();

  const emit = async (verdict: Verdict): Promise<void> => {
    const spend = spendOf(verdict.evalId, journal);
    const untold = spend.filter(({ callId }) => !told.has(callId)).map((row) => toRecord('spend', row));
    await log.append([...untold, toRecord('verdicts', verdict)]);
    for (const { callId } of spend) told.delete(callId);
    faultPoint('judge-after-verdict');
    await journal.finish(verdict.evalId, clock.nowMs());
    outcomes.add(1, { outcome: verdict.outcome });
  };
  const settle = async (judgement: Judgement, criterion: string, broken?: string): Promise<void> => {
    const judge = judges.get(criterion);
    const evalId = evalIdOf(judgement, criterion, judge?.hash ?? '');
    // The same judgement can be on the bus twice: who comes second waits for the first.
    while (inWork.has(evalId)) await inWork.get(evalId);
    if (journal.isDone(evalId)) return;
    const unasked = (outcome: 'abstain' | 'error', reason: string): Promise<void> =>
      emit(answerUnasked(judgement, { evalId, criterion, judge }, { outcome, reason, judgedAtMs: clock.nowMs() }));
    const work = async (): Promise<void> => {
      if (broken !== undefined) await unasked('error', broken);
      else if (judge === undefined) await unasked('error', `expected a rubric for criterion ${criterion}, found none`);
      else if (evaluation === undefined) await unasked('abstain', NO_MODEL);
      else await emit(await evaluate(judgement, judge, evaluation));
    };
    const done = work().finally(() => inWork.delete(evalId));
    const ended = done.catch(() => undefined);
    inWork.set(evalId, ended);
    await done;
  };
  return {
    async open() {
      const lost = await journal.open();
      if (lost.length > 0) await log.append(lost.map((call) => toRecord('spend', toSpend(call))));
      await journal.sweep(clock.nowMs());
    },
    async attend(judgement) {
      for (const criterion of judgement.criteria) await settle(judgement, criterion);
    },
    async giveUp(judgement, reason) {
      for (const criterion of judgement.criteria) await settle(judgement, criterion, reason);
    },
    sweep: () => journal.sweep(clock.nowMs()),
  };
}

const NO_MODEL = 'no judge model is configured: set ANTHROPIC_API_KEY or OPENAI_API_KEY, or models.judge';

function openJournal(options: JudgesConfig, { state }: BenchDeps): Journal {
  const budget = createSpendBudget({
    dailyMicroUsd: Math.round(options.dailyBudgetUsd * 1e6),
    weeklyMicroUsd: Math.round(options.weeklyBudgetUsd * 1e6),
  });
  return createJournal({ retentionMs: options.journalRetentionHours * 3_600_000 }, { state, budget });
}

function createJudges(options: JudgesConfig, { model, rubrics }: BenchDeps): ReadonlyMap<string, CriterionJudge> {
  const { votes, repairAttempts, evidenceTokens } = options;
  return new Map(
    rubrics.map((rubric) => {
      const asked = model
        ? { parameters: model.parameters, models: [`${model.provider}/${model.name}`] }
        : { models: [] };
      const hash = judgeHash({ rubric, votes, repairAttempts, evidenceTokens, ...asked });
      return [rubric.criterion, createCriterionJudge(rubric, hash)];
    }),
  );
}

function createEvaluation(
  options: JudgesConfig,
  deps: BenchDeps & { readonly model: Model; readonly journal: Journal; readonly told: Set<string> },
): EvaluationDeps {
  const { model, clock, random, metrics, announce } = deps;
  let announced = false;
  return {
    ...{ options, model, clock, journal: deps.journal, stopping: deps.stopping, killed: deps.killed },
    gate: createProviderGate(options, { clock, random }),
    notices: createProviderNotices(options, { model, clock, announce }),
    report: (call) => tell(toSpend(call), deps),
    nonce: () =>
      [random(), random()]
        .map((draw) =>
          Math.floor(draw * 2 ** 48)
            .toString(16)
            .padStart(12, '0'),
        )
        .join(''),
    calls: metrics.counter('assay_judges_calls_total', 'Model calls, by provider and how they ended.', [
      'provider',
      'status',
    ]),
    spend: metrics.counter('assay_judges_spend_micro_usd_total', 'Micro-dollars charged for model calls.'),
    latency: metrics.histogram('assay_judges_call_latency_seconds', 'Time from request to reply of a model call.', {
      buckets: LATENCY_BUCKETS,
    }),
    beforeFirstCall() {
      if (!announced) announce(announcement(options, model));
      announced = true;
    },
  };
}

function spendOf(evalId: string, journal: Journal): readonly Spend[] {
  return journal.callsOf(evalId).flatMap((call) => (call.status === 'reserved' ? [] : [toSpend(call)]));
}

/** Puts the spend of a call on the bus as soon as it is known. Not while the bus is away: it then goes with the verdict. */
async function tell(row: Spend, { log, logger, told }: BenchDeps & { readonly told: Set<string> }): Promise<void> {
  try {
    await log.append([toRecord('spend', row)]);
    told.add(row.callId);
  } catch (error) {
    logger.warn({ err: error }, 'could not tell of the spend of a call at once, it goes with the verdict');
  }
}

/** A verdict that took no vote. */
function answerUnasked(
  judgement: Judgement,
  asked: { readonly evalId: string; readonly criterion: string; readonly judge: CriterionJudge | undefined },
  ending: { readonly outcome: 'abstain' | 'error'; readonly reason: string; readonly judgedAtMs: number },
): Verdict {
  const { evalId, criterion, judge } = asked;
  const identity = {
    ...{ evalId, criterion, provider: '', model: '' },
    rubricVersion: judge?.rubric.version ?? '',
    judgeHash: judge?.hash ?? '',
  };
  return buildVerdict(judgement, identity, { ...ending, confidence: 0, votes: [] });
}

function toRecord(topic: 'verdicts' | 'spend', row: Verdict | Spend): LogRecord {
  const value = new TextEncoder().encode(JSON.stringify(row));
  return { topic, key: row.traceId, value, headers: { [TENANT_HEADER]: row.tenant } };
}
