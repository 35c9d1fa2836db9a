import type { Check } from './check.js';

const STOPPED: Readonly<Record<string, string>> = {
  length: 'it ran into its output limit',
  content_filter: 'its text was withheld by a content filter',
};

/** A model that could not finish what it was saying. Earlier in the run it is only told: the agent went on. */
export const finishReason: Check = {
  name: 'finish-reason',
  weight: 0.7,
  run({ trajectory }) {
    const models = trajectory.steps.filter((step) => step.kind === 'model');
    return models.flatMap((step, at) => {
      const why = Object.hasOwn(STOPPED, step.finishReason ?? '') ? STOPPED[step.finishReason ?? ''] : undefined;
      if (why === undefined) return [];
      const isLast = at === models.length - 1;
      const message = `expected the ${isLast ? 'last' : ''} model call to end by itself, but ${why}`.replace('  ', ' ');
      return [{ severity: isLast ? ('suspicious' as const) : ('note' as const), message, spanId: step.spanId }];
    });
  },
};
