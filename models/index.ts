import { systemClock, type Clock } from '../core/clock.js';
import type { Model } from '../core/model.js';
import type { ModelsConfig } from './config.js';
import { createModel } from './create-model.js';
import { readConfirmOptions, readModelOptions, type Environment } from './model-options.js';

export { modelsConfig, type ModelsConfig } from './config.js';
export { readConfirmOptions, readModelOptions, type Environment, type ModelOptions } from './model-options.js';
export { DEFAULT_MODELS, KNOWN_MODELS, PRICES_AS_OF, priceOf } from './prices.js';

/**
 * The model that judges: as configured, else by the keys in the environment. Only then are the providers' packages loaded.
 *
 * @returns undefined when there is none: the checks run alone
 * @throws {PipelineError} CONFIG_INVALID, MODEL_UNPRICED
 */
export async function chooseModel(
  config: ModelsConfig,
  env: Environment,
  clock: Clock = systemClock,
): Promise<Model | undefined> {
  const options = readModelOptions(config, env);
  return options && createModel(options, { clock });
}

/**
 * The model that confirms fails of {@link chooseModel}'s: as configured, never implied.
 *
 * @returns undefined when there is none
 * @throws {PipelineError} CONFIG_INVALID, MODEL_UNPRICED
 */
export async function chooseConfirmModel(
  config: ModelsConfig,
  env: Environment,
  clock: Clock = systemClock,
): Promise<Model | undefined> {
  const options = readConfirmOptions(config, env);
  return options && createModel(options, { clock });
}
