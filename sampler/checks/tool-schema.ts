import type { Check } from './check.js';
import { quote } from './quote.js';
import { schemaError } from './schema-error.js';

/** Arguments that break the schema that the agent itself declared for the tool. */
export const toolSchema: Check = {
  name: 'tool-schema',
  weight: 0.7,
  run({ trajectory, calls }) {
    const schemas = new Map(trajectory.tools.map((tool) => [tool.name, tool.parameters]));
    const checked = calls.map((call) => ({ call, error: errorOf(call.parsed, schemas.get(call.name)) }));
    return checked.flatMap(({ call, error }) => {
      if (error === undefined) return [];
      const repaired = checked.some(
        ({ call: later, error: laterError }) =>
          later.name === call.name &&
          later.stepIndex > call.stepIndex &&
          later.parsed.status === 'parsed' &&
          laterError === undefined,
      );
      const message = `expected arguments of ${quote(call.name)} to fit its declared schema, got ${error}${repaired ? '; a later call fitted' : ''}`;
      return [{ severity: repaired ? ('note' as const) : ('suspicious' as const), message, spanId: call.spanId }];
    });
  },
};

function errorOf(parsed: { readonly status: string; readonly value?: unknown }, schema: unknown): string | undefined {
  return parsed.status === 'parsed' && schema !== undefined ? schemaError(schema, parsed.value) : undefined;
}
