import type { Judgement } from '../core/evidence.js';
import { contentHash } from '../core/keyed-hash.js';
import type { Verdict } from '../core/verdict.js';
import { createAnswerer, type Answerer } from './answer.js';
import type { JudgesConfig } from './config.js';
import { createCriterionJudge, evalIdOf, type CriterionJudge } from './evaluate.js';
import { createEvaluationDeps } from './evaluation-deps.js';
import type { JudgeDeps } from './judge-deps.js';
import { judgeHash } from './judge-hash.js';
import { createJournal, type Journal } from './journal.js';
import { makeNonce } from './nonce.js';
import { createOutlet, type Outlet } from './outlet.js';
import type { Rubric } from './rubric.js';
import { createSpendBudget } from './spend-budget.js';
import { answerUnasked } from './unasked.js';
import { createVerdictCache, type VerdictCache } from './verdict-cache.js';

export interface BenchDeps extends JudgeDeps {
  /** No new call begins after it aborts. */
  readonly stopping: AbortSignal;
  /** Calls in flight end when it aborts. */
  readonly killed: AbortSignal;
}

/** What a person asks of the judge. */
export interface HandRequest {
  readonly judgement: Judgement;
  /** Need not be one of the flow's. */
  readonly rubric: Rubric;
  /** Asks the model even where the cache knows the answer. */
  readonly fresh?: boolean;
}

/** Where judgements become verdicts, each once. */
export interface Bench {
  /** Restores the budget and reports what an earlier process lost. */
  open(): Promise<void>;
  /** Resolves when a verdict of every criterion is on the bus. */
  attend(judgement: Judgement): Promise<void>;
  /** Answers every criterion that has no verdict yet with an error. */
  giveUp(judgement: Judgement, reason: string): Promise<void>;
  /** Judges once more, whatever was answered before, under an id of its own. */
  judgeNow(request: HandRequest): Promise<Verdict>;
  /** Removes what it holds of these traces. @returns how many replies and kept verdicts that was */
  forget(traceIds: readonly string[]): Promise<number>;
  /** Forgets what is too old to come again. */
  sweep(): Promise<void>;
}

/** A bench with one judge for each rubric. */
export function createBench(options: JudgesConfig, deps: BenchDeps): Bench {
  const { clock, random } = deps;
  const { journal, cache, outlet, answer } = createParts(options, deps);
  const judges = new Map(deps.rubrics.map((rubric) => [rubric.criterion, judgeOf(rubric, options, deps)]));
  const inWork = new Map<string, Promise<void>>();

  const settle = async (judgement: Judgement, criterion: string, broken?: string): Promise<void> => {
    const judge = judges.get(criterion);
    const evalId = evalIdOf(judgement, criterion, judge?.hash ?? '');
    // The same judgement can be on the bus twice: who comes second waits for the first.
    while (inWork.has(evalId)) await inWork.get(evalId);
    if (journal.isDone(evalId)) return;
    const error = (reason: string): Promise<void> =>
      outlet.emit(
        answerUnasked(judgement, { evalId, criterion, judge, reason, outcome: 'error', judgedAtMs: clock.nowMs() }),
      );
    const work = async (): Promise<void> => {
      if (broken !== undefined) await error(broken);
      else if (judge === undefined) await error(`expected a rubric for criterion ${criterion}, found none`);
      else await answer({ judgement, judge, evalId, byHand: false, fresh: false });
    };
    const done = work().finally(() => inWork.delete(evalId));
    const ended = done.catch(() => undefined);
    inWork.set(evalId, ended);
    await done;
  };
  const sweep = async (): Promise<void> => {
    await journal.sweep(clock.nowMs());
    await cache.sweep();
  };
  return {
    async open() {
      await outlet.reportLost(await journal.open());
      await sweep();
    },
    async attend(judgement) {
      for (const criterion of judgement.criteria) await settle(judgement, criterion);
    },
    async giveUp(judgement, reason) {
      for (const criterion of judgement.criteria) await settle(judgement, criterion, reason);
    },
    async judgeNow({ judgement, rubric, fresh = false }) {
      const judge = judgeOf(rubric, options, deps);
      const evalId = contentHash(evalIdOf(judgement, rubric.criterion, judge.hash), 'by hand', makeNonce(random));
      return answer({ judgement, judge, evalId, byHand: true, fresh });
    },
    forget: async (traceIds) => (await journal.forget(traceIds)) + (await cache.forget(traceIds)),
    sweep,
  };
}

function createParts(
  options: JudgesConfig,
  deps: BenchDeps,
): { readonly journal: Journal; readonly cache: VerdictCache; readonly outlet: Outlet; readonly answer: Answerer } {
  const { state, clock, model } = deps;
  const journal = openJournal(options, deps);
  const cache = createVerdictCache(options.cache, { state, clock });
  const outlet = createOutlet({ ...deps, journal, cache });
  const evaluation =
    model && createEvaluationDeps(options, { ...deps, model, journal, report: (call) => outlet.report(call) });
  return { journal, cache, outlet, answer: createAnswerer(options, { ...deps, evaluation, cache, journal, outlet }) };
}

function openJournal(options: JudgesConfig, { state }: BenchDeps): Journal {
  const budget = createSpendBudget({
    dailyMicroUsd: Math.round(options.dailyBudgetUsd * 1e6),
    weeklyMicroUsd: Math.round(options.weeklyBudgetUsd * 1e6),
  });
  return createJournal({ retentionMs: options.journalRetentionHours * 3_600_000 }, { state, budget });
}

function judgeOf(rubric: Rubric, options: JudgesConfig, { model }: BenchDeps): CriterionJudge {
  const { votes, repairAttempts, evidenceTokens } = options;
  const asked = model ? { parameters: model.parameters, models: [`${model.provider}/${model.name}`] } : { models: [] };
  return createCriterionJudge(rubric, judgeHash({ rubric, votes, repairAttempts, evidenceTokens, ...asked }));
}
