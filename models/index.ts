import type { Model } from '../core/model.js';
import { createAnthropicModel } from './anthropic-model.js';
import { chooseModel, type Environment, type ModelOptions } from './choose-model.js';
import type { ModelsConfig } from './config.js';
import type { ModelDeps } from './deadline.js';
import { createOpenAiModel } from './openai-model.js';

export { createAnthropicModel } from './anthropic-model.js';
export { chooseModel, type Environment, type ModelOptions } from './choose-model.js';
export { modelsConfig, type ModelsConfig } from './config.js';
export type { ModelDeps } from './deadline.js';
export { createOpenAiModel } from './openai-model.js';
export { DEFAULT_MODELS, KNOWN_MODELS, PRICES_AS_OF, priceOf } from './prices.js';

export interface ModelsDeps extends ModelDeps {
  readonly env: Environment;
}

export interface Models {
  /** Absent when no model is configured and no key is in the environment: the checks run alone. */
  readonly judge?: Model;
}

/** The client of one model, by its wire protocol. */
export function createModel(options: ModelOptions, deps: ModelDeps): Model {
  return options.provider === 'openai' ? createOpenAiModel(options, deps) : createAnthropicModel(options, deps);
}

/**
 * The models that this Assay may call.
 * @throws {PipelineError} CONFIG_INVALID, MODEL_UNPRICED
 */
export function createModels(config: ModelsConfig, deps: ModelsDeps): Models {
  const choice = chooseModel(config, deps.env);
  return choice === undefined ? {} : { judge: createModel(choice, deps) };
}
