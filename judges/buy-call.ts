import type { Clock } from '../core/clock.js';
import { ERROR_CODES, PipelineError } from '../core/errors.js';
import { faultPoint } from '../core/fault-points.js';
import type { Counter, Histogram } from '../core/metrics.js';
import type { Model, ModelFailure, ModelRequest } from '../core/model.js';
import type { FailedCall, RepliedCall, ReservedCall } from './call-entry.js';
import type { CallRequest, Journal } from './journal.js';
import { costMicroUsd, worstCaseMicroUsd } from './pricing.js';
import type { ProviderGate, Ticket } from './provider-gate.js';
import type { ProviderNotices } from './provider-notices.js';
import type { Reservation } from './spend-budget.js';
import type { Turn } from './turn.js';

export interface BuyerDeps {
  readonly model: Model;
  readonly journal: Journal;
  readonly gate: ProviderGate;
  readonly clock: Clock;
  readonly calls: Counter<'provider' | 'status'>;
  readonly spend: Counter;
  readonly latency: Histogram;
  /** Runs before the first call. */
  readonly beforeFirstCall: () => void;
  readonly notices: ProviderNotices;
  /** Tells of an ended call at once. What cannot be told now comes with the verdict. */
  readonly report: (call: RepliedCall | FailedCall) => Promise<void>;
}

/** Who asks, and until when it makes sense to. */
export type CallOrder = Pick<CallRequest, 'evalId' | 'vote' | 'attempt' | 'tenant' | 'traceId'> & {
  readonly deadlineMs: number;
  /** Its end ends waiting for a place; a call in flight goes on. */
  readonly turn: Turn;
  /** Ends a call in flight. What it cost is then unknown. */
  readonly killed: AbortSignal;
};

export type Bought =
  | { readonly status: 'ended'; readonly call: RepliedCall | FailedCall }
  | { readonly status: 'late' }
  | (Reservation & { readonly status: 'exhausted' });

/**
 * Makes one call and journals it: reserved before, settled after, both durable.
 *
 * @returns `late` when the deadline passed first, `exhausted` when the budget does not hold it
 * @throws the reason of the turn's end, or of `killed`; a killed call stays reserved and will be found lost
 */
export async function buyCall(request: ModelRequest, order: CallOrder, deps: BuyerDeps): Promise<Bought> {
  const { journal, gate } = deps;
  const ticket = await gate.enter(order.deadlineMs, order.turn.ended);
  if (ticket === undefined) return { status: 'late' };
  let ended: RepliedCall | FailedCall | undefined;
  try {
    const reserved = await journal.reserve(toReservation(request, order, deps));
    if (reserved.status === 'exhausted') return reserved;
    faultPoint('judge-after-reserve');
    deps.beforeFirstCall();
    ended = await complete(request, reserved, { ...deps, killed: order.killed });
    await journal.settle(ended);
    faultPoint('judge-after-reply');
    count(ended, deps);
  } finally {
    leave(ticket, ended);
  }
  await deps.report(ended);
  return { status: 'ended', call: ended };
}

function count(ended: RepliedCall | FailedCall, { model, calls, spend, latency }: BuyerDeps): void {
  calls.add(1, { provider: model.provider, status: ended.status });
  spend.add(ended.settledMicroUsd);
  latency.observe((ended.endedAtMs - ended.beganAtMs) / 1000);
}

/** Failures that say that the provider is in trouble, and that trying again later can help. */
export function isProviderTrouble(call: FailedCall): boolean {
  return ERROR_CODES[call.code] === 'retry';
}

function leave(ticket: Ticket, ended: RepliedCall | FailedCall | undefined): void {
  if (ended?.status === 'replied') ticket.leave('ok');
  else if (ended && isProviderTrouble(ended)) ticket.leave('failing', ended);
  else ticket.leave('other');
}

function toReservation(request: ModelRequest, order: CallOrder, { model, clock }: BuyerDeps): CallRequest {
  const { evalId, vote, attempt, tenant, traceId, turn } = order;
  return {
    ...{ evalId, vote, attempt, tenant, traceId, partition: turn.partition },
    provider: model.provider,
    model: model.name,
    priceVersion: model.price.version,
    beganAtMs: clock.nowMs(),
    reservedMicroUsd: worstCaseMicroUsd(model.price, request),
  };
}

async function complete(
  request: ModelRequest,
  reserved: ReservedCall,
  { model, clock, notices, killed }: Pick<BuyerDeps, 'model' | 'clock' | 'notices'> & { readonly killed: AbortSignal },
): Promise<RepliedCall | FailedCall> {
  try {
    const reply = await model.complete(request, killed);
    const { inputTokens, outputTokens } = reply;
    const settledMicroUsd = costMicroUsd(model.price, inputTokens, outputTokens);
    notices.answered(reserved.beganAtMs);
    return {
      ...reserved,
      status: 'replied',
      reply,
      inputTokens,
      outputTokens,
      settledMicroUsd,
      endedAtMs: clock.nowMs(),
    };
  } catch (error) {
    killed.throwIfAborted();
    if (!(error instanceof PipelineError)) throw error;
    notices.failed(error);
    return { ...reserved, ...toFailure(error, reserved, model), status: 'failed', endedAtMs: clock.nowMs() };
  }
}

/** A call whose charge is not known is charged as reserved. */
function toFailure(
  error: PipelineError,
  reserved: ReservedCall,
  model: Model,
): Pick<
  FailedCall,
  'code' | 'reason' | 'settledMicroUsd' | 'inputTokens' | 'outputTokens' | 'retryAfterMs' | 'unbilled'
> {
  const { inputTokens, outputTokens, retryAfterMs, unbilled } = (error.cause ?? {}) as ModelFailure;
  const known = inputTokens !== undefined && outputTokens !== undefined;
  const charged = known ? costMicroUsd(model.price, inputTokens, outputTokens) : reserved.reservedMicroUsd;
  return {
    code: error.code,
    reason: error.message,
    settledMicroUsd: unbilled === true ? 0 : charged,
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(unbilled === true ? { unbilled } : {}),
  };
}
