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
    for (const [token, value] of line.matchAll(
      /("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null)(?!\s*:)(?![\w.])/g,
    )) {
      values.push(token, (value ?? '').replace(/^"|"$/g, ''));
    }
  }
  return values.map(plain).filter((value) => value !== '');
}
