import type { EvidenceSection } from '../core/evidence.js';
import type { Step, Trajectory } from '../core/trajectory.js';

/** What a judge reads of a trajectory, before it is cut to a budget. Names stay in the text: a title is written by Assay. */
export interface DraftEvidence {
  readonly opening: readonly EvidenceSection[];
  readonly steps: readonly EvidenceSection[];
  readonly closing: readonly EvidenceSection[];
}

/**
 * Lays a trajectory out in sections. What is said twice is shown once: a tool call that a tool step carries out, and a
 * model's text that is the final answer.
 */
export function draftEvidence(trajectory: Trajectory): DraftEvidence {
  const { instructions, input, output, error, tools } = trajectory;
  const executed = countCalls(trajectory.steps);
  const steps = trajectory.steps.flatMap((step, index) => {
    const text = stepText(step, trajectory, executed);
    return text === '' ? [] : [{ title: `step ${index + 1}: ${step.kind}`, text }];
  });
  const declared = tools.map(({ name, description }) => (description ? `${name}: ${description}` : name)).join('\n');
  return {
    opening: [
      ...section('system instructions', instructions),
      ...section('tools declared', declared),
      { title: 'user request', text: input ?? '' },
    ],
    steps,
    closing: [...section('run error', error), { title: 'final answer', text: output ?? '' }],
  };
}

function section(title: string, text: string | undefined): readonly EvidenceSection[] {
  return text === undefined || text.trim() === '' ? [] : [{ title, text }];
}

function stepText(step: Step, trajectory: Trajectory, executed: Map<string, number>): string {
  const lines: string[] = [];
  const add = (label: string, text: string | undefined): void => {
    if (text !== undefined && text.trim() !== '') lines.push(`${label}: ${text}`);
  };
  if (step.kind === 'model') {
    if (step.result !== trajectory.output) add('text', step.result);
    for (const call of step.toolCalls ?? []) {
      if (!takeCall(executed, call.name, call.arguments)) add('asked for tool', `${call.name} with ${call.arguments}`);
    }
    if (step.finishReason !== 'stop' && step.finishReason !== 'tool_call') add('finish reason', step.finishReason);
  } else {
    if (step.arguments !== trajectory.input) add('arguments', step.arguments);
    if (step.result !== trajectory.output) add('result', step.result);
  }
  add('error', step.error);
  const named = step.kind === 'tool' || (lines.length > 0 && step.kind !== 'model');
  return [...(named ? [`name: ${step.name}`] : []), ...lines].join('\n');
}

function countCalls(steps: readonly Step[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const step of steps) {
    if (step.kind !== 'tool') continue;
    const key = callKey(step.name, step.arguments ?? '');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** True when a tool step shows this very call; each step stands for one call. */
function takeCall(counts: Map<string, number>, name: string, args: string): boolean {
  const key = callKey(name, args);
  const left = counts.get(key) ?? 0;
  if (left > 0) counts.set(key, left - 1);
  return left > 0;
}

/** Emitters re-serialise arguments, so calls are compared without the white space between tokens. */
function callKey(name: string, args: string): string {
  try {
    return JSON.stringify([name, JSON.parse(args)]);
  } catch {
    return JSON.stringify([name, args]);
  }
}
