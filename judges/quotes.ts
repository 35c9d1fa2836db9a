import type { Evidence } from '../core/evidence.js';
import { sanitise } from './sanitise.js';

/** What a quote is checked against. Made once for each evaluation. */
export interface QuoteCheck {
  /** The first quote that does not hold, with why; undefined when all hold. */
  firstUnsupported(quotes: readonly string[]): string | undefined;
}

export interface QuoteRules {
  readonly requiredQuotes: number;
  readonly quoteMinLength: number;
}

/**
 * Checks that quotes come from the evidence: verbatim but for white space and JSON escapes, long enough or a whole field
 * value, and not from the rubric. Section titles are ours and count for nothing.
 */
export function createQuoteCheck(evidence: Evidence, rubric: string, rules: QuoteRules): QuoteCheck {
  const shown = evidence.sections.map(({ text }) => sanitise(text));
  const haystacks = [...shown, ...evidence.sections.map(({ text }) => text)].map(plain);
  const ofRubric = plain(rubric);
  let fields: ReadonlySet<string> | undefined;
  const reject = (quote: string): string | undefined => {
    const wanted = plain(quote);
    const said = JSON.stringify(quote.slice(0, 80));
    if (wanted === '') return 'expected a quote of the evidence, got an empty one';
    if (wanted.length < rules.quoteMinLength) {
      fields ??= new Set(shown.flatMap(fieldValues));
      return fields.has(wanted)
        ? undefined
        : `expected a quote of ${rules.quoteMinLength} characters or a whole field value, got ${said}`;
    }
    if (!haystacks.some((text) => text.includes(wanted)))
      return `expected a quote of the evidence, ${said} is not in it`;
    if (ofRubric.includes(wanted)) return `expected a quote of the evidence, ${said} is a line of the rubric`;
    return undefined;
  };
  return {
    firstUnsupported(quotes) {
      if (quotes.length < rules.requiredQuotes)
        return `expected at least ${rules.requiredQuotes} quotes, got ${quotes.length}`;
      for (const quote of quotes) {
        const why = reject(quote);
        if (why !== undefined) return why;
      }
      return undefined;
    },
  };
}

/** Rounds of unescaping: arguments are often JSON inside JSON inside our own JSON. */
const ROUNDS = 4;

/** The same text whatever its JSON escaping, white space and outer quotation marks. */
function plain(text: string): string {
  let now = text;
  for (let round = 0; round < ROUNDS; round += 1) {
    const next = now.replace(/\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g, (_, hex?: string, single?: string) =>
      hex === undefined ? unescapeSingle(single ?? '') : String.fromCharCode(parseInt(hex, 16)),
    );
    if (next === now) break;
    now = next;
  }
  return now.normalize('NFC').replace(/\s+/g, ' ').trim();
}

function unescapeSingle(letter: string): string {
  return 'bfnrt'.includes(letter) ? ' ' : letter;
}

/** Every whole value: the section, its lines, what follows a label, and the scalars of JSON, complete or cut. */
function fieldValues(text: string): readonly string[] {
  const values = [text];
  for (const line of text.split('\n')) {
    values.push(line, line.replace(/^[a-z ]{1,20}: /, ''));
    values.push(...scalars(line));
  }
  return values.map(plain).filter((value) => value !== '');
}

/**
 * The strings and other scalars of JSON in a line, keys left out. Reads each character a few times at most: a pattern that
 * looked for the end of a string from each quotation mark took minutes over a hostile line.
 */
function scalars(line: string): readonly string[] {
  const found: string[] = [];
  const start = /"|-?[\w.]+/g;
  let closes = true;
  for (let match = start.exec(line); match !== null; match = start.exec(line)) {
    const [text] = match;
    if (text !== '"') {
      if (SCALAR.test(text) && !isKey(line, start.lastIndex)) found.push(text);
      continue;
    }
    // Where one string does not end, none that begins after it does.
    const end: number = closes ? closingQuote(line, start.lastIndex) : -1;
    closes = end >= 0;
    if (!closes) continue;
    const before = line.slice(match.index + 1, end);
    if (isKey(line, end + 1)) start.lastIndex = end + 1;
    // It ends where a word begins: the line was cut inside a string, and this is the beginning of the next.
    else if (/[\w.]/.test(line.charAt(end + 1))) start.lastIndex = end;
    else {
      found.push(`"${before}"`, before);
      start.lastIndex = end + 1;
    }
  }
  return found;
}

const SCALAR = /^(?:-?\d+(?:\.\d+)?|true|false|null)$/;

function isKey(line: string, end: number): boolean {
  const colon = /\s*:/y;
  colon.lastIndex = end;
  return colon.test(line);
}

/** @returns -1 when the string does not end */
function closingQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === '\\') at += 1;
    else if (line[at] === '"') return at;
  }
  return -1;
}
