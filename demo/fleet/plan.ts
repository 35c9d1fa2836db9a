import { createSeeded, shuffled, type Seeded } from '../seeded.js';
import type { Misbehaviour } from '../scripted-model/index.js';
import { FIRST_NAMES, GOODS, LAST_NAMES, REASONS, STREETS, TOWNS } from './names.js';

/** Instrumentation and client of one agent. */
export type AgentKind = 'genai-openai' | 'genai-anthropic' | 'openinference-openai';

/** One customer's request, and how its run is to go. Only `text`, the customer and the session reach a model or a span. */
export interface PlannedRequest {
  readonly index: number;
  readonly agent: AgentKind;
  readonly intent: 'refund' | 'track' | 'address' | 'policy';
  readonly text: string;
  readonly customer: { readonly id: string; readonly name: string };
  readonly sessionId: string;
  readonly traceId: string;
  readonly order: PlannedOrder;
  /** What the customer wants back, or where the parcel is to go. */
  readonly amountCents: number;
  readonly address: string;
  readonly misbehaviour?: Misbehaviour;
  /** The first call of one tool answers that it is briefly away; the agent tries again. */
  readonly briefOutage: boolean;
}

export interface PlannedOrder {
  readonly id: string;
  readonly item: string;
  readonly totalCents: number;
  readonly expected: string;
}

/** Rates of what goes wrong in a release, among its multi-step requests. */
export interface ReleaseFaults {
  readonly cutArguments: number;
  readonly wrongAmount: number;
}

export const RELEASES: Readonly<Record<string, ReleaseFaults>> = {
  '1.0': { cutArguments: 0, wrongAmount: 0 },
  '1.1': { cutArguments: 0.12, wrongAmount: 0.02 },
};

const MULTI_STEP_SHARE = 0.8;
const BRIEF_OUTAGE_SHARE = 0.01;

/** Half in OTel GenAI, of which half call each client; half through OpenInference. */
const AGENTS: readonly AgentKind[] = [
  'genai-openai',
  'openinference-openai',
  'genai-anthropic',
  'openinference-openai',
];

/**
 * All requests of one release. Orders, amounts, customers and sessions differ between any two requests of a run.
 * @param count - at most 8,000, so that nothing repeats
 */
export function planRequests(options: { seed: number; release: string; count: number }): readonly PlannedRequest[] {
  const faults = RELEASES[options.release];
  if (!faults)
    throw new RangeError(`expected a release of ${Object.keys(RELEASES).join(', ')}, got ${options.release}`);
  const seeded = createSeeded(`fleet/${options.seed}`);
  const half = Object.keys(RELEASES).indexOf(options.release);
  return Array.from({ length: options.count }, (_, index) =>
    planRequest({ index, number: 2 * index + half, seeded, faults }),
  );
}

interface RequestDraft {
  readonly index: number;
  /** Differs between all requests of a run. */
  readonly number: number;
  readonly seeded: Seeded;
  readonly faults: ReleaseFaults;
}

function planRequest({ index, number, seeded, faults }: RequestDraft): PlannedRequest {
  const offset = seeded.integer(1_000_000, 'offset');
  const unique = (size: number, step: number) => shuffled(number + offset, size, step);
  const name = unique(FIRST_NAMES.length * LAST_NAMES.length, 3547);
  const first = FIRST_NAMES[name % FIRST_NAMES.length] ?? '';
  const last = LAST_NAMES[Math.floor(name / FIRST_NAMES.length)] ?? '';
  const intent = pickIntent(seeded, number);
  const amountCents = 501 + unique(60_000, 7919);
  const orderId = `R-${1_000_000 + unique(9_000_000, 7_654_321)}`;
  const town = seeded.pick(TOWNS, number, 'town');
  const address = `${1 + seeded.integer(180, number, 'house')} ${seeded.pick(STREETS, number, 'street')}, ${town}`;
  const item = seeded.pick(GOODS, number, 'item');
  const draft = { intent, orderId, amountCents, address, item, name: `${first} ${last}`, seeded, number };
  return {
    index,
    agent: AGENTS[index % AGENTS.length] ?? 'genai-openai',
    intent,
    text: writeText(draft),
    customer: { id: `C-${100_000 + unique(900_000, 654_323)}`, name: draft.name },
    sessionId: `session-${seeded.hex(number, 'session').slice(0, 16)}`,
    traceId: seeded.hex(number, 'trace'),
    order: {
      id: orderId,
      item,
      totalCents: amountCents + seeded.integer(4_000, number, 'rest'),
      expected: `${1 + seeded.integer(28, number, 'day')} ${seeded.pick(['March', 'April', 'May', 'June'], number, 'month')}`,
    },
    amountCents,
    address,
    ...(intent === 'refund' ? pickMisbehaviour(seeded.uniform(number, 'misbehaviour'), faults) : {}),
    briefOutage: seeded.uniform(number, 'outage') < BRIEF_OUTAGE_SHARE,
  };
}

function pickIntent(seeded: Seeded, number: number): PlannedRequest['intent'] {
  if (seeded.uniform(number, 'multi-step') < MULTI_STEP_SHARE) return 'refund';
  return seeded.pick(['track', 'address', 'policy'] as const, number, 'intent');
}

function pickMisbehaviour(draw: number, faults: ReleaseFaults): { misbehaviour?: Misbehaviour } {
  if (draw < faults.cutArguments) return { misbehaviour: 'cut_arguments' };
  return draw < faults.cutArguments + faults.wrongAmount ? { misbehaviour: 'wrong_amount' } : {};
}

interface TextDraft {
  readonly intent: PlannedRequest['intent'];
  readonly orderId: string;
  readonly amountCents: number;
  readonly address: string;
  readonly item: string;
  readonly name: string;
  readonly seeded: Seeded;
  readonly number: number;
}

function writeText(draft: TextDraft): string {
  const { orderId, address, item, name, seeded, number } = draft;
  const amount = `$${(draft.amountCents / 100).toFixed(2)}`;
  const reason = seeded.pick(REASONS, number, 'reason');
  const texts: Readonly<Record<PlannedRequest['intent'], readonly string[]>> = {
    refund: [
      `Hello, this is ${name}. The ${item} from order ${orderId} ${reason}. Please refund me ${amount}.`,
      `I would like ${amount} back for the ${item} in my order ${orderId}: it ${reason}. Thanks, ${name}`,
      `Order ${orderId}: the ${item} ${reason}. Could you return ${amount} to my card? ${name}`,
    ],
    track: [
      `Where is my order ${orderId}? I am waiting for the ${item}. ${name}`,
      `Hi, ${name} here. When will the ${item} from order ${orderId} arrive?`,
    ],
    address: [
      `Please send order ${orderId} to ${address} instead. ${name}`,
      `This is ${name}. Can you change the delivery of order ${orderId} to ${address}?`,
    ],
    policy: [
      `${name} here: how long can I return the ${item} after I bought it?`,
      `What do you charge for sending the ${item} to ${address.split(', ')[1] ?? ''}? Regards, ${name}`,
    ],
  };
  return seeded.pick(texts[draft.intent], number, 'words');
}
