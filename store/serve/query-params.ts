/** A value as the engine binds it. */
export type Bound = string | number | boolean | null | readonly Bound[];

/**
 * Values of `{name: Type}` out of the texts of a request, which are escaped as in a file of tabs: an array is a literal.
 * @param sql - says which of them are arrays
 */
export function toBound(sql: string, texts: ReadonlyMap<string, string>): Readonly<Record<string, Bound>> {
  const bound: Record<string, Bound> = {};
  for (const [name, text] of texts) bound[name] = isArray(sql, name) ? parseArray(text) : unescaped(text);
  return bound;
}

function isArray(sql: string, name: string): boolean {
  return /^\w+$/.test(name) && new RegExp(String.raw`\{\s*${name}\s*:\s*Array\b`).test(sql);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', 0: '\0' };

function unescaped(text: string): string {
  return text.replaceAll(/\\([^])/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

const ITEM = /\s*(?:'((?:[^'\\]|\\[^]|'')*)'|([[\]])|([^\s,'[\]]+))\s*,?/y;

/** `['a', 'b']`, `[1, 2]`, and arrays of these. */
function parseArray(text: string): Bound {
  const root: Bound[] = [];
  const open: Bound[][] = [root];
  ITEM.lastIndex = 0;
  for (let match = ITEM.exec(text); match !== null && match[0] !== ''; match = ITEM.exec(text)) {
    const [, string, bracket, word] = match;
    const inner = open.at(-1);
    if (inner === undefined) break;
    if (string !== undefined) inner.push(unescaped(string.replaceAll("''", "'")));
    else if (word !== undefined) inner.push(toScalar(word));
    else if (bracket === '[') {
      const items: Bound[] = [];
      inner.push(items);
      open.push(items);
    } else open.pop();
  }
  return root[0] ?? [];
}

function toScalar(word: string): Bound {
  if (/^(true|false)$/i.test(word)) return word.toLowerCase() === 'true';
  if (/^null$/i.test(word)) return null;
  // A number that JavaScript cannot hold is left to the engine, which reads it out of the text.
  return Number.isSafeInteger(Number(word)) || /[.e]/i.test(word) ? Number(word) : word;
}
