import type { Clock } from '../core/clock.js';
import { brief, post, type Fetch } from '../core/post.js';
import { readRetryAfter } from '../core/retry-after.js';
import { hideSecrets } from '../core/secret.js';
import type { Message, Sender } from './senders/sender.js';

/** How one request ended. `arrived`: whether the receiver may have acted on it all the same. */
export type Delivery =
  | { readonly outcome: 'taken'; readonly reason: '' }
  | { readonly outcome: 'refused'; readonly reason: string }
  | {
      readonly outcome: 'again';
      readonly reason: string;
      readonly arrived: boolean;
      readonly retryAfterMs: number | undefined;
    };

export interface DeliverDeps {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What may be sent again, beside 5xx. The last two say that nothing was done. @see RFC 9110, 15.5.9; RFC 8470; RFC 6585, 4 */
const AGAIN = new Set([408, 425, 429]);
const NOT_DONE = new Set([425, 429]);

/** One request, no retry of its own. Never rejects. */
export async function deliver(message: Message, sender: Sender, deps: DeliverDeps): Promise<Delivery> {
  const { fetch, clock, timeoutMs, signal } = deps;
  const answer = await post({ ...message, timeoutMs }, { fetch, signal });
  const hide = (text: string): string => hideSecrets(text, sender.secrets);
  if (answer.status === 'unanswered') {
    const { reason, mayHaveArrived } = answer;
    return { outcome: 'again', reason: hide(reason), arrived: mayHaveArrived, retryAfterMs: undefined };
  }
  const { code, body, headers } = answer;
  if (code >= 200 && code < 300) return { outcome: 'taken', reason: '' };
  // Hidden first: cut short, a secret would not be known any more.
  const words = hide(wordsOf(hide(body.toString())));
  const reason = `HTTP ${code}${words === '' ? '' : `: ${words}`}`;
  if (code < 500 && !AGAIN.has(code)) return { outcome: 'refused', reason };
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), clock.nowMs());
  return { outcome: 'again', reason, arrived: !NOT_DONE.has(code), retryAfterMs };
}

/** PagerDuty says `{message, errors}`, Alertmanager a JSON string, Slack plain text. */
function wordsOf(body: string): string {
  try {
    const said = JSON.parse(body) as unknown;
    if (typeof said === 'string') return brief(said);
    const { message, errors } = said as { readonly message?: unknown; readonly errors?: unknown };
    const all = [message, ...(Array.isArray(errors) ? (errors as unknown[]) : [])];
    const words = all.filter((word) => typeof word === 'string').join('; ');
    return brief(words === '' ? body : words);
  } catch {
    return brief(body);
  }
}
