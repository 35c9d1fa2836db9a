/** What a user wants, as far as the text says. */
export type Ask =
  | { readonly intent: 'refund'; readonly orderId: string; readonly amountCents: number }
  | { readonly intent: 'track'; readonly orderId: string }
  | { readonly intent: 'address'; readonly orderId: string; readonly address: string }
  | { readonly intent: 'policy' };

const ORDER_ID = /\bR-\d{7}\b/;
const AMOUNT = /\$(\d+)\.(\d{2})\b/;
const ADDRESS = /\bto (\d+ [A-Z][A-Za-z]+ [A-Z][A-Za-z]+, [A-Z][A-Za-z]+)/;

/** Reads a customer's message. Without an order number it can only be a question about the shop's rules. */
export function readAsk(text: string): Ask {
  const orderId = ORDER_ID.exec(text)?.[0];
  if (orderId === undefined) return { intent: 'policy' };
  const amount = AMOUNT.exec(text);
  if (amount) return { intent: 'refund', orderId, amountCents: Number(amount[1]) * 100 + Number(amount[2]) };
  const address = ADDRESS.exec(text)?.[1];
  return address === undefined ? { intent: 'track', orderId } : { intent: 'address', orderId, address };
}

/** The object that a text holds as JSON, or undefined when it holds none. */
export function readObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Dollars with two decimals, such as `48.20`. */
export function formatCents(cents: number): string {
  return (cents / 100).toFixed(2);
}
