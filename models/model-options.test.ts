import { describe, expect, it } from 'vitest';
import {
  chooseConfirmModel,
  chooseModel,
  DEFAULT_MODELS,
  KNOWN_MODELS,
  modelsConfig,
  readConfirmOptions,
  readModelOptions,
} from './index.js';
import { readRetryAfter } from './provider-failure.js';

const config = (judge: object = {}, prices: object = {}) => modelsConfig.parse({ judge, prices });

describe('readConfirmOptions', () => {
  const both = { ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o' };
  const of = (confirm?: object, judge: object = {}, env: object = both) =>
    readConfirmOptions(modelsConfig.parse({ judge, confirm }), { ...env });

  it('finds no second judge unless one is configured, and none without a first one', async () => {
    expect(of(undefined)).toBeUndefined();
    expect(of({ provider: 'none' })).toBeUndefined();
    expect(of({ provider: 'openai' }, { provider: 'none' })).toBeUndefined();
    expect(await chooseConfirmModel(modelsConfig.parse({}), both)).toBeUndefined();
  });

  it('reads it as the judge is read, with settings and a price of its own', async () => {
    const confirm = { provider: 'openai', model: 'gpt-6-sol', apiKey: 'mine', timeoutMs: 90_000 };
    const chosen = of(confirm);
    expect(chosen).toMatchObject({ provider: 'openai', name: 'gpt-6-sol', timeoutMs: 90_000 });
    expect(chosen?.price).toMatchObject({ inputUsdPerMillion: 2, outputUsdPerMillion: 10 });
    expect(chosen?.apiKey.reveal()).toBe('mine');
    expect(await chooseConfirmModel(modelsConfig.parse({ confirm }), both)).toMatchObject({ name: 'gpt-6-sol' });
  });

  it('takes a stronger model of the same provider', () => {
    expect(of({ model: 'claude-sonnet-5-5' })).toMatchObject({ provider: 'anthropic', name: 'claude-sonnet-5-5' });
  });

  it.each([
    { how: 'named', confirm: { model: 'gpt-4.1' }, judge: { model: 'gpt-4.1' }, name: 'openai gpt-4.1' },
    { how: 'implied for both', confirm: {}, judge: {}, name: 'anthropic claude-haiku-5-5' },
    {
      ...{ how: 'behind another address', confirm: { model: 'gpt-4.1', baseUrl: 'http://127.0.0.1:1' } },
      ...{ judge: { model: 'gpt-4.1' }, name: 'openai gpt-4.1' },
    },
  ])('refuses the judge itself, by name, $how', ({ confirm, judge, name }) => {
    expect(() => of(confirm, judge)).toThrow(
      `expected models.confirm to be another model than models.judge, got ${name} for both`,
    );
  });

  it('names its own settings where they are wrong', () => {
    expect(() => of({ baseUrl: 'http://127.0.0.1:1/v1' })).toThrow(/expected models\.confirm\.provider beside/);
    expect(() => of({ provider: 'openai' }, {}, { ANTHROPIC_API_KEY: 'a' })).toThrow(
      /OPENAI_API_KEY or models\.confirm\.apiKey/,
    );
    expect(() => of({ provider: 'openai', model: 'our-own-7b' })).toThrow(/models\.prices\.our-own-7b/);
  });
});

describe('readModelOptions', () => {
  it('finds no model without configuration and keys', async () => {
    expect(readModelOptions(modelsConfig.parse({}), {})).toBeUndefined();
    expect(await chooseModel(modelsConfig.parse({}), { ANTHROPIC_API_KEY: ' ' })).toBeUndefined();
  });

  it('takes Anthropic before OpenAI when both keys are there, with its base URL', () => {
    const env = { OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: 'a', ANTHROPIC_BASE_URL: 'http://127.0.0.1:4010/' };
    expect(readModelOptions(config(), env)).toMatchObject({
      provider: 'anthropic',
      name: 'claude-haiku-5-5',
      baseUrl: 'http://127.0.0.1:4010',
      price: { inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.5 },
    });
  });

  it('takes OpenAI when only its key is there', () => {
    const chosen = readModelOptions(config(), { OPENAI_API_KEY: 'o', OPENAI_BASE_URL: 'http://127.0.0.1:4010/v1' });
    expect(chosen).toMatchObject({ provider: 'openai', name: 'gpt-6-luna', baseUrl: 'http://127.0.0.1:4010/v1' });
  });

  it('lets the configuration win over the environment', () => {
    const judge = { provider: 'openai', model: 'gpt-4.1-mini', apiKey: 'mine', baseUrl: 'https://llm.example/v1' };
    const chosen = readModelOptions(config(judge), { ANTHROPIC_API_KEY: 'a', OPENAI_BASE_URL: 'http://other' });
    expect(chosen).toMatchObject({ provider: 'openai', name: 'gpt-4.1-mini', baseUrl: 'https://llm.example/v1' });
    expect(chosen?.apiKey.reveal()).toBe('mine');
  });

  it('runs the checks only when the provider is none, whatever keys there are', () => {
    expect(readModelOptions(config({ provider: 'none' }), { OPENAI_API_KEY: 'o' })).toBeUndefined();
  });

  it('knows the provider of a model that it has a price for', () => {
    expect(readModelOptions(config({ model: 'gpt-4o-mini' }), { OPENAI_API_KEY: 'o' })?.provider).toBe('openai');
  });

  it('asks for the provider when an endpoint is named without one', () => {
    expect(() => readModelOptions(config({ baseUrl: 'http://127.0.0.1:1/v1' }), {})).toThrow(/models\.judge\.provider/);
  });

  it('names the variable and the setting when the key is missing', () => {
    expect(() => readModelOptions(config({ provider: 'openai' }), {})).toThrow(
      /OPENAI_API_KEY or models\.judge\.apiKey/,
    );
  });

  it('needs no key for an endpoint of the user’s own', () => {
    const judge = { provider: 'openai', model: 'gpt-4.1', baseUrl: 'http://127.0.0.1:11434/v1' };
    expect(readModelOptions(config(judge), {})?.apiKey.reveal()).toBe('none');
  });

  it('refuses a model without a price, naming the setting', () => {
    const judge = { provider: 'openai', model: 'our-own-7b', apiKey: 'k' };
    expect(() => readModelOptions(config(judge), {})).toThrow(
      expect.objectContaining({
        code: 'MODEL_UNPRICED',
        message: expect.stringContaining('models.prices.our-own-7b') as string,
      }),
    );
    const price = { inputUsdPerMillion: 0.02, outputUsdPerMillion: 0.03 };
    expect(readModelOptions(config(judge, { 'our-own-7b': price }), {})?.price).toEqual({
      ...price,
      version: 'config',
    });
  });

  it('prices a dated snapshot like its family, and lets the configuration override a built-in price', () => {
    const dated = readModelOptions(config({ model: 'gpt-4o-2024-08-06' }), { OPENAI_API_KEY: 'o' });
    expect(dated?.price.inputUsdPerMillion).toBe(2.5);
    const own = config({ model: 'gpt-4o' }, { 'gpt-4o': { inputUsdPerMillion: 1, outputUsdPerMillion: 2 } });
    expect(readModelOptions(own, { OPENAI_API_KEY: 'o' })?.price).toMatchObject({
      inputUsdPerMillion: 1,
      version: 'config',
    });
  });

  it('leaves the temperature out where it is null or the model is known to take none', () => {
    const of = (judge: object) =>
      readModelOptions(config({ provider: 'openai', apiKey: 'k', ...judge }), {})?.parameters;
    expect(of({ model: 'gpt-4.1' })).toEqual({ temperature: 0.3, maxOutputTokens: 800 });
    expect(of({ model: 'gpt-4.1', temperature: null })).toEqual({ maxOutputTokens: 800 });
    expect(of({ model: 'gpt-6-luna' })).toEqual({ maxOutputTokens: 800 });
  });

  it('has a price for each default', () => {
    for (const name of Object.values(DEFAULT_MODELS)) expect(KNOWN_MODELS).toHaveProperty([name]);
  });

  it('never prints a key', () => {
    expect(JSON.stringify(config({ provider: 'openai', apiKey: 'sk-secret' }))).not.toContain('sk-secret');
  });
});

describe('readRetryAfter', () => {
  const at = Date.parse('2026-11-21T12:00:00Z');
  it.each([
    ['retry-after', '3', 3000],
    ['retry-after', '0.5', 500],
    ['retry-after-ms', '120', 120],
    ['retry-after', 'Sat, 21 Nov 2026 12:00:10 GMT', 10_000],
    ['retry-after', 'Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['retry-after', 'soon', undefined],
  ])('reads %s: %s', (name, value, expected) => {
    expect(readRetryAfter(new Headers({ [name]: value }), at)).toBe(expected);
  });
});
