import type { Policy, Stratum } from '../../core/decision.js';
import { contentHash } from '../../core/keyed-hash.js';
import { select, type Selection } from '../../sampler/index.js';

/** Draws traces by the product's own decision, under the policy in force at their bus time. */
export interface Selector {
  draw(traceId: string, stratum: Stratum, busTimeMs: number): Selection;
}

/** @param secret - from which the salt of the only tenant is derived */
export function createSelector(secret: string, policies: readonly Policy[]): Selector {
  const salt = contentHash(secret, 'benchmark');
  return {
    draw(traceId, stratum, busTimeMs) {
      const policy = policies.findLast(({ effectiveFromMs }) => effectiveFromMs <= busTimeMs);
      if (policy === undefined) throw new Error(`expected a policy in force at ${busTimeMs}, got none`);
      return select({ traceId, stratum, policy, salt });
    },
  };
}
