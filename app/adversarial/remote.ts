import type { AdversarialCase } from '../../core/adversarial-case.js';
import type { AddedCases, AdversarialQueries, JudgedAnswer } from './api.js';

/** The same queries behind a call that crosses a border. */
export function remoteAdversarial(
  call: (method: string, ...args: readonly unknown[]) => Promise<unknown>,
): AdversarialQueries {
  return {
    cases: async () => (await call('cases')) as readonly AdversarialCase[],
    addCases: async (cases, addedBy) => (await call('addCases', cases, addedBy)) as AddedCases,
    judgeAnswer: async (answer, request) => (await call('judgeAnswer', answer, request)) as JudgedAnswer,
    floorRun: async (run) => {
      await call('floorRun', run);
    },
  };
}
