const string = { type: 'string' } as const;

interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: {
    readonly type: 'object';
    readonly properties: Readonly<Record<string, { readonly type: 'string' | 'number' }>>;
    readonly required: readonly string[];
  };
}

function tool(name: string, description: string, properties: ToolSpec['parameters']['properties']): ToolSpec {
  return { name, description, parameters: { type: 'object', properties, required: Object.keys(properties) } };
}

/** What the agents declare to their model. */
export const TOOLS: readonly ToolSpec[] = [
  tool('look_up_order', 'Find an order.', { order_id: string }),
  tool('check_refund_policy', 'Say what may be refunded.', { order_id: string, item: string }),
  tool('issue_refund', 'Pay money back to the customer.', {
    order_id: string,
    amount: { type: 'number' },
    currency: string,
    reason: string,
  }),
  tool('track_order', 'Say where a parcel is.', { order_id: string }),
  tool('change_address', 'Send an order somewhere else.', { order_id: string, address: string }),
  tool('search_help', 'Look into the help pages.', { question: string }),
];

/** The agents' system prompt; the same in all releases. */
export const INSTRUCTIONS =
  'You are the support agent of a shop. Use the tools to do what the customer asks, and say only what the tools returned.';

export const AGENT_NAME = 'support-agent';
