import { createHash, createHmac } from 'node:crypto';

/**
 * A number in [0, 1) that is the same for the same salt and id on every replica, and independent of the id's own bits,
 * which a sampler before us may have used already.
 *
 * @param salt - the tenant's; a secret in the sense that who knows it can choose what is sampled
 * @param id - a trace id
 * @returns the first 53 bits of HMAC-SHA-256, scaled
 */
export function keyedUniform(salt: string, id: string): number {
  const digest = createHmac('sha256', salt).update(id).digest();
  return (digest.readUIntBE(0, 6) * 32 + (digest[6]! >>> 3)) / 2 ** 53;
}

/** SHA-256 over the parts, each preceded by its length so that no two lists collide; 32 hex digits. */
export function contentHash(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex').slice(0, 32);
}
