import type { IncomingMessage } from 'node:http';
import type { Answer } from './answer.js';
import type { CollectorConfig } from './config.js';

/** Which pages in a browser may send. */
export interface Cors {
  /** What is added to every answer to this request. */
  headers(request: IncomingMessage): Readonly<Record<string, string>>;
  /** Answers the question that a browser asks before it posts. */
  preflight(request: IncomingMessage, allow: string): Answer;
}

/** A browser asks again after this long. */
const MAX_AGE_SECONDS = 7_200;

/**
 * CORS by the origins of the settings. A named origin is repeated, and may send credentials, as `sendBeacon` always does;
 * `*` lets every page send, without them. A page that is not allowed is told nothing, and its browser then refuses.
 */
export function createCors({ allowedOrigins, allowedHeaders }: CollectorConfig['http']['cors']): Cors {
  const named = new Set(allowedOrigins);
  const headers = ({ headers: { origin } }: IncomingMessage): Readonly<Record<string, string>> => {
    if (named.size === 0) return {};
    const vary = { vary: 'Origin' };
    if (origin === undefined) return vary;
    const exposed = { 'access-control-expose-headers': 'Retry-After' };
    if (named.has(origin)) {
      return {
        ...vary,
        ...exposed,
        'access-control-allow-origin': origin,
        'access-control-allow-credentials': 'true',
      };
    }
    return named.has('*') ? { ...vary, ...exposed, 'access-control-allow-origin': '*' } : vary;
  };
  return {
    headers,
    preflight(request, allow) {
      const granted = headers(request);
      const answer = { status: 204, body: '', headers: { allow } };
      if (granted['access-control-allow-origin'] === undefined) return answer;
      return {
        ...answer,
        headers: {
          allow,
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': allowedHeaders.join(', '),
          'access-control-max-age': String(MAX_AGE_SECONDS),
        },
      };
    },
  };
}
