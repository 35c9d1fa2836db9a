import type { Model } from '../core/model.js';
import { announcement } from './announcement.js';
import type { BuyerDeps } from './buy-call.js';
import type { JudgesConfig } from './config.js';
import type { EvaluationDeps } from './evaluate.js';
import type { JudgeDeps } from './judge-deps.js';
import { makeNonce } from './nonce.js';
import { createProviderGate } from './provider-gate.js';
import { createProviderNotices } from './provider-notices.js';

const LATENCY_BUCKETS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60] as const;

/**
 * What evaluations share: the counters and the announcement before the first call, and of each model, the judge's and the
 * confirming one's, its gate and its notices.
 */
export function createEvaluationDeps(
  options: JudgesConfig,
  deps: JudgeDeps & { readonly model: Model } & Pick<EvaluationDeps, 'journal' | 'report' | 'killed'>,
): EvaluationDeps {
  const { model, confirm, clock, random, metrics, announce, journal, report, killed } = deps;
  let announced = false;
  const meters = {
    calls: metrics.counter('assay_judges_calls_total', 'Model calls, by provider and how they ended.', [
      'provider',
      'status',
    ]),
    spend: metrics.counter('assay_judges_spend_micro_usd_total', 'Micro-dollars charged for model calls.'),
    latency: metrics.histogram('assay_judges_call_latency_seconds', 'Time from request to reply of a model call.', {
      buckets: LATENCY_BUCKETS,
    }),
  };
  const buyerOf = (asked: Model, role: 'judge' | 'confirm'): BuyerDeps => ({
    ...{ model: asked, clock, journal, report, ...meters },
    gate: createProviderGate(options, { clock, random }),
    notices: createProviderNotices(role === 'judge' ? options : options.confirm, {
      model: asked,
      role,
      clock,
      announce,
    }),
    // Replies of an earlier process can make the second judge's call the first one.
    beforeFirstCall() {
      if (!announced) announce(announcement(options, model, confirm));
      announced = true;
    },
  });
  return {
    ...{ options, killed, ...buyerOf(model, 'judge') },
    nonce: () => makeNonce(random),
    ...(confirm && { confirm: buyerOf(confirm, 'confirm') }),
    confirmations: metrics.counter(
      'assay_judges_confirmations_total',
      'Fails that a second judge was asked about, by what it came to.',
      ['result'],
    ),
  };
}
