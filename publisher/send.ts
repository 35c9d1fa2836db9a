import type { Clock } from '../core/clock.js';
import type { Secret } from '../core/secret.js';
import { readBody, readPartialSuccess, readRefusal, type AnswerBody } from './read-answer.js';
import { readRetryAfter } from './retry-after.js';

/** The network, handed in. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

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

const LATE = new Error('deadline');

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
  const ours = new AbortController();
  const timer = setTimeout(() => {
    ours.abort(LATE);
  }, target.timeoutMs);
  const giveUp = (): void => {
    ours.abort();
  };
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    const response = await fetch(target.url, {
      method: 'POST',
      headers: { ...reveal(target.headers), 'content-type': 'application/x-protobuf' },
      body,
      // A redirect would carry the headers, which are secrets, to wherever it points.
      redirect: 'manual',
      signal: ours.signal,
    });
    return await read(response, target, clock);
  } catch (error) {
    if (ours.signal.reason === LATE) return { status: 'again', reason: `no answer within ${target.timeoutMs} ms` };
    return { status: 'again', reason: `no connection: ${hide(causeOf(error), target)}` };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

async function read(response: Response, target: Target, clock: Clock): Promise<Answer> {
  const contentType = response.headers.get('content-type') ?? '';
  if (response.ok) {
    // It has taken them, whatever becomes of the rest of its answer.
    const body = await readBody(response).catch(() => Buffer.alloc(0));
    const { rejected, message } = readPartialSuccess(contentType, body);
    return { status: 'taken', rejected, message: hide(message, target) };
  }
  const body = await readBody(response).catch(() => Buffer.alloc(0));
  const words = hide(readRefusal(contentType, body), target);
  const reason = `HTTP ${response.status}${words === '' ? '' : `: ${words}`}`;
  if (!RETRYABLE.has(response.status)) return { status: 'refused', reason };
  const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), clock.nowMs());
  return { status: 'again', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

function reveal(headers: Target['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]));
}

/** Some receivers repeat what they were sent. */
function hide(text: string, { headers }: Target): string {
  return Object.values(headers).reduce((shown, secret) => shown.replaceAll(secret.reveal(), '********'), text);
}

function causeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'string') return code;
  }
  return error instanceof Error ? error.message : String(error);
}
