import { z } from 'zod';
import { Secret } from '../core/secret.js';

const price = z.strictObject({
  inputUsdPerMillion: z.number().nonnegative().describe('US dollars per million input tokens.'),
  outputUsdPerMillion: z.number().nonnegative().describe('US dollars per million output tokens.'),
});

const model = z.strictObject({
  provider: z
    .enum(['openai', 'anthropic', 'none'])
    .optional()
    .describe(
      'Wire protocol of the model; `none`: there is no such model, and without a judge the checks run alone. Unset: taken from the environment.',
    ),
  model: z.string().min(1).optional().describe('Model id as the provider names it. Unset: the cheapest priced one.'),
  baseUrl: z
    .url()
    .optional()
    .describe('Any compatible endpoint; for openai it ends in /v1. Unset: the provider itself.'),
  apiKey: z
    .string()
    .min(1)
    .transform((key) => new Secret(key))
    .optional()
    .describe('Key of the endpoint. Unset: ANTHROPIC_API_KEY or OPENAI_API_KEY.'),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .nullable()
    .default(0.3)
    .describe('Sampling temperature; null leaves it out. Never sent to a model that is known to take none.'),
  timeoutMs: z.int().positive().max(600_000).default(20_000).describe('Longest wait for one reply.'),
  maxOutputTokens: z
    .int()
    .min(64)
    .max(32_000)
    .default(800)
    .describe('Upper limit of one reply, reasoning included. Reserved in the budget before every call.'),
});

/** Settings of `models`: which LLM judges, where it is, and what it costs. */
export const modelsConfig = z.strictObject({
  judge: model.prefault({}).describe('The model that judges.'),
  confirm: model
    .optional()
    .describe(
      'Another model, best of another provider or a stronger one, which is asked whether a fail of `judge` is one, where `judges.confirm` says so. Unset: fails are not confirmed.',
    ),
  prices: z
    .record(z.string().min(1), price)
    .default({})
    .describe('Prices by model id, before the built-in ones. A model without a price is refused.'),
});

export type ModelsConfig = z.output<typeof modelsConfig>;
