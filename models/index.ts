import { systemClock, type Clock } from '../core/clock.js';
import type { Model } from '../core/model.js';
import { createAnthropicModel } from './anthropic-model.js';
import type { ModelsConfig } from './config.js';
import type { ModelDeps } from './deadline.js';
import { readModelOptions, type Environment, type ModelOptions } from './model-options.js';
import { createOpenAiModel } from './openai-model.js';

export { createAnthropicModel } from './anthropic-model.js';
export { modelsConfig, type ModelsConfig } from './config.js';
export type { ModelDeps } from './deadline.js';
export { readModelOptions, type Environment, type ModelOptions } from './model-options.js';
export { createOpenAiModel } from './openai-model.js';
export { DEFAULT_MODELS, KNOWN_MODELS, PRICES_AS_OF, priceOf } from './prices.js';

/** The client of one model, by its wire protocol. */
export function createModel(options: ModelOptions, deps: ModelDeps): Model {
  return options.provider === 'openai' ? createOpenAiModel(options, deps) : createAnthropicModel(options, deps);
}

/**
 * The model that judges: as configured, else by the keys in the environment.
 *
 * @returns undefined when there is none: the checks run alone
 * @throws {PipelineError} CONFIG_INVALID, MODEL_UNPRICED
 */
export function chooseModel(config: ModelsConfig, env: Environment, clock: Clock = systemClock): Model | undefined {
  const options = readModelOptions(config, env);
  return options && createModel(options, { clock });
}
