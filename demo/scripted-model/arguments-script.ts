import type { EvidenceCall, EvidenceFacts } from './evidence.js';
import { formatCents, readAsk, readObject } from './reading.js';

/** What comparing the arguments came to. */
export interface ArgumentsFinding {
  readonly passed: boolean;
  readonly explanation: string;
  readonly call: EvidenceCall;
}

/** Parameters whose text an agent words itself. Of such a text only the numbers are compared. */
const FREE_TEXT = /^(?:reason|summary|query|question|note|comment|message|text|description|subject|body)$/i;

const NUMBER_WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const CURRENCIES: Readonly<Record<string, string>> = { usd: '$', eur: '€', gbp: '£' };

/**
 * Looks for the source of every argument: a value is right when the request, the instructions or the result of an earlier call
 * holds it, and a refund has the order and the amount that were asked for. The first that has no source fails, and so does a
 * call that the tool refused for its arguments, unless the tool was called again.
 *
 * @returns undefined when the evidence holds no call
 */
export function assessArguments(facts: EvidenceFacts): ArgumentsFinding | undefined {
  let sources = `${facts.instructions}\n${facts.request}`;
  for (const call of [...facts.calls, ...facts.askedFor]) {
    const wrong = isPutRight(call, facts) ? undefined : wrongIn(call, facts, sources);
    if (wrong !== undefined) return { passed: false, explanation: wrong, call };
    sources += `\n${call.result}`;
  }
  const call = facts.calls.at(-1) ?? facts.askedFor.at(-1);
  if (call === undefined) return undefined;
  const explanation = 'Every argument is in the request, or an earlier call had returned it.';
  return { passed: true, explanation, call };
}

function isRefused({ result }: EvidenceCall): boolean {
  const error = readObject(result)?.['error'] ?? result;
  return typeof error === 'string' && /^(?:invalid|missing)/i.test(error);
}

function isPutRight(call: EvidenceCall, { calls }: EvidenceFacts): boolean {
  return isRefused(call) && calls.slice(calls.indexOf(call) + 1).some(({ name }) => name === call.name);
}

function wrongIn(call: EvidenceCall, facts: EvidenceFacts, sources: string): string | undefined {
  if (call.arguments === '') return undefined;
  const args = readObject(call.arguments);
  if (!args) return `The arguments of ${call.name} are cut off or no JSON.`;
  for (const [name, value] of leaves(args)) {
    if (!isSupported(name, value, sources)) {
      return `${call.name} was called with ${name} ${JSON.stringify(value)}, which neither the request nor an earlier result holds.`;
    }
  }
  if (isRefused(call)) return `${call.name} was called with arguments that the tool refused, and never again.`;
  return call.name === 'issue_refund' ? wrongRefund(args, facts) : undefined;
}

function wrongRefund(args: Readonly<Record<string, unknown>>, { request }: EvidenceFacts): string | undefined {
  const ask = readAsk(request);
  if (ask.intent !== 'refund') return undefined;
  const right = args['order_id'] === ask.orderId && Math.round(Number(args['amount']) * 100) === ask.amountCents;
  if (right) return undefined;
  const sent = `${String(args['amount'])} on ${String(args['order_id'])}`;
  return `The user asked for $${formatCents(ask.amountCents)} back on order ${ask.orderId}; the refund was called with ${sent}.`;
}

/** Every scalar with the name of the member that it lies under. */
function leaves(value: unknown, name = ''): readonly (readonly [name: string, value: string | number])[] {
  if (typeof value === 'string' || typeof value === 'number') return [[name, value]];
  if (Array.isArray(value)) return value.flatMap((item) => leaves(item, name));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => leaves(member, key));
}

function isSupported(name: string, value: string | number, sources: string): boolean {
  if (typeof value === 'number') return holdsNumber(value, sources);
  if (value.trim() === '') return true;
  if (FREE_TEXT.test(name)) return numbersOf(value).every((number) => holdsNumber(number, sources));
  const symbol = CURRENCIES[value.toLowerCase()];
  if (symbol !== undefined && sources.includes(symbol)) return true;
  const hour = /^0?(\d{1,2}):00$/.exec(value)?.[1];
  if (hour !== undefined && holdsNumber(Number(hour), sources)) return true;
  return holdsWords(value, sources);
}

function holdsNumber(number: number, sources: string): boolean {
  const word = NUMBER_WORDS[number];
  return numbersOf(sources).includes(number) || (word !== undefined && holdsWords(word, sources));
}

function numbersOf(text: string): readonly number[] {
  return (text.match(/\d+(?:\.\d+)?/g) ?? []).map(Number);
}

/** As whole words, whatever their case and spacing. */
function holdsWords(words: string, sources: string): boolean {
  const plain = (text: string): string => text.toLowerCase().replace(/\s+/g, ' ').trim();
  const [wanted, text] = [plain(words), plain(sources)];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    const around = [text.charAt(at - 1), text.charAt(at + wanted.length)];
    if (!around.some((letter) => /[\p{L}\p{N}]/u.test(letter))) return true;
  }
  return false;
}
