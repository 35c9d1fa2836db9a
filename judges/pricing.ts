import type { ModelPrice, ModelRequest } from '../core/model.js';

/**
 * What providers put around a request: framing of its messages, and the instructions for a forced tool, which are a few
 * hundred tokens.
 */
const FRAME_TOKENS = 1_000;

/** Charge of a call in whole micro-dollars, rounded up. A dollar per million tokens is a micro-dollar a token. */
export function costMicroUsd(price: ModelPrice, inputTokens: number, outputTokens: number): number {
  // The product of two decimals can end a hair above the whole number that it is.
  const exact = inputTokens * price.inputUsdPerMillion + outputTokens * price.outputUsdPerMillion;
  return Math.ceil(exact - 1e-6);
}

/**
 * The most that a request can cost: a token for each of its bytes, and all the output it may have.
 *
 * Tokenisers that work on bytes, as those of the providers do, make a token of one byte at the least, and hostile text can
 * make them do so: nothing less holds the cap. English runs at four bytes a token, so of a call with 30 KB of text three
 * quarters come back when it settles. Until then they can turn others away, at the end of a budget only: with the default
 * models that is 3 thousandths of a dollar a call, with one of 3 dollars per million tokens a tenth.
 */
export function worstCaseMicroUsd(price: ModelPrice, request: ModelRequest): number {
  const bytes = [request.system, request.user, request.schemaName, JSON.stringify(request.schema)]
    .map((text) => Buffer.byteLength(text))
    .reduce((sum, length) => sum + length, FRAME_TOKENS);
  return costMicroUsd(price, bytes, request.maxOutputTokens);
}
