import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attributes, AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import type { Trajectory } from '../core/trajectory.js';
import { CAPTURES, mapAttributes, readJoinedTraces } from '../test/fixtures/captures/load.js';
import { without } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

/** A run's own names: what each text is called now, and by how much counts and times are moved. */
interface Renaming {
  readonly text: (text: string) => string;
  readonly id: (id: string) => string;
  readonly factor: number;
  readonly shiftNs: bigint;
}

describe.each(CAPTURES)('%s', (capture) => {
  it('is read alike under other names, texts, ids, counts and times: no literal of it is known', () => {
    for (const trace of readJoinedTraces(capture)) {
      const original = readTrajectory(trace, { tenant: 'acme' });
      const words = wordsOf(original, trace);
      const property = fc.property(renamings(words), (renaming) => {
        const renamed = readTrajectory(
          trace.map((span) => renameSpan(span, renaming)),
          { tenant: renaming.text('acme') },
        );
        expect(renamed).toEqual(renameTrajectory(original, renaming));
        // Else the trajectory would be compared with itself.
        const shown = JSON.stringify({ ...renamed, steps: renamed.steps.map((step) => ({ ...step, startNs: '' })) });
        for (const word of words) if (word.length > 6) expect(shown).not.toContain(word);
      });
      fc.assert(property, { numRuns: 25 });
    }
  });
});

function renamings(words: readonly string[]): fc.Arbitrary<Renaming> {
  const size = words.length;
  // Letters of three scripts, spaces and quotes that JSON does not escape; never a character that ends a JSON string.
  const word = fc.string({
    unit: fc.constantFrom('a', 'b', 'K', 'Q', '0', '7', ' ', 'é', 'ß', '東', '\u{1f327}', "'"),
    minLength: 1,
    maxLength: 12,
  });
  return fc
    .tuple(
      fc.array(word, { minLength: size, maxLength: size }),
      fc.nat(),
      fc.integer({ min: 2, max: 900 }),
      fc.nat(10 ** 9),
    )
    .map(([names, salt, factor, shift]) => ({
      text: replacer(words, names),
      id: (id) => id.replace(/./g, (digit, i: number) => hexDigit(digit, salt + i)),
      factor,
      shiftNs: BigInt(shift) * 1_000_000n,
    }));
}

/** Replaces each word wherever it stands. Sorted keys must stay sorted alike, so the words' order is kept. */
function replacer(words: readonly string[], names: readonly string[]): (text: string) => string {
  const sorted = [...words].sort();
  const width = String(sorted.length).length;
  const to = new Map(
    sorted.map((word, i) => [word, rename(word, `x${String(i).padStart(width, '0')}${names[i] ?? ''}z`, i)]),
  );
  const longestFirst = [...words].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(longestFirst.map(matching).join('|'), 'gu');
  return (text) => text.replace(pattern, (word) => to.get(word) ?? word);
}

/** Numbers stay numbers, so that JSON stays JSON. */
function rename(word: string, name: string, i: number): string {
  return isNumber(word) ? String(7_000_000 + i) : name;
}

function matching(word: string): string {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return isNumber(word) ? `(?<![\\w.-])${escaped}(?![\\w.-])` : escaped;
}

function isNumber(word: string): boolean {
  return /^\d+$/.test(word);
}

function hexDigit(digit: string, salt: number): string {
  return ((parseInt(digit, 16) + salt) % 16).toString(16);
}

/** Every text, name, key and number that the trajectory shows, and the ids that only its spans hold. */
function wordsOf(trajectory: Trajectory, trace: readonly Span[]): readonly string[] {
  const words = new Set<string>(['acme']);
  const { steps, tools } = trajectory;
  collect(
    without(trajectory, 'steps', 'tools', 'dialects', 'tokens', 'traceId', 'finishReason', 'contentSwitch'),
    words,
  );
  for (const step of steps) {
    const shown = without(step, 'spanId', 'parentSpanId', 'kind', 'finishReason', 'tokens', 'durationMs', 'startNs');
    collect(shown, words, ['toolCalls', 'arguments', 'result', 'error', 'name', 'model', 'id']);
  }
  for (const tool of tools) {
    collect(tool.name, words);
    collect(tool.description, words);
    const schema = tool.parameters as { properties?: object } | undefined;
    for (const property of Object.keys(schema?.properties ?? {})) words.add(property);
  }
  for (const span of trace) collect(span.attributes.get('gen_ai.response.id'), words);
  // A single letter stands inside everything.
  return [...words].filter((word) => word.length > 1 || isNumber(word));
}

function collect(value: unknown, words: Set<string>, ownKeys = keysOf(value)): void {
  if (typeof value === 'number') words.add(String(value));
  if (typeof value === 'string') collectText(value, words);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    if (!ownKeys.includes(key)) words.add(key);
    if (key !== 'durationMs' && key !== 'spanCount') collect(item, words, ['id', 'name', 'arguments']);
  }
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}

function collectText(text: string, words: Set<string>): void {
  if (!/^[{[]/.test(text)) {
    words.add(text);
    return;
  }
  collect(JSON.parse(text), words, []);
}

function renameSpan(span: Span, renaming: Renaming): Span {
  const mapped = mapAttributes(span, (attributes) => renameAttributes(attributes, renaming));
  return {
    ...mapped,
    traceId: renaming.id(span.traceId),
    spanId: renaming.id(span.spanId),
    parentSpanId: renaming.id(span.parentSpanId),
    name: renaming.text(span.name),
    statusMessage: renaming.text(span.statusMessage),
    startNs: span.startNs + renaming.shiftNs,
    endNs: span.endNs + renaming.shiftNs,
  };
}

function renameAttributes(attributes: Attributes, renaming: Renaming): Attributes {
  const entries = [...attributes].map(([key, value]): [string, AttributeValue] => {
    const isCount = typeof value === 'number' && /token/.test(key);
    if (isCount) return [key, value * renaming.factor];
    if (typeof value === 'string' && /usage|providerMetadata/i.test(key) && value.startsWith('{'))
      return [key, JSON.stringify(renameCounts(JSON.parse(value), renaming, false))];
    const shown = typeof value === 'string' ? inLetters(value) : value;
    return [key, renameValue(shown, renaming.text) as AttributeValue];
  });
  return new Map(entries.reverse());
}

/** Python's JSON writes letters that are not ASCII as escapes, in which no text would be found. */
function inLetters(json: string): string {
  return json.replace(/\\u([0-9a-f]{4})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 16)));
}

/** Counts that an emitter sends inside JSON, which may hold other numbers beside them. */
function renameCounts(value: unknown, renaming: Renaming, areCounts: boolean): unknown {
  if (typeof value === 'number') return areCounts ? value * renaming.factor : value;
  if (typeof value !== 'object' || value === null) return renameValue(value, renaming.text);
  if (Array.isArray(value)) return value.map((item) => renameCounts(item, renaming, areCounts));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      renameCounts(item, renaming, areCounts || /token|usage|^(in|out)put|^total/i.test(key)),
    ]),
  );
}

function renameTrajectory(trajectory: Trajectory, renaming: Renaming): unknown {
  const { dialects, contentSwitch, tokens, finishReason, steps, traceId, ...run } = trajectory;
  const counted = (count: Trajectory['tokens']) =>
    count === undefined
      ? {}
      : { tokens: { input: count.input * renaming.factor, output: count.output * renaming.factor } };
  return {
    ...(renameValue(run, renaming.text) as object),
    dialects,
    ...counted(tokens),
    ...(contentSwitch === undefined ? {} : { contentSwitch }),
    ...(finishReason === undefined ? {} : { finishReason }),
    traceId: renaming.id(traceId),
    steps: steps.map(({ kind, spanId, parentSpanId, tokens: spent, finishReason: reason, startNs, ...step }) => ({
      ...(renameValue(step, renaming.text) as object),
      kind,
      spanId: renaming.id(spanId),
      parentSpanId: renaming.id(parentSpanId),
      ...counted(spent),
      ...(reason === undefined ? {} : { finishReason: reason }),
      startNs: startNs + renaming.shiftNs,
    })),
  };
}

/** Texts renamed at any depth; of objects that tools declare or are given, the keys too. */
function renameValue(value: unknown, text: (text: string) => string): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => renameValue(item, text));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [renameKey(key, text), renameValue(item, text)]),
  );
}

const OWN_KEYS = new Set([
  'input',
  'output',
  'model',
  'provider',
  'name',
  'result',
  'error',
  'arguments',
  'id',
  'type',
]);

function renameKey(key: string, text: (text: string) => string): string {
  return OWN_KEYS.has(key) ? key : text(key);
}
