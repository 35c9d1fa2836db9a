import type { Check } from './check.js';
import { quote } from './quote.js';

/** The run ended on a model that asked for a tool: nothing shows that it ran, and no model spoke afterwards. */
export const abandonedCall: Check = {
  name: 'abandoned-call',
  weight: 0.6,
  run({ trajectory, calls }) {
    const lastModel = trajectory.steps.findLastIndex((step) => step.kind === 'model');
    const asked = calls.find((call) => call.stepIndex === lastModel);
    if (asked === undefined || trajectory.steps.slice(lastModel + 1).some((step) => step.kind === 'tool')) return [];
    const message = `expected the call of ${quote(asked.name)} to be run and answered, but the run ended there`;
    return [{ severity: 'suspicious', message, spanId: asked.spanId }];
  },
};
