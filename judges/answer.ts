import type { Clock } from '../core/clock.js';
import { keyedUniform } from '../core/keyed-hash.js';
import type { Metrics } from '../core/metrics.js';
import type { Verdict } from '../core/verdict.js';
import { buildVerdict } from './build-verdict.js';
import type { JudgesConfig } from './config.js';
import { isUnconfirmed } from './confirm-fail.js';
import { confirmerOf, evaluate, type EvaluationDeps, type Question } from './evaluate.js';
import type { Journal } from './journal.js';
import type { Outlet } from './outlet.js';
import { answerUnasked, NO_MODEL, OWN_SPANS } from './unasked.js';
import { cacheKey, type KeptVerdict, type VerdictCache } from './verdict-cache.js';

/** A question, and how it came. */
export interface Asked extends Question {
  /** By a person: an answer that enters no rate. */
  readonly byHand: boolean;
  /** Asks the model whatever the cache knows. */
  readonly fresh: boolean;
}

export interface AnswererDeps {
  /** Absent without a model. */
  readonly evaluation: EvaluationDeps | undefined;
  readonly cache: VerdictCache;
  readonly journal: Journal;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Resolves when the answer is on the bus. */
export type Answerer = (asked: Asked) => Promise<Verdict>;

/** What was found in the cache, if anything, and what came of it. */
type Lookup = 'none' | 'hit' | 'miss' | 'agreed' | 'flipped';

/**
 * Answers in the order cache, budget, votes.
 *
 * While a question is with the model, the same question waits for that answer. It waits once: when no verdict that is kept came
 * of it, an abstention say, all who waited ask for themselves, or evidence that nobody can judge would be judged one by one.
 */
export function createAnswerer(options: JudgesConfig, deps: AnswererDeps): Answerer {
  const { cache, journal, clock } = deps;
  const inFlight = new Map<string, Promise<void>>();
  const give = createGiving(deps);
  const reuses = ({ evalId, byHand }: Asked): boolean =>
    // What was bought for it before a restart is used; and the draw is the same after one.
    journal.callsOf(evalId).length === 0 && (byHand || keyedUniform('cache audit', evalId) >= options.cache.auditRatio);
  return async (asked) => {
    const { evaluation } = deps;
    if (asked.judgement.own) return give(asked, refuse(asked, OWN_SPANS, clock), { lookup: 'none' });
    if (evaluation === undefined) return give(asked, refuse(asked, NO_MODEL, clock), { lookup: 'none' });
    const isConfirmed = confirmerOf(asked, evaluation) !== undefined;
    const { rubric, hash } = asked.judge;
    const key = cacheKey(asked.judgement, { criterion: rubric.criterion, judgeHash: hash, isConfirmed });
    const uses = options.cache.enabled && !asked.fresh;
    const find = (): KeptVerdict | undefined => (uses ? cache.find(key) : undefined);
    const running = uses ? inFlight.get(key) : undefined;
    if (running !== undefined && find() === undefined) await running;
    const kept = find();
    if (kept !== undefined && reuses(asked)) return give(asked, toHit(asked, kept, clock.nowMs()), { lookup: 'hit' });
    const work = evaluate(asked, evaluation).then((fresh) => {
      const isHalf = isConfirmed && isUnconfirmed(fresh);
      if (kept !== undefined) return giveAudited(asked, { fresh, kept, key, isHalf });
      return give(asked, fresh, { lookup: uses ? 'miss' : 'none', ...(isHalf ? {} : { key }) });
    });
    return together(work, key);
  };

  function giveAudited(asked: Asked, { fresh, kept, key, isHalf }: Audited): Promise<Verdict> {
    // Without money for the audit, or the second judge's word, there is no other verdict.
    if (fresh.outcome === 'shed_budget' || isHalf)
      return give(asked, toHit(asked, kept, clock.nowMs()), { lookup: 'hit' });
    if (fresh.outcome === 'error') return give(asked, fresh, { lookup: 'none' });
    const cacheAudit = fresh.outcome === kept.outcome ? 'agreed' : 'flipped';
    return give(asked, { ...fresh, cacheAudit }, { lookup: cacheAudit, key });
  }

  async function together(work: Promise<Verdict>, key: string): Promise<Verdict> {
    const ended = work.then(
      () => undefined,
      () => undefined,
    );
    inFlight.set(key, ended);
    try {
      return await work;
    } finally {
      if (inFlight.get(key) === ended) inFlight.delete(key);
    }
  }
}

interface Audited {
  readonly fresh: Verdict;
  readonly kept: KeptVerdict;
  readonly key: string;
  /** A fail that a second judge was to confirm and has not. */
  readonly isHalf: boolean;
}

type Giving = (
  asked: Asked,
  verdict: Verdict,
  how: { readonly lookup: Lookup; readonly key?: string },
) => Promise<Verdict>;

function createGiving({ outlet, cache, metrics }: AnswererDeps): Giving {
  const hits = metrics.counter(
    'assay_judges_cache_hits_total',
    'Verdicts that were found in the cache and used again.',
  );
  const misses = metrics.counter('assay_judges_cache_misses_total', 'Verdicts that the cache did not hold.');
  const audits = metrics.counter(
    'assay_judges_cache_audits_total',
    'Verdicts that were found in the cache and judged all the same, by whether the judge said so again.',
    ['result'],
  );
  return async ({ byHand, turn }, verdict, { lookup, key }) => {
    const given = byHand ? { ...verdict, byHand, audit: true } : verdict;
    // Who asks until the answer suits would else choose what the flow finds, and so a rate.
    const isSecond = byHand && key !== undefined && cache.find(key) !== undefined;
    const kept = isSecond || key === undefined ? {} : { cacheKey: key };
    await outlet.emit(given, { partition: turn.partition, ...kept });
    if (lookup === 'hit') hits.add(1);
    else if (lookup === 'miss') misses.add(1);
    else if (lookup !== 'none') audits.add(1, { result: lookup });
    return given;
  };
}

function refuse({ judgement, judge, evalId }: Asked, reason: string, clock: Clock): Verdict {
  const { criterion } = judge.rubric;
  return answerUnasked(judgement, { evalId, criterion, judge, reason, outcome: 'abstain', judgedAtMs: clock.nowMs() });
}

/** The verdict of the same evidence, at no cost: nobody was asked this time. */
function toHit({ judgement, judge, evalId }: Asked, kept: KeptVerdict, nowMs: number): Verdict {
  const { outcome, confidence, provider, model, traceId, disputed = false } = kept;
  const identity = {
    ...{ evalId, provider, model, judgeHash: judge.hash },
    criterion: judge.rubric.criterion,
    rubricVersion: judge.rubric.version,
  };
  const votes = kept.votes.map((vote) => ({ ...vote, costMicroUsd: 0, inputTokens: 0, outputTokens: 0, latencyMs: 0 }));
  const reason = `exactly this evidence was judged on trace ${traceId} at ${new Date(kept.judgedAtMs).toISOString()}`;
  const hit = buildVerdict(judgement, identity, { outcome, confidence, reason, votes, disputed, judgedAtMs: nowMs });
  return { ...hit, fromCache: true };
}
