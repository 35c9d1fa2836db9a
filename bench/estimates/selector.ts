import type { Policy, Stratum } from '../../core/decision.js';
import { keyedUniform } from '../../core/keyed-hash.js';

/** The product's decision, and nothing else. */
export interface Selector {
  decide(traceId: string, stratum: Stratum, busTimeMs: number): { readonly pi: number; readonly selected: boolean };
}

export function createSelector(salt: string, policies: readonly Policy[]): Selector {
  return {
    decide(traceId, stratum, busTimeMs) {
      const policy = policies.findLast((candidate) => candidate.effectiveFromMs <= busTimeMs)!;
      const pi = stratum === 'settled' ? 1 : policy.pi[stratum];
      return { pi, selected: keyedUniform(salt, traceId) < pi };
    },
  };
}
