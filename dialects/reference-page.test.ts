import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CAPTURES, readJoinedTraces } from '../test/fixtures/captures/load.js';
import { counted, naiveSum, readings, referencePage } from '../test/fixtures/captures/reference-page.js';
import { TRUTH } from '../test/fixtures/captures/truth.js';

const PAGE = new URL('../docs/reference/dialects.md', import.meta.url);

it('docs/reference/dialects.md says what the captures say; UPDATE_DOCS=1 writes it', () => {
  const page = referencePage();
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
});

describe.each(CAPTURES)('%s', (capture) => {
  const { tokens, miscounted, notSent, notRead = {}, notRun } = TRUTH[capture];

  it('is counted as billed, except by what the emitter itself sent wrong or not at all', () => {
    const sent = miscounted === undefined ? tokens : { input: miscounted.input, output: miscounted.output };
    expect(counted(capture)).toEqual(sent);
    if (miscounted !== undefined) expect(sent).not.toEqual(tokens);
  });

  it('has every field read that its emitter sent, but for those it names, and none that it is said not to have sent', () => {
    const cells = [...readings(capture)];
    expect(cells.filter(([, cell]) => cell === 'not read').map(([field]) => field)).toEqual(Object.keys(notRead));
    expect(cells.filter(([field, cell]) => cell === 'read' && [...notSent, ...notRun].includes(field))).toEqual([]);
  });
});

it('the naive sum doubles the counts of emitters that repeat them, which Assay does not', () => {
  expect(naiveSum('strands')).toEqual({ input: 340, output: 58 });
  expect(naiveSum('vercel-ai-v7-retry')).toEqual({ input: 340, output: 58 });
  expect(naiveSum('openinference-vercel')).toEqual({ input: 282, output: 41 });
});

/** Texts of the scenario that would be in the bytes if what they stand for had been sent. */
const LITERALS = {
  session: 'sess-42',
  user: 'user-7',
  failure: 'FAIL_PLEASE',
  'declared tools': 'Get current weather',
  'their ids': '_fake_',
};

it('a session, user, failure, tool or id said not to have been sent is in none of the bytes', () => {
  for (const capture of CAPTURES)
    for (const [field, literal] of Object.entries(LITERALS))
      if ((TRUTH[capture].notSent as readonly string[]).includes(field))
        expect(dump(capture), `${capture} ${field}`).not.toContain(literal);
});

function dump(capture: (typeof CAPTURES)[number]): string {
  const spans = readJoinedTraces(capture).flat();
  const values = spans.flatMap((span) => [
    span.statusMessage,
    ...[span, ...span.events].flatMap((of) => [...of.attributes.values()]),
  ]);
  return JSON.stringify(values, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}
