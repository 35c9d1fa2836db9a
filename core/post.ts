/** The network, handed in. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface PostRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
  /** Longest wait for the whole answer. */
  readonly timeoutMs: number;
}

/** How one request ended. `reason` is in words for a log line, and may hold what the receiver said. */
export type PostAnswer =
  | { readonly status: 'answered'; readonly code: number; readonly headers: Headers; readonly body: Buffer }
  | {
      readonly status: 'unanswered';
      readonly reason: string;
      /** False only where it is certain that the receiver has nothing of the request. */
      readonly mayHaveArrived: boolean;
    };

const LATE = new Error('deadline');
/** Bytes of an answer that are looked at; the rest is not read. */
const MAX_BYTES = 64 * 1024;
const MAX_WORDS = 200;

/** Nobody was found or spoken to. */
const BEFORE_SENDING = new Set([
  ...['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'],
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * One POST, no retry of its own, no redirect followed: that would carry secrets to wherever it points. Never rejects.
 * @param signal - gives the request up
 */
export async function post(
  { url, headers, body, timeoutMs }: PostRequest,
  { fetch, signal }: { readonly fetch: Fetch; readonly signal: AbortSignal },
): Promise<PostAnswer> {
  const ours = new AbortController();
  const timer = setTimeout(() => {
    ours.abort(LATE);
  }, timeoutMs);
  const giveUp = (): void => {
    ours.abort();
  };
  signal.addEventListener('abort', giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    const init = { method: 'POST', headers, body, redirect: 'manual', signal: ours.signal } as const;
    const response = await fetch(url, init);
    // The status has said it all, whatever becomes of the rest of the answer.
    const answer = await readBody(response).catch(() => Buffer.alloc(0));
    return { status: 'answered', code: response.status, headers: response.headers, body: answer };
  } catch (error) {
    if (ours.signal.reason === LATE)
      return { status: 'unanswered', reason: `no answer within ${timeoutMs} ms`, mayHaveArrived: true };
    const cause = causeOf(error);
    return { status: 'unanswered', reason: `no connection: ${cause}`, mayHaveArrived: !BEFORE_SENDING.has(cause) };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** What a receiver said, on one line of at most 200 characters. */
export function brief(text: string): string {
  return text
    .replace(/[\s\u0000-\u001f\u007f\ufffd]+/g, ' ')
    .trim()
    .slice(0, MAX_WORDS);
}

async function readBody(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BYTES) break;
  }
  return Buffer.concat(chunks);
}

function causeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'string') return code;
  }
  return error instanceof Error ? error.message : String(error);
}
