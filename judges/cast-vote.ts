import type { ModelRequest } from '../core/model.js';
import type { Vote } from '../core/verdict.js';
import { buyCall, isProviderTrouble, type BuyerDeps } from './buy-call.js';
import type { FailedCall } from './call-entry.js';
import type { JudgesConfig } from './config.js';
import type { EndedCall } from './journal.js';
import type { QuoteCheck } from './quotes.js';
import type { ParsedReply } from './reply.js';
import type { Reservation } from './spend-budget.js';
import type { Turn } from './turn.js';

/** One evaluation's question, as every vote of it is asked. */
export interface Ballot {
  readonly evalId: string;
  readonly tenant: string;
  readonly traceId: string;
  /** A fresh nonce each time. */
  readonly request: () => ModelRequest;
  readonly parse: (value: unknown) => ParsedReply;
  readonly quotes: QuoteCheck;
  readonly turn: Turn;
  readonly killed: AbortSignal;
}

/** A vote, or the reason why there is no money for it. */
export type Cast = { readonly status: 'cast'; readonly vote: Vote } | (Reservation & { readonly status: 'exhausted' });

/** What the calls of one vote have come to so far. */
interface Tries {
  readonly calls: readonly EndedCall[];
  /** Calls that failed for the provider's reasons and may have been charged. What costs nothing is bounded by time alone. */
  readonly troubles: number;
  /** Replies that broke the schema, were cut or refused, or quoted what is not there. */
  readonly rejected: number;
  readonly lastReason: string;
}

/**
 * Asks until there is one usable reply, within bounds. Calls of an earlier process count as if this one had made them: what
 * was answered then is used and not bought again.
 *
 * A reply whose quotes are not in the evidence is void: it is asked once more, and then the vote is an error.
 */
export async function castVote(
  index: number,
  ballot: Ballot,
  deps: BuyerDeps & { readonly options: JudgesConfig },
): Promise<Cast> {
  const { options, clock } = deps;
  const deadlineMs = clock.nowMs() + options.giveUpAfterMs;
  let tries: Tries = { calls: [], troubles: 0, rejected: 0, lastReason: '' };
  for (let attempt = 0; ; attempt += 1) {
    let call = await deps.journal.recall({ evalId: ballot.evalId, vote: index, attempt }, ballot.turn.ended);
    if (call === undefined) {
      const hopeless = whyHopeless(tries, options);
      if (hopeless !== undefined) return { status: 'cast', vote: failedVote(tries, hopeless, deps) };
      ballot.turn.ended.throwIfAborted();
      const bought = await buyCall(ballot.request(), { ...ballot, vote: index, attempt, deadlineMs }, deps);
      if (bought.status === 'exhausted') return bought;
      if (bought.status === 'late') {
        return { status: 'cast', vote: failedVote(tries, whyLate(tries, deps), deps) };
      }
      call = bought.call;
    }
    const examined = examine(call, tries, ballot);
    if ('vote' in examined) return { status: 'cast', vote: examined.vote };
    tries = examined.tries;
  }
}

/** A vote that never got a place says why: what the calls of others came to, or that all places were taken. */
function whyLate({ lastReason }: Tries, deps: BuyerDeps & { readonly options: JudgesConfig }): string {
  const { giveUpAfterMs, concurrency } = deps.options;
  const last = lastReason === '' ? deps.gate.lastTrouble() : lastReason;
  const why = last === undefined ? `all ${concurrency} calls at a time were taken` : `last: ${last}`;
  return `no answer within ${giveUpAfterMs} ms, ${why}`;
}

function whyHopeless(tries: Tries, options: JudgesConfig): string | undefined {
  const last = tries.calls.at(-1);
  if (last?.status === 'failed' && last.code === 'MODEL_REFUSED') return tries.lastReason;
  if (tries.troubles >= options.maxAttempts) return `${tries.troubles} calls failed, last: ${tries.lastReason}`;
  if (tries.rejected > options.repairAttempts) return tries.lastReason;
  return undefined;
}

function examine(call: EndedCall, before: Tries, ballot: Ballot): { readonly vote: Vote } | { readonly tries: Tries } {
  const tries = { ...before, calls: [...before.calls, call] };
  if (call.status === 'lost') return { tries };
  if (call.status === 'failed') return { tries: countFailure(call, tries) };
  const parsed = ballot.parse(call.reply.value);
  if (parsed.status === 'invalid')
    return { tries: { ...tries, rejected: tries.rejected + 1, lastReason: parsed.reason } };
  const { reply } = parsed;
  const labelled = reply.verdict !== 'abstain';
  const unsupported = labelled ? ballot.quotes.firstUnsupported(reply.quotes) : undefined;
  if (unsupported !== undefined) {
    return { tries: { ...tries, rejected: tries.rejected + 1, lastReason: `unsupported quote: ${unsupported}` } };
  }
  return {
    vote: {
      ...totals(tries),
      outcome: reply.verdict,
      confidence: reply.confidence,
      explanation: reply.explanation,
      quotes: labelled ? reply.quotes : [],
      model: call.reply.model,
      ...(labelled ? {} : { reason: 'the judge abstained' }),
    },
  };
}

function countFailure(call: FailedCall, tries: Tries): Tries {
  return isProviderTrouble(call)
    ? { ...tries, troubles: tries.troubles + (call.unbilled === true ? 0 : 1), lastReason: call.reason }
    : { ...tries, rejected: tries.rejected + 1, lastReason: call.reason };
}

function failedVote(tries: Tries, reason: string, { model }: BuyerDeps): Vote {
  return { ...totals(tries), outcome: 'error', confidence: 0, explanation: '', quotes: [], model: model.name, reason };
}

/** Everything that a vote took: also what was paid for replies that could not be used. */
function totals({ calls }: Tries): Pick<Vote, 'costMicroUsd' | 'inputTokens' | 'outputTokens' | 'latencyMs'> {
  const ended = calls.flatMap((call) => (call.status === 'lost' ? [] : [call]));
  const lost = calls.reduce((sum, call) => sum + (call.status === 'lost' ? call.reservedMicroUsd : 0), 0);
  return {
    costMicroUsd: ended.reduce((sum, call) => sum + call.settledMicroUsd, lost),
    inputTokens: ended.reduce((sum, call) => sum + call.inputTokens, 0),
    outputTokens: ended.reduce((sum, call) => sum + call.outputTokens, 0),
    latencyMs: ended.reduce((sum, call) => sum + call.endedAtMs - call.beganAtMs, 0),
  };
}
