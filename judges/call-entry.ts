import type { ErrorCode } from '../core/errors.js';
import type { ModelReply } from '../core/model.js';
import type { Spend } from '../core/verdict.js';

/** What a call is for: the attempt-th call of the vote-th vote of one evaluation. */
export interface CallKey {
  readonly evalId: string;
  readonly vote: number;
  readonly attempt: number;
}

interface Call extends CallKey {
  readonly tenant: string;
  readonly traceId: string;
  readonly provider: string;
  readonly model: string;
  readonly priceVersion: string;
  /** Of `judgements`, whose share of the budget pays; 0 for the only judge. */
  readonly partition: number;
  /** UTC day that pays for it: the one that it began in. */
  readonly day: string;
  readonly beganAtMs: number;
  readonly reservedMicroUsd: number;
}

interface Ended {
  readonly settledMicroUsd: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly endedAtMs: number;
}

/** Money is set aside, the answer is not known. */
export type ReservedCall = Call & { readonly status: 'reserved' };
export type RepliedCall = Call & Ended & { readonly status: 'replied'; readonly reply: ModelReply };
export type FailedCall = Call &
  Ended & {
    readonly status: 'failed';
    readonly code: ErrorCode;
    readonly reason: string;
    readonly retryAfterMs?: number;
    /** True when it is known to have cost nothing. */
    readonly unbilled?: boolean;
  };
/** In flight when the process died. Charged as reserved. */
export type LostCall = Call & { readonly status: 'lost' };

/** One call as the journal holds it. */
export type CallEntry = ReservedCall | RepliedCall | FailedCall | LostCall;

/** What a call takes from the budget, in micro-dollars: its worst case until it is known what it cost. */
export function chargeOf(call: CallEntry | undefined): number {
  if (call === undefined) return 0;
  return 'settledMicroUsd' in call ? call.settledMicroUsd : call.reservedMicroUsd;
}

/** The row of `spend` that a call becomes once it has ended. */
export function toSpend(call: Exclude<CallEntry, ReservedCall>): Spend {
  const lost = call.status === 'lost';
  return {
    callId: callId(call),
    evalId: call.evalId,
    tenant: call.tenant,
    traceId: call.traceId,
    provider: call.provider,
    model: call.model,
    status: lost ? 'lost' : 'settled',
    reservedMicroUsd: call.reservedMicroUsd,
    settledMicroUsd: lost ? call.reservedMicroUsd : call.settledMicroUsd,
    priceVersion: call.priceVersion,
    atMs: call.beganAtMs,
  };
}

/** The natural key of a call: the same after every replay. */
export function callId({ evalId, vote, attempt }: CallKey): string {
  return `${evalId}-${vote}-${attempt}`;
}
