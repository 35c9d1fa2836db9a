import type { Model } from '../core/model.js';
import type { ModelDeps } from './deadline.js';
import type { ModelOptions } from './model-options.js';

/** The client of one model, by its wire protocol. Loads the package of that provider alone. */
export async function createModel(options: ModelOptions, deps: ModelDeps): Promise<Model> {
  if (options.provider === 'openai') {
    const { createOpenAiModel } = await import('./openai-model.js');
    return createOpenAiModel(options, deps);
  }
  const { createAnthropicModel } = await import('./anthropic-model.js');
  return createAnthropicModel(options, deps);
}
