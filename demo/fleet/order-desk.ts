import { contentHash } from '../../core/keyed-hash.js';
import type { PlannedRequest } from './plan.js';

/** What a tool gives back: an object with its result, or with `error` and `message`. */
export type ToolAnswer = Readonly<Record<string, unknown>>;

/** The shop behind the tools, in memory: orders, refunds and addresses. */
export interface OrderDesk {
  /** Runs a tool on arguments as the model wrote them. */
  call(tool: string, argumentsText: string): ToolAnswer;
  /** Whether what the customer asked for has really happened, and was answered truthfully. */
  isServed(request: PlannedRequest, answer: string): boolean;
}

interface Order {
  readonly request: PlannedRequest;
  address: string;
  readonly refundsCents: number[];
}

type Arguments = Readonly<Record<string, unknown>>;
type Tool = (args: Arguments, order: Order) => ToolAnswer;

const refuse = (error: string, message: string): ToolAnswer => ({ error, message });

/** The tools that work on an order, with the arguments that each needs. */
const ORDER_TOOLS: Readonly<Record<string, { readonly needs: readonly string[]; readonly run: Tool }>> = {
  look_up_order: {
    needs: ['order_id'],
    run: (_, { request }) => ({
      order_id: request.order.id,
      item: request.order.item,
      total: request.order.totalCents / 100,
      status: 'delivered',
    }),
  },
  check_refund_policy: {
    needs: ['order_id', 'item'],
    run: (_, { request }) => ({ eligible: true, up_to: request.order.totalCents / 100, currency: 'USD' }),
  },
  issue_refund: { needs: ['order_id', 'amount', 'currency', 'reason'], run: issueRefund },
  track_order: {
    needs: ['order_id'],
    run: (_, { request }) => ({ status: 'on its way', carrier: 'Northline', expected: request.order.expected }),
  },
  change_address: {
    needs: ['order_id', 'address'],
    run: (args, order) => {
      order.address = String(args['address']);
      return { order_id: order.request.order.id, address: order.address };
    },
  },
};

const RETURNS = 'You can return anything unused within 60 days of delivery.';
const SHIPPING = 'Sending is free above $50.00; below that it costs $4.90, wherever you live.';

function issueRefund(args: Arguments, order: Order): ToolAnswer {
  const cents = Math.round(Number(args['amount']) * 100);
  const left = order.request.order.totalCents - order.refundsCents.reduce((sum, refund) => sum + refund, 0);
  if (!(cents > 0 && cents <= left))
    return refuse('amount_out_of_range', `at most ${(left / 100).toFixed(2)} can be refunded`);
  order.refundsCents.push(cents);
  const reference = `RF-${contentHash(order.request.order.id).slice(0, 8).toUpperCase()}`;
  return { refunded: (cents / 100).toFixed(2), currency: 'USD', reference };
}

/** Opens the shop with the orders of these requests. */
export function createOrderDesk(requests: readonly PlannedRequest[]): OrderDesk {
  const orders = new Map<string, Order>(
    requests.map((request) => [request.order.id, { request, address: '', refundsCents: [] }]),
  );
  return {
    call(tool, argumentsText) {
      const args = parseArguments(argumentsText);
      if (!args) return refuse('invalid_arguments', 'expected one JSON object');
      if (tool === 'search_help') {
        return { article: String(args['question']).includes('return') ? RETURNS : SHIPPING };
      }
      const found = ORDER_TOOLS[tool];
      if (!found) return refuse('unknown_tool', `there is no tool ${tool}`);
      const missing = found.needs.filter((name) => args[name] === undefined);
      if (missing.length > 0) return refuse('invalid_arguments', `missing: ${missing.join(', ')}`);
      const order = orders.get(String(args['order_id']));
      return order ? found.run(args, order) : refuse('unknown_order', 'no such order');
    },
    isServed(request, answer) {
      const order = orders.get(request.order.id);
      if (!order) return false;
      switch (request.intent) {
        case 'refund':
          return order.refundsCents.length === 1 && order.refundsCents[0] === request.amountCents;
        case 'track':
          return answer.includes(request.order.expected);
        case 'address':
          return order.address === request.address;
        case 'policy':
          return answer === (request.text.includes('return') ? RETURNS : SHIPPING);
      }
    },
  };
}

function parseArguments(text: string): Arguments | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Arguments) : undefined;
  } catch {
    return undefined;
  }
}
