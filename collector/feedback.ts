import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { caseIdOf, type AdversarialCase } from '../core/adversarial-case.js';
import { createBufferPool } from '../core/buffer-pool.js';
import type { Clock } from '../core/clock.js';
import { TENANT_HEADER, type Log } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Counter } from '../core/metrics.js';
import { refusalAnswer, type Answer, type Outcome } from './answer.js';
import type { Auth } from './auth.js';
import type { CollectorConfig } from './config.js';
import { bodyEncoding, declaredBytes, isGzip } from './headers.js';
import { readBody } from './read-body.js';
import type { Receiver } from './receive.js';

export const FEEDBACK_PATH = '/v1/feedback';

const MAX_BYTES = 64 * 1024;
const RETRY_AFTER_SECONDS = 2;
const JSON_TYPE = 'application/json';

const feedback = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/i, 'expected 32 hex digits'),
  kind: z.enum(['semantic', 'action']),
  text: z.string().max(10_000).default(''),
  flag: z.literal('support'),
});

export interface FeedbackDeps {
  readonly auth: Auth;
  readonly receiver: Pick<Receiver, 'hold' | 'overloaded'>;
  readonly log: Pick<Log, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Flags that are on the bus. */
  readonly flags: Counter;
}

/**
 * Handles `POST` of a support flag: the trace becomes a case of the adversarial set. 202 once the bus has it. Nothing of the
 * trace is copied, and nothing that the sender says makes an answer right: a page that may send could soften the set otherwise.
 */
export function createFeedback(
  { feedback: { criterion }, http }: Pick<CollectorConfig, 'feedback' | 'http'>,
  deps: FeedbackDeps,
): (request: IncomingMessage) => Promise<Answer> {
  const pool = createBufferPool(MAX_BYTES);
  return async (request) => {
    const { authorization, 'x-api-key': apiKey } = request.headers;
    // Feedback is an event, and travels with log records where it comes by OTLP.
    const tenant = deps.auth.admit({ authorization, apiKey: [apiKey].flat()[0] }, 'logs');
    if ('refusal' in tenant) return refusalAnswer(JSON_TYPE, tenant.refusal);
    const hold = deps.receiver.hold();
    try {
      const body = await readJson(request, {
        acceptTextPlain: http.acceptTextPlain,
        pool,
        hold,
        receiver: deps.receiver,
      });
      if ('refusal' in body) return refusalAnswer(JSON_TYPE, body.refusal);
      const flag = parse(body.value);
      if ('refusal' in flag) return refusalAnswer(JSON_TYPE, flag.refusal);
      return await put(toCase(flag.value, { tenant: tenant.value, criterion, nowMs: deps.clock.nowMs() }), deps);
    } finally {
      hold.release();
    }
  };
}

interface ReadDeps extends Pick<FeedbackDeps, 'receiver'> {
  readonly acceptTextPlain: boolean;
  readonly pool: ReturnType<typeof createBufferPool>;
  readonly hold: ReturnType<Receiver['hold']>;
}

async function readJson(request: IncomingMessage, deps: ReadDeps): Promise<Outcome<string>> {
  const encoding = bodyEncoding(request, deps.acceptTextPlain);
  if ('refusal' in encoding) return encoding;
  if (encoding.value !== JSON_TYPE) {
    const message = `expected Content-Type application/json for ${FEEDBACK_PATH}, got ${encoding.value}; send JSON.`;
    return { refusal: { status: 415, message } };
  }
  const gzip = isGzip(request);
  if ('refusal' in gzip) return gzip;
  const source = { source: request, gzip: gzip.value, isWhole: () => request.complete };
  const read = await readBody(
    { ...source, declaredBytes: declaredBytes(request) },
    {
      maxBytes: MAX_BYTES,
      maxInflationRatio: Infinity,
      hold: (bytes) => deps.hold.resize(bytes),
      overloaded: deps.receiver.overloaded(),
      pool: deps.pool,
    },
  );
  if ('refusal' in read) {
    if (read.refusal.status !== 413) return read;
    const message = `expected a body of at most ${MAX_BYTES} bytes for ${FEEDBACK_PATH}, got more; send a shorter text.`;
    return { refusal: { status: 413, message } };
  }
  const text = read.bytes.toString('utf8');
  read.release();
  return { value: text };
}

type Flag = z.output<typeof feedback>;

function parse(text: string): Outcome<Flag> {
  let problem: string;
  try {
    const parsed = feedback.safeParse(JSON.parse(text));
    if (parsed.success) return { value: parsed.data };
    const issue = parsed.error.issues[0];
    problem = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'another shape'}`;
  } catch {
    problem = 'no JSON';
  }
  const message = `expected {"traceId", "kind": "semantic" or "action", "text", "flag": "support"}, got ${problem.slice(0, 200)}; send other feedback as OTLP log events.`;
  return { refusal: { status: 400, message } };
}

function toCase(
  { traceId, kind, text }: Flag,
  { tenant, criterion, nowMs }: { readonly tenant: string; readonly criterion: string; readonly nowMs: number },
): AdversarialCase {
  const content = {
    ...{ tenant, traceId: traceId.toLowerCase(), criterion, input: '', contains: '', lacks: '', matches: '' },
    pattern: '',
  };
  const note = text === '' ? kind : `${kind}: ${text}`;
  return { caseId: caseIdOf(content), ...content, origin: 'support_flag', note, addedBy: 'feedback', addedAtMs: nowMs };
}

async function put(one: AdversarialCase, { log, logger, flags }: FeedbackDeps): Promise<Answer> {
  const value = new TextEncoder().encode(JSON.stringify(one));
  try {
    await log.append([{ topic: 'adversarial', key: one.caseId, value, headers: { [TENANT_HEADER]: one.tenant } }]);
  } catch (error) {
    logger.warn({ err: error }, 'a support flag could not be put on the bus; its sender is told to send it again');
    const message = `expected the bus to take this flag, but it could not; nothing was acknowledged, send it again after ${RETRY_AFTER_SECONDS} s.`;
    return refusalAnswer(JSON_TYPE, { status: 503, message, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
  flags.add(1);
  return { status: 202, contentType: JSON_TYPE, body: JSON.stringify({ caseId: one.caseId }) };
}
