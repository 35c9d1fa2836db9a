import type { Trajectory } from '../../core/trajectory.js';

/** Arguments of a tool call: JSON, not JSON, or kept from us. */
export type ParsedArguments =
  | { readonly status: 'parsed'; readonly value: unknown }
  | { readonly status: 'broken' }
  | { readonly status: 'hidden' };

/** A call that a model asked for. */
export interface CallFact {
  readonly name: string;
  readonly text: string;
  readonly parsed: ParsedArguments;
  /** Index in `trajectory.steps` of the model step that asked. */
  readonly stepIndex: number;
  readonly spanId: string;
}

const REDACTED = /^[\W_]*redacted[\W_]*$/i;

/** Calls of one trace that are looked at. */
export const MAX_CALLS = 10_000;

/** The calls in order, but for the first of very many: the last are kept, since a later call can mend an earlier one. */
export function callFacts(trajectory: Trajectory): readonly CallFact[] {
  let over = countCalls(trajectory) - MAX_CALLS;
  return trajectory.steps.flatMap((step, stepIndex) => {
    const calls = (step.toolCalls ?? []).slice(Math.max(0, over));
    over -= step.toolCalls?.length ?? 0;
    return calls.map((call) => ({
      name: call.name,
      text: call.arguments,
      parsed: parseArguments(call.arguments),
      stepIndex,
      spanId: step.spanId,
    }));
  });
}

export function countCalls({ steps }: Trajectory): number {
  return steps.reduce((count, step) => count + (step.toolCalls?.length ?? 0), 0);
}

/** Of each tool the step of its last call that holds. One pass, so that each call need not look through all others. */
export function lastSteps(
  calls: readonly CallFact[],
  holds: (call: CallFact, at: number) => boolean,
): ReadonlyMap<string, number> {
  const last = new Map<string, number>();
  calls.forEach((call, at) => {
    if (holds(call, at)) last.set(call.name, call.stepIndex);
  });
  return last;
}

/** Some senders encode twice, so a text that holds JSON is read again. No arguments at all are an empty object. */
export function parseArguments(text: string): ParsedArguments {
  const trimmed = text.trim();
  if (trimmed === '') return { status: 'parsed', value: {} };
  if (REDACTED.test(trimmed)) return { status: 'hidden' };
  try {
    const value: unknown = JSON.parse(trimmed);
    if (typeof value !== 'string') return { status: 'parsed', value };
    if (REDACTED.test(value)) return { status: 'hidden' };
    return value.trim().startsWith('{')
      ? { status: 'parsed', value: JSON.parse(value) as unknown }
      : { status: 'parsed', value };
  } catch {
    return { status: 'broken' };
  }
}

/** Whether the arguments are one JSON object, as a tool expects. */
export function isObject(parsed: ParsedArguments): boolean {
  return (
    parsed.status === 'parsed' &&
    typeof parsed.value === 'object' &&
    parsed.value !== null &&
    !Array.isArray(parsed.value)
  );
}
