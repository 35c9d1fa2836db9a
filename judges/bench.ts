import type { Judgement } from '../core/evidence.js';
import { contentHash } from '../core/keyed-hash.js';
import type { Model } from '../core/model.js';
import type { Verdict } from '../core/verdict.js';
import { createAnswerer, type Answerer } from './answer.js';
import type { LostCall } from './call-entry.js';
import type { JudgesConfig } from './config.js';
import { createCriterionJudge, evalIdOf, type CriterionJudge } from './evaluate.js';
import { createEvaluationDeps } from './evaluation-deps.js';
import type { JudgeDeps } from './judge-deps.js';
import { judgeHash } from './judge-hash.js';
import type { Journal } from './journal.js';
import { makeNonce } from './nonce.js';
import { createOutlet, type Outlet } from './outlet.js';
import type { Rubric } from './rubric.js';
import type { Turn } from './turn.js';
import { answerUnasked } from './unasked.js';
import { createVerdictCache, type VerdictCache } from './verdict-cache.js';

export interface BenchDeps extends JudgeDeps {
  readonly journal: Journal;
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

/** A judgement of the flow, and the turn in which it came. */
export interface Case {
  readonly judgement: Judgement;
  readonly turn: Turn;
}

/** Where judgements become verdicts, each once. */
export interface Bench {
  /** Reports what an earlier process lost, where it was the only judge. */
  open(): Promise<void>;
  /** Resolves when a verdict of every criterion is on the bus. */
  attend(one: Case): Promise<void>;
  /** Answers every criterion that has no verdict yet with an error. */
  giveUp(one: Case, reason: string): Promise<void>;
  /** Judges once more, whatever was answered before, under an id of its own. */
  judgeNow(request: HandRequest, turn: Turn): Promise<Verdict>;
  /** Removes what it holds of these traces. @returns how many replies and kept verdicts that was */
  forget(traceIds: readonly string[]): Promise<number>;
  /** Forgets what is too old to come again. */
  sweep(): Promise<void>;
  reportLost(calls: readonly LostCall[]): Promise<void>;
}

/** A bench with one judge for each rubric. */
export function createBench(options: JudgesConfig, deps: BenchDeps): Bench {
  const { clock, random, journal } = deps;
  const { cache, outlet, answer } = createParts(options, deps);
  const judges = new Map(deps.rubrics.map((rubric) => [rubric.criterion, judgeOf(rubric, options, deps)]));
  const inWork = new Map<string, Promise<void>>();

  const settle = async ({ judgement, turn }: Case, criterion: string, broken?: string): Promise<void> => {
    const judge = judges.get(criterion);
    const evalId = evalIdOf(judgement, criterion, judge?.hash ?? '');
    // The same judgement can be on the bus twice: who comes second waits for the first.
    while (inWork.has(evalId)) await inWork.get(evalId);
    if (journal.isDone(evalId)) return;
    const error = (reason: string): Promise<void> =>
      outlet.emit(
        answerUnasked(judgement, { evalId, criterion, judge, reason, outcome: 'error', judgedAtMs: clock.nowMs() }),
        turn,
      );
    const work = async (): Promise<void> => {
      if (broken !== undefined) await error(broken);
      else if (judge === undefined) await error(`expected a rubric for criterion ${criterion}, found none`);
      else await answer({ judgement, judge, evalId, turn, byHand: false, fresh: false });
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
      if (deps.shared === undefined) await outlet.reportLost(await journal.open());
      await sweep();
    },
    async attend(one) {
      for (const criterion of one.judgement.criteria) await settle(one, criterion);
    },
    async giveUp(one, reason) {
      for (const criterion of one.judgement.criteria) await settle(one, criterion, reason);
    },
    async judgeNow({ judgement, rubric, fresh = false }, turn) {
      const judge = judgeOf(rubric, options, deps);
      const evalId = contentHash(evalIdOf(judgement, rubric.criterion, judge.hash), 'by hand', makeNonce(random));
      return answer({ judgement, judge, evalId, turn, byHand: true, fresh });
    },
    reportLost: (calls) => outlet.reportLost(calls),
    forget: async (traceIds) => (await journal.forget(traceIds)) + (await cache.forget(traceIds)),
    sweep,
  };
}

function createParts(
  options: JudgesConfig,
  deps: BenchDeps,
): { readonly cache: VerdictCache; readonly outlet: Outlet; readonly answer: Answerer } {
  const { state, clock, model } = deps;
  const cache = createVerdictCache(options.cache, { state, clock });
  const outlet = createOutlet({ ...deps, cache });
  const evaluation = model && createEvaluationDeps(options, { ...deps, model, report: (call) => outlet.report(call) });
  return { cache, outlet, answer: createAnswerer(options, { ...deps, evaluation, cache, outlet }) };
}

function judgeOf(rubric: Rubric, options: JudgesConfig, { model, confirm }: BenchDeps): CriterionJudge {
  const { votes, repairAttempts, evidenceTokens } = options;
  const asked = model ? { parameters: model.parameters, models: [nameOf(model)] } : { models: [] };
  const second = model &&
    confirm && {
      confirm: { model: nameOf(confirm), parameters: confirm.parameters, strata: options.confirm.strata },
    };
  return createCriterionJudge(
    rubric,
    judgeHash({ rubric, votes, repairAttempts, evidenceTokens, ...asked, ...second }),
  );
}

function nameOf({ provider, name }: Model): string {
  return `${provider}/${name}`;
}
