import { createHash, timingSafeEqual } from 'node:crypto';
import type { Outcome, Refusal } from './answer.js';
import type { CollectorConfig } from './config.js';
import type { SignalName } from './signal-names.js';

/** What a sender shows, as it came. */
export interface Credentials {
  readonly authorization?: string | undefined;
  readonly apiKey?: string | undefined;
}

/** Decides who may send, and whose the sent is. */
export interface Auth {
  /** @returns the tenant of what this sender sends */
  admit(credentials: Credentials, signal: SignalName): Outcome<string>;
}

/**
 * Auth by the tokens of the settings; where there are none, everybody may send.
 *
 * Each shown token is compared with every one that is known, as hashes and in the same time whatever they share.
 */
export function createAuth({ auth, tenant }: CollectorConfig): Auth {
  if (auth.tokens.length === 0) return { admit: () => ({ value: tenant }) };
  const known = auth.tokens.map(({ token, ...rest }) => ({ ...rest, hash: hashOf(token.reveal()) }));
  return {
    admit(credentials, signal) {
      const shown = shownTokens(credentials).map(hashOf);
      let found: (typeof known)[number] | undefined;
      for (const one of known) for (const hash of shown) if (timingSafeEqual(one.hash, hash)) found = one;
      if (found === undefined) return { refusal: shown.length === 0 ? NO_TOKEN : UNKNOWN_TOKEN };
      const { signals } = found;
      if (signals !== undefined && !signals.includes(signal)) return { refusal: wrongSignal(signal, signals) };
      return { value: found.tenant ?? tenant };
    },
  };
}

const CHALLENGE = { 'www-authenticate': 'Bearer realm="assay"' };

const NO_TOKEN: Refusal = {
  status: 401,
  message:
    'expected a token of collector.auth.tokens, got none; send it as Authorization: Bearer, as the password of Basic, or as x-api-key.',
  headers: CHALLENGE,
};

const UNKNOWN_TOKEN: Refusal = {
  status: 401,
  message: 'expected a token of collector.auth.tokens, got another; check the key that the sender is given.',
  headers: CHALLENGE,
};

function wrongSignal(signal: SignalName, allowed: readonly SignalName[]): Refusal {
  const message = `expected a token that may send ${signal}, got one for ${allowed.join(' and ')} alone; send ${signal} with another token.`;
  return { status: 403, message };
}

/** Every text that may be the token: the user and password of Basic may be one key in two halves. */
function shownTokens({ authorization = '', apiKey = '' }: Credentials): string[] {
  const shown = apiKey === '' ? [] : [apiKey];
  const [, scheme = '', value = ''] = /^(\S+) +(\S+)$/.exec(authorization.trim()) ?? [];
  if (scheme.toLowerCase() === 'bearer') shown.push(value);
  if (scheme.toLowerCase() === 'basic') {
    const pair = Buffer.from(value, 'base64').toString();
    shown.push(pair, pair.slice(pair.indexOf(':') + 1));
  }
  return shown;
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
