import { PipelineError } from '../core/errors.js';
import type { ModelPrice } from '../core/model.js';

/** When the built-in prices were read. They are a convenience: what a provider bills may differ. */
export const PRICES_AS_OF = '2026-11';

/** How much a model reasons before it answers, at the least that it can be set to. */
export type LeastReasoning = 'none' | 'minimal' | 'low' | 'always';

/** What has to be known of a model to call it and to charge for it. */
export interface KnownModel {
  readonly provider: 'openai' | 'anthropic';
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
  /** False when the provider refuses a request that sets a temperature. */
  readonly takesTemperature: boolean;
  /** Absent when the model does not reason unless it is asked to. */
  readonly leastReasoning?: LeastReasoning;
}

const openai = (input: number, output: number, leastReasoning?: LeastReasoning): KnownModel => ({
  provider: 'openai',
  inputUsdPerMillion: input,
  outputUsdPerMillion: output,
  takesTemperature: leastReasoning === undefined,
  ...(leastReasoning === undefined ? {} : { leastReasoning }),
});

const anthropic = (input: number, output: number, leastReasoning?: LeastReasoning): KnownModel => ({
  ...openai(input, output, leastReasoning),
  provider: 'anthropic',
});

/** List prices in US dollars per million tokens. Claude Haiku 5.5 is for prompts up to 100,000 tokens; ours are shorter. */
export const KNOWN_MODELS: Readonly<Record<string, KnownModel>> = {
  'gpt-6-luna': openai(0.1, 0.5, 'none'),
  'gpt-6-sol': openai(2, 10, 'none'),
  'gpt-5-nano': openai(0.05, 0.4, 'minimal'),
  'gpt-5-mini': openai(0.25, 2, 'minimal'),
  'gpt-5.4-nano': openai(0.2, 1.25, 'none'),
  'gpt-5.4-mini': openai(0.75, 4.5, 'none'),
  'gpt-4.1-nano': openai(0.1, 0.4),
  'gpt-4.1-mini': openai(0.4, 1.6),
  'gpt-4.1': openai(2, 8),
  'gpt-4o-mini': openai(0.15, 0.6),
  'gpt-4o': openai(2.5, 10),
  'claude-haiku-5-5': anthropic(0.1, 0.5, 'none'),
  'claude-sonnet-5-5': anthropic(2, 10, 'none'),
  'claude-opus-5-5': anthropic(4, 20, 'always'),
  'claude-haiku-4-5': anthropic(1, 5),
  'claude-sonnet-4-5': anthropic(3, 15),
  'claude-sonnet-4-6': anthropic(3, 15),
};

/** The model that judges when none is named. Each is in {@link KNOWN_MODELS}. */
export const DEFAULT_MODELS = { openai: 'gpt-6-luna', anthropic: 'claude-haiku-5-5' } as const;

/** The known model of this id; a dated snapshot, such as `gpt-4o-2024-08-06`, is known by its family. */
export function knownModel(name: string): KnownModel | undefined {
  return KNOWN_MODELS[name] ?? KNOWN_MODELS[name.replace(/-(\d{4}-\d{2}-\d{2}|\d{8})$/, '')];
}

/** Prices that the configuration states, by model id. */
export type PriceOverrides = Readonly<Record<string, { inputUsdPerMillion: number; outputUsdPerMillion: number }>>;

/**
 * What a model costs: as configured, else as built in.
 * @throws {PipelineError} MODEL_UNPRICED: a budget cannot be kept for a model whose price is not known
 */
export function priceOf(name: string, overrides: PriceOverrides): ModelPrice {
  const configured = overrides[name];
  if (configured) return { ...configured, version: 'config' };
  const known = knownModel(name);
  if (known === undefined) {
    throw new PipelineError(
      'MODEL_UNPRICED',
      `expected a price for model ${name}, found none: set models.prices.${name} to ` +
        '{ inputUsdPerMillion, outputUsdPerMillion }, without which no budget can be kept',
    );
  }
  return {
    inputUsdPerMillion: known.inputUsdPerMillion,
    outputUsdPerMillion: known.outputUsdPerMillion,
    version: `built-in ${PRICES_AS_OF}`,
  };
}
