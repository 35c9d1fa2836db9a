/**
 * A word that nobody can guess from outside: 96 bits in hex.
 * @param random - in [0, 1)
 */
export function makeNonce(random: () => number): string {
  const half = (): string =>
    Math.floor(random() * 2 ** 48)
      .toString(16)
      .padStart(12, '0');
  return `${half()}${half()}`;
}
