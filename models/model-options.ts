import { PipelineError } from '../core/errors.js';
import { Secret } from '../core/secret.js';
import type { ModelParameters, ModelPrice } from '../core/model.js';
import type { ModelsConfig } from './config.js';
import { DEFAULT_MODELS, knownModel, priceOf, type LeastReasoning } from './prices.js';

/** The process environment, handed in. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything that it takes to reach one model. */
export interface ModelOptions {
  readonly provider: 'openai' | 'anthropic';
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: Secret;
  readonly price: ModelPrice;
  readonly parameters: ModelParameters;
  readonly timeoutMs: number;
  readonly leastReasoning?: LeastReasoning;
}

const ENDPOINTS = {
  anthropic: { key: 'ANTHROPIC_API_KEY', url: 'ANTHROPIC_BASE_URL', home: 'https://api.anthropic.com' },
  openai: { key: 'OPENAI_API_KEY', url: 'OPENAI_BASE_URL', home: 'https://api.openai.com/v1' },
} as const;

type Provider = keyof typeof ENDPOINTS;

/**
 * Decides which model judges, and how it is reached. The configuration wins; then ANTHROPIC_API_KEY or OPENAI_API_KEY, each with its base URL.
 *
 * @returns undefined when there is none: the checks run alone
 * @throws {PipelineError} CONFIG_INVALID when the settings contradict each other or a key is missing, MODEL_UNPRICED
 */
export function readModelOptions(config: ModelsConfig, env: Environment): ModelOptions | undefined {
  const { judge } = config;
  if (judge.provider === 'none') return undefined;
  const provider = judge.provider ?? impliedProvider(config, env);
  if (provider === undefined) return undefined;
  const name = judge.model ?? DEFAULT_MODELS[provider];
  const known = knownModel(name);
  return {
    provider,
    name,
    baseUrl: (judge.baseUrl ?? given(env, ENDPOINTS[provider].url) ?? ENDPOINTS[provider].home).replace(/\/+$/, ''),
    apiKey: keyFor(provider, config, env),
    price: priceOf(name, config.prices),
    timeoutMs: judge.timeoutMs,
    parameters: {
      maxOutputTokens: judge.maxOutputTokens,
      ...(judge.temperature === null || known?.takesTemperature === false ? {} : { temperature: judge.temperature }),
    },
    ...(known?.leastReasoning === undefined ? {} : { leastReasoning: known.leastReasoning }),
  };
}

function impliedProvider({ judge }: ModelsConfig, env: Environment): Provider | undefined {
  const named = judge.model === undefined ? undefined : knownModel(judge.model)?.provider;
  if (named !== undefined) return named;
  const present = (['anthropic', 'openai'] as const).filter((provider) => given(env, ENDPOINTS[provider].key));
  const explicit = judge.model !== undefined || judge.baseUrl !== undefined || judge.apiKey !== undefined;
  if (explicit && present.length !== 1) {
    throw new PipelineError(
      'CONFIG_INVALID',
      'expected models.judge.provider beside models.judge.model, baseUrl or apiKey, found none: set it to openai or anthropic',
    );
  }
  return present[0];
}

function keyFor(provider: Provider, { judge }: ModelsConfig, env: Environment): Secret {
  if (judge.apiKey) return judge.apiKey;
  const key = given(env, ENDPOINTS[provider].key);
  if (key !== undefined) return new Secret(key);
  // An endpoint of the user's own often takes no key, but the SDKs insist on sending one.
  if (judge.baseUrl !== undefined) return new Secret('none');
  throw new PipelineError(
    'CONFIG_INVALID',
    `expected a key for the ${provider} judge model, found none: set ${ENDPOINTS[provider].key} or models.judge.apiKey`,
  );
}

function given(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
