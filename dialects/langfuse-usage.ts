import type { AttributeValue } from '../core/attributes.js';
import type { SpanFields } from './fields.js';
import { count, structure } from './values.js';

/**
 * Tokens of `usage_details`. Langfuse's own integrations take every detail out of the count it belongs to: `input` is what
 * was neither cached nor audio, `output` what was no reasoning. An application that fills the object in itself may not, so
 * where a total was sent, the reading that adds up to it is the right one.
 */
export function langfuseUsage(value: AttributeValue | undefined): Pick<SpanFields, 'inputTokens' | 'outputTokens'> {
  const usage = structure(value);
  if (usage === undefined) return {};
  const plain = { input: count(usage.input), output: count(usage.output) };
  const whole = { input: plain.input, output: plain.output };
  for (const [key, sent] of Object.entries(usage)) {
    const tokens = count(sent) ?? 0;
    const side = sideOf(key);
    if (side !== undefined) whole[side] = (whole[side] ?? 0) + tokens;
  }
  const total = count(usage.total);
  const readings = [whole, plain, { ...whole, output: plain.output }, { ...whole, input: plain.input }];
  const fits = readings.find(({ input = 0, output = 0 }) => input + output === total);
  const { input, output } = fits ?? whole;
  return { inputTokens: input, outputTokens: output };
}

/** Which count a detail such as `input_cached_tokens` or `cache_read_input_tokens` belongs to. */
function sideOf(key: string): 'input' | 'output' | undefined {
  if (key === 'input' || key === 'output') return undefined;
  return key.includes('input') ? 'input' : key.includes('output') ? 'output' : undefined;
}
