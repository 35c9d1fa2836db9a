import { inspect } from 'node:util';

const HIDDEN = '********';

/** A value that never shows in a log, an error, JSON or `config print`. `reveal` is the only way to it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return HIDDEN;
  }

  toJSON(): string {
    return HIDDEN;
  }

  [inspect.custom](): string {
    return HIDDEN;
  }
}

/** The text with every secret in it hidden: some receivers repeat what they were sent. */
export function hideSecrets(text: string, secrets: readonly Secret[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret.reveal(), HIDDEN), text);
}
