import type { Trajectory } from '../../core/trajectory.js';
import { isObject, lastSteps, parseArguments, type CallFact } from './call-facts.js';
import type { Check, Facts, Report } from './check.js';
import { quote } from './quote.js';

/** SDKs cut attribute values at a limit, which is most often one of these: such a cut is not the model's. */
const ATTRIBUTE_LIMIT_STEP = 128;

/**
 * Arguments that are not JSON, as when the model's reply was cut. A later call of the tool that can be read repairs it;
 * without one the tool can not have been given what the model meant.
 */
export const brokenArguments: Check = {
  name: 'broken-arguments',
  weight: 0.9,
  run(facts) {
    if (facts.calls.length === 0) return toolSteps(facts.trajectory);
    const broken = facts.calls.filter(({ parsed }) => parsed.status === 'broken');
    if (broken.length === 0) return [];
    const isRepaired = repairs(facts);
    return broken.map((call) => report(call, facts.complete, isRepaired(call)));
  },
};

function report(call: CallFact, complete: boolean, repaired: boolean): Report {
  const cut = call.text.length % ATTRIBUTE_LIMIT_STEP === 0;
  const severity = repaired ? 'note' : cut || !complete ? 'suspicious' : 'settles';
  const end = repaired ? ', and a later call was whole' : '';
  return { severity, message: `${expectation(call.name, call.text)}${end}`, spanId: call.spanId };
}

/** By a later call, or because the tool's own span shows arguments that are whole. */
function repairs({ calls, trajectory }: Facts): (call: CallFact) => boolean {
  const called = lastSteps(calls, ({ parsed }) => parsed.status !== 'broken');
  const ran = lastWholeRuns(trajectory);
  return ({ name, stepIndex }) => (called.get(name) ?? -1) > stepIndex || (ran.get(name) ?? -1) > stepIndex;
}

function lastWholeRuns({ steps }: Trajectory): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  steps.forEach((step, at) => {
    if (step.kind === 'tool' && step.arguments !== undefined && isObject(parseArguments(step.arguments)))
      last.set(step.name, at);
  });
  return last;
}

/** Without the model's own words: what a tool was given may be written in many ways, so nothing is certain. */
function toolSteps({ steps }: Trajectory): readonly Report[] {
  return steps.flatMap((step) => {
    const text = step.arguments?.trim() ?? '';
    if (step.kind !== 'tool' || !text.startsWith('{"') || parseArguments(text).status !== 'broken') return [];
    return [{ severity: 'suspicious' as const, message: expectation(step.name, text), spanId: step.spanId }];
  });
}

function expectation(name: string, text: string): string {
  return `expected JSON as arguments of ${quote(name)}, got ${text.length} characters that end in ${quote(text.slice(-40))}`;
}
