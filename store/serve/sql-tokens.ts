/** One token of a statement. */
export interface Token {
  readonly kind: 'word' | 'string' | 'quoted' | 'symbol';
  /** As it is written, quotes included. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** Brackets around it; 0 for a bracket that is in none itself. */
  readonly depth: number;
}

const SKIPPED = /(?:\s+|--[^\n]*|#[ !][^\n]*|\/\*[^]*?\*\/)+/y;
const TOKEN =
  /(?<string>'(?:[^'\\]|\\[^]|'')*')|(?<quoted>`(?:[^`\\]|\\[^]|``)*`|"(?:[^"\\]|\\[^]|"")*")|(?<word>[A-Za-z_][\w$]*)|(?<symbol>\d[\w.]*|[^])/y;

/** Tokens of ClickHouse's SQL, as many as are asked for: what comes after them need not be SQL. Comments are left out. */
export function* tokensOf(sql: string): Generator<Token, void, undefined> {
  let at = 0;
  let depth = 0;
  while (at < sql.length) {
    SKIPPED.lastIndex = at;
    if (SKIPPED.test(sql)) at = SKIPPED.lastIndex;
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(sql);
    if (match === null) return;
    const text = match[0];
    const end = at + text.length;
    if (text === ')' || text === ']') depth -= 1;
    yield { kind: kindOf(match.groups ?? {}), text, start: at, end, depth };
    if (text === '(' || text === '[') depth += 1;
    at = end;
  }
}

function kindOf(groups: Readonly<Record<string, string | undefined>>): Token['kind'] {
  if (groups['string'] !== undefined) return 'string';
  if (groups['quoted'] !== undefined) return 'quoted';
  return groups['word'] === undefined ? 'symbol' : 'word';
}

/** The word in upper case; empty for what is no word. */
export function keywordOf({ kind, text }: Token): string {
  return kind === 'word' ? text.toUpperCase() : '';
}

/** The name that a word or a quoted identifier stands for. */
export function nameOf({ kind, text }: Token): string {
  if (kind !== 'quoted') return text;
  const quote = text[0] ?? '';
  return text.slice(1, -1).replaceAll(quote + quote, quote);
}
