import type { Check } from './check.js';
import { quote } from './quote.js';

/** The run itself failed, whatever disguise the failure was sent in. Without an answer there is nothing left to judge. */
export const rootError: Check = {
  name: 'root-error',
  weight: 0.9,
  run({ trajectory, complete }) {
    if (trajectory.error === undefined) return [];
    const hasOutput = (trajectory.output ?? '').trim() !== '';
    const settles = complete && !hasOutput;
    const message = `expected the run to succeed, it failed with ${quote(trajectory.error)}${hasOutput ? '' : ' and no answer'}`;
    return [{ severity: settles ? 'settles' : 'suspicious', message, spanId: '' }];
  },
};
