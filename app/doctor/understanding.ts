import type { Why } from '../api.js';

/** One thing that Assay looks for in a trace. */
export interface Understood {
  readonly field: string;
  /** What was read; null when it was not sent, or not in a way that is understood. */
  readonly value: string | null;
  /** What the lack means, and how to mend it; empty where that is no matter. */
  readonly advice: string;
}

/** What Assay made of a trace, field by field, with what to do about what is not there. */
export function understandingOf(why: Why): readonly Understood[] {
  const { trajectory } = why;
  const { tokens, contentSwitch, steps } = trajectory;
  const noText = contentSwitch === null ? '' : `judges have nothing to read: ${contentSwitch}`;
  const kinds = new Map<string, number>();
  for (const { kind } of steps) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const counted = [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ');
  return [
    row(
      'dialect',
      trajectory.dialects.join(' + '),
      'no span is of an instrumentation that Assay knows: see docs/connect',
    ),
    row('service', why.service, 'set OTEL_SERVICE_NAME at the sender, or rates are those of a nameless service'),
    row(
      'release',
      why.release,
      'set OTEL_RESOURCE_ATTRIBUTES=service.version=… at the sender, or releases cannot be compared',
    ),
    row('question', trajectory.input, noText),
    row('answer', trajectory.output, noText),
    row('steps', counted, 'no model or tool call was recognised'),
    row('model', [trajectory.provider, trajectory.model].filter((part) => part !== null).join(' '), ''),
    row('tokens', tokens === null ? null : `${tokens.input} in, ${tokens.output} out`, ''),
    row('finish reason', trajectory.finishReason, ''),
    row('session', trajectory.sessionId, ''),
    row('user', trajectory.userId, ''),
    row('whole', why.complete || why.decision === null ? 'yes' : null, why.decision?.completeness ?? ''),
  ];
}

function row(field: string, value: string | null, advice: string): Understood {
  const isThere = value !== null && value !== '';
  return { field, value: isThere ? value : null, advice: isThere ? '' : advice };
}
