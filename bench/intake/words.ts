/** Text of a seed: the same seed says the same. */
export interface Words {
  /** English-like words of about that many characters. */
  text(characters: number): string;
}

const SYLLABLES = 'an be con der en for ge hal in ject ker lo man nor or per qui ra ser tion un ver wa xi yl zo'.split(
  ' ',
);
/** About as many words as a support desk uses, some often and most seldom. */
const VOCABULARY = 4_000;

const words = Array.from({ length: VOCABULARY }, (_, index) => {
  let text = '';
  for (let rest = index + 1; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) {
    text += SYLLABLES[rest % SYLLABLES.length]!;
  }
  return text;
});

export function createWords(seed: number): Words {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  // xorshift32 (Marsaglia 2003): repeatable, and quick.
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  return {
    text(characters) {
      let text = '';
      // Squared, so that the first words of the list come often, as in any language.
      while (text.length < characters) text += `${words[Math.floor(random() ** 2 * VOCABULARY)]!} `;
      return text.slice(0, characters).trimEnd();
    },
  };
}
