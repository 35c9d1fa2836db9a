import type { Step, Trajectory } from '../../core/trajectory.js';
import type { Check, Facts } from './check.js';
import { quote } from './quote.js';

interface Called {
  readonly name: string;
  readonly arguments: string;
  readonly spanId: string;
}

/** The same tool with the same arguments again and again. A call that failed may be tried again, so it is not counted. */
export const repeatedCalls: Check = {
  name: 'repeated-calls',
  weight: 0.5,
  run(facts, { repeatedCalls: limit }) {
    const groups = new Map<string, Called[]>();
    for (const call of called(facts)) {
      const key = `${call.name}\n${canonical(call.arguments)}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [call]);
      else group.push(call);
    }
    return [...groups.values()]
      .filter((group) => group.length >= limit)
      .map((group) => ({
        severity: 'suspicious' as const,
        message: `expected fewer than ${limit} calls of ${quote(group[0]!.name)} with the same arguments, got ${group.length}`,
        spanId: group.at(-1)!.spanId,
      }));
  },
};

function called({ trajectory, calls }: Facts): readonly Called[] {
  const tools = ranTools(trajectory);
  if (tools.length === 0) return calls.map((call) => ({ name: call.name, arguments: call.text, spanId: call.spanId }));
  return tools
    .filter((step) => step.error === undefined && step.arguments !== undefined)
    .map((step) => ({ name: step.name, arguments: step.arguments ?? '', spanId: step.spanId }));
}

function ranTools({ steps }: Trajectory): readonly Step[] {
  return steps.filter((step) => step.kind === 'tool');
}

/** The same for two texts of one JSON value, whatever the order of keys. */
function canonical(text: string): string {
  try {
    return JSON.stringify(sortKeys(JSON.parse(text) as unknown));
  } catch {
    return text.trim();
  }
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([key, child]) => [key, sortKeys(child)]);
}
