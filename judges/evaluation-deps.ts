import type { Model } from '../core/model.js';
import { announcement } from './announcement.js';
import type { JudgesConfig } from './config.js';
import type { EvaluationDeps } from './evaluate.js';
import type { JudgeDeps } from './judge-deps.js';
import { makeNonce } from './nonce.js';
import { createProviderGate } from './provider-gate.js';
import { createProviderNotices } from './provider-notices.js';

const LATENCY_BUCKETS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60] as const;

/** What evaluations with one model share: its gate, its notices, its counters, and the announcement before the first call. */
export function createEvaluationDeps(
  options: JudgesConfig,
  deps: JudgeDeps & { readonly model: Model } & Pick<EvaluationDeps, 'journal' | 'report' | 'killed'>,
): EvaluationDeps {
  const { model, clock, random, metrics, announce, journal, report, killed } = deps;
  let announced = false;
  return {
    ...{ options, model, clock, journal, report, killed },
    gate: createProviderGate(options, { clock, random }),
    notices: createProviderNotices(options, { model, clock, announce }),
    nonce: () => makeNonce(random),
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
