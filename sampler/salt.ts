import { randomBytes } from 'node:crypto';
import { contentHash } from '../core/keyed-hash.js';
import type { Secret } from '../core/secret.js';
import type { State } from '../core/state.js';

const KEY = 'salt';

/**
 * The salt of each tenant, derived from one secret: the configured one, else one that is made at the first start and kept,
 * so that every start draws the same sample.
 */
export async function openSalt(configured: Secret | undefined, state: State): Promise<(tenant: string) => string> {
  const secret = configured?.reveal() ?? state.get(KEY) ?? (await makeSalt(state));
  return (tenant) => contentHash(secret, tenant);
}

async function makeSalt(state: State): Promise<string> {
  const salt = randomBytes(32).toString('hex');
  await state.put([[KEY, salt]]);
  return salt;
}
