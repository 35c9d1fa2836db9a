import { brief, post, type Fetch } from '../../core/post.js';

/** How an agent is asked: `POST`, a JSON object with `input` and `caseId`. */
export interface AgentRequest {
  readonly url: string;
  readonly caseId: string;
  readonly input: string;
  readonly timeoutMs: number;
  /** Of every request, such as `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What an agent said, or why that is not known. */
export type AgentAnswer =
  | { readonly status: 'answered'; readonly output: string }
  | {
      readonly status: 'unanswered';
      readonly reason: string;
      /** True when nobody spoke HTTP there. */
      readonly outOfReach: boolean;
    };

/** Bytes of an answer that `post` reads. */
const MAX_BYTES = 64 * 1024;

/**
 * Asks an agent once. An answer is a 2xx with a JSON object whose `output` is a text, or with `text/plain`. Never rejects.
 */
export async function askAgent(
  { url, caseId, input, timeoutMs, headers }: AgentRequest,
  deps: { readonly fetch: Fetch; readonly signal: AbortSignal },
): Promise<AgentAnswer> {
  const body = JSON.stringify({ input, caseId });
  const json = { accept: 'application/json, text/plain', ...headers, 'content-type': 'application/json' };
  const answer = await post({ url, headers: json, body, timeoutMs }, deps);
  if (answer.status === 'unanswered') return { status: 'unanswered', reason: answer.reason, outOfReach: true };
  const text = answer.body.toString('utf8');
  const no = (reason: string): AgentAnswer => ({ status: 'unanswered', reason, outOfReach: false });
  if (answer.code < 200 || answer.code > 299) return no(`expected 2xx, got ${answer.code}: ${brief(text)}`);
  if (answer.body.length >= MAX_BYTES) return no(`expected an answer below ${MAX_BYTES} bytes, got more`);
  if ((answer.headers.get('content-type') ?? '').startsWith('text/plain')) return { status: 'answered', output: text };
  const output = outputOf(text);
  return output === undefined
    ? no(`expected a JSON object whose output is a text, got ${brief(text)}`)
    : { status: 'answered', output };
}

function outputOf(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const output = typeof value === 'object' && value !== null ? (value as { output?: unknown }).output : undefined;
    return typeof output === 'string' ? output : undefined;
  } catch {
    return undefined;
  }
}
