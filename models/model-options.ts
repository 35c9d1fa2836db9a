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
  return readOptions({ settings: config.judge, name: 'models.judge', prices: config.prices }, env);
}

/**
 * Decides which model confirms fails of the judge, and how it is reached: in the same way.
 *
 * @returns undefined when there is none, or nothing to confirm: no judge
 * @throws {PipelineError} CONFIG_INVALID also when it is the judge itself, which would only be asked once more; MODEL_UNPRICED
 */
export function readConfirmOptions(config: ModelsConfig, env: Environment): ModelOptions | undefined {
  const judge = readModelOptions(config, env);
  if (judge === undefined || config.confirm === undefined) return undefined;
  const confirm = readOptions({ settings: config.confirm, name: 'models.confirm', prices: config.prices }, env);
  if (confirm?.provider === judge.provider && confirm.name === judge.name) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `expected models.confirm to be another model than models.judge, got ${judge.provider} ${judge.name} for both: ` +
        'set models.confirm.provider and models.confirm.model to one of another family, or to a stronger one',
    );
  }
  return confirm;
}

/** Settings of one model, and where they stand. */
interface Named {
  readonly settings: ModelsConfig['judge'];
  readonly name: string;
  readonly prices: ModelsConfig['prices'];
}

function readOptions(named: Named, env: Environment): ModelOptions | undefined {
  const { settings } = named;
  if (settings.provider === 'none') return undefined;
  const provider = settings.provider ?? impliedProvider(named, env);
  if (provider === undefined) return undefined;
  const name = settings.model ?? DEFAULT_MODELS[provider];
  const known = knownModel(name);
  return {
    provider,
    name,
    baseUrl: (settings.baseUrl ?? given(env, ENDPOINTS[provider].url) ?? ENDPOINTS[provider].home).replace(/\/+$/, ''),
    apiKey: keyFor(provider, named, env),
    price: priceOf(name, named.prices),
    timeoutMs: settings.timeoutMs,
    parameters: {
      maxOutputTokens: settings.maxOutputTokens,
      ...(settings.temperature === null || known?.takesTemperature === false
        ? {}
        : { temperature: settings.temperature }),
    },
    ...(known?.leastReasoning === undefined ? {} : { leastReasoning: known.leastReasoning }),
  };
}

function impliedProvider({ settings, name }: Named, env: Environment): Provider | undefined {
  const known = settings.model === undefined ? undefined : knownModel(settings.model)?.provider;
  if (known !== undefined) return known;
  const present = (['anthropic', 'openai'] as const).filter((provider) => given(env, ENDPOINTS[provider].key));
  const explicit = settings.model !== undefined || settings.baseUrl !== undefined || settings.apiKey !== undefined;
  if (explicit && present.length !== 1) {
    throw new PipelineError(
      'CONFIG_INVALID',
      `expected ${name}.provider beside ${name}.model, baseUrl or apiKey, found none: set it to openai or anthropic`,
    );
  }
  return present[0];
}

function keyFor(provider: Provider, { settings, name }: Named, env: Environment): Secret {
  if (settings.apiKey) return settings.apiKey;
  const key = given(env, ENDPOINTS[provider].key);
  if (key !== undefined) return new Secret(key);
  // An endpoint of the user's own often takes no key, but the SDKs insist on sending one.
  if (settings.baseUrl !== undefined) return new Secret('none');
  throw new PipelineError(
    'CONFIG_INVALID',
    `expected a key for the ${provider} model of ${name}, found none: set ${ENDPOINTS[provider].key} or ${name}.apiKey`,
  );
}

function given(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}
