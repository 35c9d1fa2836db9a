import type { z } from 'zod';

/** One line of JSONL: what it says, or what is wrong with it in words. */
export function parseJsonLine<Value>(
  schema: z.ZodType<Value>,
  text: string,
): { readonly value: Value } | { readonly problem: string } {
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return { value: parsed.data };
    const issue = parsed.error.issues[0];
    return { problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'another shape'}` };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
