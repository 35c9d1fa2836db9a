import { countCalls, MAX_CALLS } from './call-facts.js';
import type { Check } from './check.js';

/** Says of a run with very many calls that not all of them were looked at. Never more than a note. */
export const manyCalls: Check = {
  name: 'many-calls',
  weight: 0.1,
  run({ trajectory }) {
    const count = countCalls(trajectory);
    if (count <= MAX_CALLS) return [];
    const message = `expected at most ${MAX_CALLS} tool calls, got ${count}; only the last ${MAX_CALLS} were checked`;
    return [{ severity: 'note', message, spanId: '' }];
  },
};
