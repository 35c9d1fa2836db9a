import { createSeeded } from '../seeded.js';
import type { Conversation, ScriptedCall, ScriptedMessage, Turn } from './conversation.js';
import { formatCents, readAsk, readObject, type Ask } from './reading.js';

/** How the model misbehaves on one order, if it does. */
export const MISBEHAVIOURS = ['cut_arguments', 'wrong_amount'] as const;
export type Misbehaviour = (typeof MISBEHAVIOURS)[number];

/** Share of refunds, in every release, where the model asks again for what it has just been told, and then goes on. */
const LOOKS_TWICE_SHARE = 0.01;

/** A call that was made, with the tool's answer. */
interface Exchange {
  readonly call: ScriptedCall;
  readonly result: Readonly<Record<string, unknown>>;
}

const text = (value: string): Turn => ({ kind: 'text', text: value });
const field = (record: Readonly<Record<string, unknown>> | undefined, key: string): string => {
  const value = record?.[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
};

/**
 * Plays the agents' model: the next turn follows from the messages alone, and from how this order is to go wrong.
 * A tool that is briefly away is called again; arguments that a tool refuses end the attempt.
 */
export function nextTurn(
  conversation: Conversation,
  misbehaviourOf: (orderId: string) => Misbehaviour | undefined,
): Turn {
  const request = conversation.messages.find((message) => message.role === 'user')?.text ?? '';
  const ask = readAsk(request);
  const exchanges = toExchanges(conversation.messages);
  const last = exchanges.at(-1);
  if (last?.result['error'] === 'temporarily_unavailable') {
    return { kind: 'call', call: { ...last.call, id: callId(last.call.name, ask, exchanges.length) } };
  }
  if (ask.intent === 'policy') return policyTurn(request, exchanges);
  const step = { ask, exchanges, misbehaviour: misbehaviourOf(ask.orderId) };
  return ask.intent === 'refund' ? refundTurn(ask, step) : lookUpTurn(ask, exchanges);
}

function toExchanges(messages: readonly ScriptedMessage[]): readonly Exchange[] {
  const results = new Map(
    messages.flatMap((message) => (message.role === 'tool' ? [[message.callId, message.text]] : [])),
  );
  return messages
    .flatMap((message) => (message.role === 'assistant' ? message.calls : []))
    .map((call) => ({ call, result: readObject(results.get(call.id) ?? '') ?? {} }));
}

function callId(name: string, ask: Ask, attempt: number): string {
  const about = ask.intent === 'policy' ? 'policy' : ask.orderId;
  return `call_${createSeeded(about).hex(name, attempt).slice(0, 20)}`;
}

function callTurn(name: string, args: object, context: { ask: Ask; exchanges: readonly Exchange[] }): Turn {
  const id = callId(name, context.ask, context.exchanges.length);
  return { kind: 'call', call: { id, name, arguments: JSON.stringify(args) } };
}

interface RefundStep {
  readonly ask: Ask;
  readonly exchanges: readonly Exchange[];
  readonly misbehaviour: Misbehaviour | undefined;
}

function refundTurn(ask: Extract<Ask, { intent: 'refund' }>, step: RefundStep): Turn {
  const resultOf = (name: string) => step.exchanges.findLast((exchange) => exchange.call.name === name)?.result;
  const order = resultOf('look_up_order');
  if (order === undefined) return callTurn('look_up_order', { order_id: ask.orderId }, step);
  if (order['error'] !== undefined) return text(`I could not find order ${ask.orderId}. Could you check the number?`);
  if (step.exchanges.length === 1 && createSeeded(ask.orderId).uniform('look twice') < LOOKS_TWICE_SHARE) {
    return callTurn('look_up_order', { order_id: ask.orderId }, step);
  }
  const policy = resultOf('check_refund_policy');
  if (policy === undefined) {
    return callTurn('check_refund_policy', { order_id: ask.orderId, item: field(order, 'item') }, step);
  }
  const refund = resultOf('issue_refund');
  if (refund === undefined) return refundCall(ask, step);
  if (refund['error'] !== undefined) return giveUp(ask);
  return text(
    `Done. I have refunded $${field(refund, 'refunded')} for order ${ask.orderId} (${field(order, 'item')}). ` +
      `Your reference is ${field(refund, 'reference')}; it takes three to five working days.`,
  );
}

function refundCall(ask: Extract<Ask, { intent: 'refund' }>, step: RefundStep): Turn {
  const cents = step.misbehaviour === 'wrong_amount' ? wrongAmount(ask.orderId, ask.amountCents) : ask.amountCents;
  const args = { order_id: ask.orderId, amount: cents / 100, currency: 'USD', reason: 'requested by the customer' };
  const turn = callTurn('issue_refund', args, step);
  if (step.misbehaviour !== 'cut_arguments' || turn.kind !== 'call') return turn;
  const whole = turn.call.arguments;
  const shortest = whole.indexOf('"amount"');
  const kept = shortest + createSeeded(ask.orderId).integer(whole.length - 1 - shortest, 'cut');
  return { kind: 'call', call: { ...turn.call, arguments: whole.slice(0, kept) } };
}

/** Less than asked and at least a cent, so that the shop's own limits do not notice. */
function wrongAmount(orderId: string, cents: number): number {
  const share = 0.3 + 0.6 * createSeeded(orderId).uniform('wrong amount');
  return Math.max(1, Math.min(cents - 1, Math.round(cents * share)));
}

function giveUp(ask: Extract<Ask, { intent: 'refund' }>): Turn {
  const amount = `$${formatCents(ask.amountCents)}`;
  return createSeeded(ask.orderId).uniform('give up') < 0.5
    ? text(
        `Your refund of ${amount} for order ${ask.orderId} has been submitted and will arrive within five working days.`,
      )
    : text(`I am sorry, something went wrong on our side with order ${ask.orderId}. Please contact us again tomorrow.`);
}

function lookUpTurn(ask: Extract<Ask, { intent: 'track' | 'address' }>, exchanges: readonly Exchange[]): Turn {
  const done = exchanges.at(-1)?.result;
  const context = { ask, exchanges };
  if (ask.intent === 'track') {
    if (done === undefined) return callTurn('track_order', { order_id: ask.orderId }, context);
    return text(
      `Order ${ask.orderId} is ${field(done, 'status')}; the carrier expects it on ${field(done, 'expected')}.`,
    );
  }
  if (done === undefined) return callTurn('change_address', { order_id: ask.orderId, address: ask.address }, context);
  return text(`I have changed the delivery address of order ${ask.orderId} to ${field(done, 'address')}.`);
}

function policyTurn(request: string, exchanges: readonly Exchange[]): Turn {
  const answer = exchanges.at(-1)?.result;
  if (answer === undefined) {
    return callTurn('search_help', { question: request.slice(0, 200) }, { ask: { intent: 'policy' }, exchanges });
  }
  return text(field(answer, 'article'));
}
