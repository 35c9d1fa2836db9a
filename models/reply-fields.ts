/** More tokens than one call can take. A count above it is as wrong as a negative one, and would run the budget dry. */
const MOST_TOKENS = 1_000_000_000;
const MODEL_NAME_LENGTH = 256;

/** A count of tokens that can be charged by. @returns undefined for anything else: an endpoint may answer with whatever it likes */
export function tokenCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MOST_TOKENS
    ? value
    : undefined;
}

/** The name of the model that answered; the one that was asked when the reply has none. */
export function modelName(value: unknown, asked: string): string {
  return typeof value === 'string' ? value.slice(0, MODEL_NAME_LENGTH) : asked;
}
