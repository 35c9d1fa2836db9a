import type { Check } from './check.js';
import { quote } from './quote.js';

/** A call of a tool that the agent never declared. Silent where no tools were declared at all. */
export const unknownTool: Check = {
  name: 'unknown-tool',
  weight: 0.7,
  run({ trajectory, calls }) {
    if (trajectory.tools.length === 0) return [];
    const declared = new Set(trajectory.tools.map(({ name }) => name));
    return calls
      .filter(({ name }) => !declared.has(name))
      .map(({ name, spanId }) => ({
        severity: 'suspicious' as const,
        message: `expected a call of one of the ${declared.size} declared tools, got ${quote(name)}`,
        spanId,
      }));
  },
};
