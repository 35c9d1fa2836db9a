import type { Check } from './check.js';

/** No final answer, although message text is recorded. */
export const emptyOutput: Check = {
  name: 'empty-output',
  weight: 0.6,
  run({ trajectory }) {
    if (!trajectory.hasContent || (trajectory.output ?? '').trim() !== '') return [];
    return [{ severity: 'suspicious', message: 'expected a final answer, got none', spanId: '' }];
  },
};
