import { lastSteps } from './call-facts.js';
import type { Check } from './check.js';
import { quote } from './quote.js';
import { schemaError } from './schema-error.js';

/** Arguments that break the schema that the agent itself declared for the tool. */
export const toolSchema: Check = {
  name: 'tool-schema',
  weight: 0.7,
  run({ trajectory, calls }) {
    const schemas = new Map(trajectory.tools.map((tool) => [tool.name, tool.parameters]));
    const errors = calls.map((call) => errorOf(call.parsed, schemas.get(call.name)));
    const fitted = lastSteps(calls, ({ parsed }, at) => parsed.status === 'parsed' && errors[at] === undefined);
    return calls.flatMap((call, at) => {
      const error = errors[at];
      if (error === undefined) return [];
      const repaired = (fitted.get(call.name) ?? -1) > call.stepIndex;
      const message = `expected arguments of ${quote(call.name)} to fit its declared schema, got ${error}${repaired ? '; a later call fitted' : ''}`;
      return [{ severity: repaired ? ('note' as const) : ('suspicious' as const), message, spanId: call.spanId }];
    });
  },
};

function errorOf(parsed: { readonly status: string; readonly value?: unknown }, schema: unknown): string | undefined {
  return parsed.status === 'parsed' && schema !== undefined ? schemaError(schema, parsed.value) : undefined;
}
