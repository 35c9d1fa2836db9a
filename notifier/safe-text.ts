/** ANSI and OSC sequences: a terminal that shows a message would obey them. */
const TERMINAL = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;

/** Controls, line breaks among them. */
const CONTROL = /[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;

/** What turns text round or hides it: marks of direction, zero width, soft hyphen, tags. Joiners stay, spelling needs them. */
const HIDDEN =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Half a surrogate pair, which no UTF-8 can hold. */
const HALF = /\p{Cs}/gu;

/** What calls a whole room: `@here` where a receiver links names, `<!here>` and `<@U1>` where one takes Slack's markup. */
const ROOM = /@(?=(?:channel|here|everyone|all)\b)/gi;
/** Begins a link, a mention or a tag, unlike the sign in `p < .05`. */
const TAG = /<(?=[!@#/a-z])/gi;

/**
 * Text that may come from a trace, made fit for any receiver: one line, nothing hidden, no mention, no markup begun.
 * Receivers pass it on, so this holds before the escaping of the channel itself, and for channels that have none.
 *
 * @param most - characters that stay; the last of a longer text is `…`
 */
export function safeText(text: string, most: number): string {
  const clean = text
    .replace(HALF, '\ufffd')
    .replace(TERMINAL, '')
    .replace(CONTROL, ' ')
    .replace(HIDDEN, '\ufffd')
    .replace(ROOM, '\uff20')
    .replace(TAG, '\u2039')
    .trim();
  return clean.length <= most ? clean : `${clean.slice(0, most - 1).replace(HALF, '')}…`;
}

/** Figures and words of an alarm, each made safe, at most `most` of them. */
export function safeDetails(
  details: Readonly<Record<string, string | number>>,
  most: number,
): readonly (readonly [name: string, value: string | number])[] {
  return Object.entries(details)
    .slice(0, most)
    .map(([name, value]) => [safeText(name, 80), typeof value === 'number' ? value : safeText(value, 2_000)]);
}

/** Names and the like, each made safe; what is empty then is left out. */
export function safeFields(texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const safe = Object.entries(texts).map(([name, text]) => [name, safeText(text, 255)] as const);
  return Object.fromEntries(safe.filter(([, text]) => text !== ''));
}
