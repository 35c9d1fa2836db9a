import type { ModelPrice, ModelRequest } from '../core/model.js';

/**
 * Fewest bytes that a token is taken to hold when a call is reserved. English runs at four, JSON full of ids at two and a
 * half: a reservation must not be too small, and what is too much comes back when the call settles.
 */
const BYTES_PER_TOKEN = 2;

/** Charge of a call in whole micro-dollars, rounded up. A dollar per million tokens is a micro-dollar a token. */
export function costMicroUsd(price: ModelPrice, inputTokens: number, outputTokens: number): number {
  // The product of two decimals can end a hair above the whole number that it is.
  const exact = inputTokens * price.inputUsdPerMillion + outputTokens * price.outputUsdPerMillion;
  return Math.ceil(exact - 1e-6);
}

/** The most that a request can cost: every byte of it and all the output it may have. */
export function worstCaseMicroUsd(price: ModelPrice, request: ModelRequest): number {
  const bytes =
    Buffer.byteLength(request.system) +
    Buffer.byteLength(request.user) +
    Buffer.byteLength(JSON.stringify(request.schema));
  return costMicroUsd(price, Math.ceil(bytes / BYTES_PER_TOKEN), request.maxOutputTokens);
}
