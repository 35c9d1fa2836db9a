import type { Check } from './check.js';
import { quote } from './quote.js';

/** A tool, model or other step that failed and never succeeded later. Once it did, the failure is only told. */
export const unhandledError: Check = {
  name: 'unhandled-error',
  weight: 0.6,
  run({ trajectory }) {
    const lastSuccess = new Map<string, number>();
    trajectory.steps.forEach((step, at) => {
      if (step.error === undefined) lastSuccess.set(subject(step), at);
    });
    return trajectory.steps.flatMap((step, at) => {
      if (step.error === undefined) return [];
      const handled = (lastSuccess.get(subject(step)) ?? -1) > at;
      const end = handled ? ', and a later one succeeded' : ', and none succeeded later';
      const message = `expected the ${step.kind} step ${quote(step.name)} to succeed, it failed with ${quote(step.error)}${end}`;
      return [{ severity: handled ? ('note' as const) : ('suspicious' as const), message, spanId: step.spanId }];
    });
  },
};

/** Another model may answer in place of the one that failed; another tool does not. */
function subject(step: { readonly kind: string; readonly name: string }): string {
  return step.kind === 'model' ? 'model' : `${step.kind} ${step.name}`;
}
