import type { Model } from '../core/model.js';
import { createAnthropicModel } from './anthropic-model.js';
import type { ModelDeps } from './deadline.js';
import type { ModelOptions } from './model-options.js';
import { createOpenAiModel } from './openai-model.js';

/** The client of one model, by its wire protocol. */
export function createModel(options: ModelOptions, deps: ModelDeps): Model {
  return options.provider === 'openai' ? createOpenAiModel(options, deps) : createAnthropicModel(options, deps);
}
