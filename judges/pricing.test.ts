import { describe, expect, it } from 'vitest';
import type { ModelRequest } from '../core/model.js';
import { costMicroUsd, worstCaseMicroUsd } from './pricing.js';

const PRICE = { inputUsdPerMillion: 3, outputUsdPerMillion: 15, version: 'test' };
const REQUEST: ModelRequest = {
  system: 'You are a judge.',
  user: '',
  schema: { type: 'object' },
  schemaName: 'assay_verdict',
  maxOutputTokens: 800,
};

describe('the worst case of a call', () => {
  it.each(['~', 'é', '漢', '🙂'])('holds when each byte of %s is a token', (character) => {
    const user = character.repeat(10_000);
    const tokens = Buffer.byteLength(user) + Buffer.byteLength(REQUEST.system) + 500;
    expect(worstCaseMicroUsd(PRICE, { ...REQUEST, user })).toBeGreaterThanOrEqual(costMicroUsd(PRICE, tokens, 800));
  });

  it('is a few thousandths of a dollar with a default model, so that the default cap holds many calls at once', () => {
    const price = { inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.5, version: 'test' };
    expect(worstCaseMicroUsd(price, { ...REQUEST, user: 'x'.repeat(30_000) })).toBeLessThan(4_000);
  });
});
