import type { Answer, Transport } from './transport.js';

/** A request, and what came of each time it was sent. */
export interface Sent {
  readonly number: number;
  /** Each as `<trace id>/<span id>`. */
  readonly spans: readonly string[];
  readonly body: Buffer;
  acknowledged: number;
  /** Sent, and no answer came: it may have been taken. */
  unknown: number;
  /** Answered that it was not taken, or never sent. */
  refused: number;
}

/** How long the n-th wait is. The exporters of OpenTelemetry begin at a second; a drill cannot wait that long. */
export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

const MULTIPLIER = 1.5;
const JITTER = 0.2;

/** Exponential with jitter, as the exporters wait; never less than the answer asked for. */
export function waitMs(attempt: number, { initialMs, maxMs, random }: Backoff, retryAfterMs = 0): number {
  const grown = Math.min(maxMs, initialMs * MULTIPLIER ** attempt);
  return Math.max(retryAfterMs, grown * (1 + JITTER * (2 * random() - 1)));
}

export interface ExportDeps {
  readonly transport: Transport;
  readonly backoff: Backoff;
  /** Resolves early when the signal aborts. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Told of each answer. */
  readonly onAnswer?: (answer: Answer) => void;
}

/**
 * Sends until it is acknowledged, as the exporters of OpenTelemetry do but without end: what was not acknowledged is sent
 * again, what was is remembered.
 * @throws {Error} when it was rejected for good, which nothing that a drill sends may be
 */
export async function exportUntilTaken(sent: Sent, deps: ExportDeps, signal: AbortSignal): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    const answer = await deps.transport.send(sent.body);
    deps.onAnswer?.(answer);
    if (answer.status === 'rejected')
      throw new Error(`expected an acknowledgement or an answer to send again, got ${answer.reason}`);
    sent[answer.status] += 1;
    if (answer.status === 'acknowledged') return;
    const retryAfterMs = answer.status === 'refused' ? answer.retryAfterMs : undefined;
    await deps.sleep(waitMs(attempt, deps.backoff, retryAfterMs), signal);
  }
}
