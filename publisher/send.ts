import type { Clock } from '../core/clock.js';
import { post, type Fetch } from '../core/post.js';
import { readRetryAfter } from '../core/retry-after.js';
import { hideSecrets, type Secret } from '../core/secret.js';
import { readPartialSuccess, readRefusal, type AnswerBody } from './read-answer.js';

export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, Secret>>;
  readonly timeoutMs: number;
}

export interface SendDeps {
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/** How one request ended. What went wrong is in `reason`, in words for a log line. */
export type Answer =
  | ({ readonly status: 'taken' } & AnswerBody)
  | { readonly status: 'again'; readonly reason: string; readonly retryAfterMs?: number }
  | { readonly status: 'refused'; readonly reason: string };

/** What OTLP calls retryable. @see OTLP specification 1.11.0, OTLP/HTTP response */
const RETRYABLE = new Set([429, 502, 503, 504]);

/**
 * One POST of OTLP protobuf, no retry of its own. Never rejects: no answer in time, or none at all, is `again`.
 * @param signal - gives the request up
 */
export async function send(
  body: Uint8Array,
  target: Target,
  { fetch, clock, signal }: SendDeps & { readonly signal: AbortSignal },
): Promise<Answer> {
  const headers = { ...reveal(target.headers), 'content-type': 'application/x-protobuf' };
  const { url, timeoutMs } = target;
  const hide = (text: string): string => hideSecrets(text, Object.values(target.headers));
  const answer = await post({ url, headers, body, timeoutMs }, { fetch, signal });
  if (answer.status === 'unanswered') return { status: 'again', reason: hide(answer.reason) };
  const { code } = answer;
  const contentType = answer.headers.get('content-type') ?? '';
  if (code >= 200 && code < 300) {
    const { rejected, message } = readPartialSuccess(contentType, answer.body);
    return { status: 'taken', rejected, message: hide(message) };
  }
  const words = hide(readRefusal(contentType, answer.body));
  const reason = `HTTP ${code}${words === '' ? '' : `: ${words}`}`;
  if (!RETRYABLE.has(code)) return { status: 'refused', reason };
  const retryAfterMs = readRetryAfter(answer.headers.get('retry-after'), clock.nowMs());
  return { status: 'again', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function reveal(headers: Target['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]));
}
