import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredRecord } from '../core/log.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import type { Case } from './otlp-answers/cases.js';
import { EXPECTED } from './otlp-answers/expected.js';
import { answersPage, type AnsweredCase, type Outcome } from './otlp-answers/page.js';
import { BYTES_ROWS } from './otlp-answers/rows-bytes.js';
import { TRANSPORT_ROWS } from './otlp-answers/rows-transport.js';
import { VALUES_ROWS } from './otlp-answers/rows-values.js';
import { createWorld, type World } from './otlp-answers/world.js';

const PAGE = new URL('../docs/reference/otlp-answers.md', import.meta.url);
const ROWS = [...TRANSPORT_ROWS, ...BYTES_ROWS, ...VALUES_ROWS];

const answered = new Map<Case, Outcome>();
let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.stop());

it('the table has forty rows', () => {
  expect(ROWS.map((row) => row.number)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
});

describe.each(ROWS)('row $number: $input', ({ number, cases }) => {
  it.each(cases.map((one) => ({ ...one, one })))('$via: $of', async ({ one }) => {
    const seen = await one.act(world);
    const records = await world.landed();
    const look = one.look?.(records.flatMap((record) => decodeSpans(record.value)));
    const outcome = { ...seen, bus: onBus(records), ...(look === undefined ? {} : { saw: shown(look) }) };
    answered.set(one, outcome);
    expect(outcome.status).toBe(one.status);
    expect(outcome).toEqual(EXPECTED[`${number} ${one.via}: ${one.of}`]);
    if (!/^(200|OK)$/.test(one.status)) expect(records).toEqual([]);
  });
});

it('docs/reference/otlp-answers.md says what was answered; UPDATE_DOCS=1 writes it', () => {
  const page = answersPage(
    ROWS.map((row) => ({
      ...row,
      cases: row.cases.map((one): AnsweredCase => ({
        ...one,
        outcome: answered.get(one) ?? { status: '', body: '', bus: '' },
      })),
    })),
  );
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(PAGE, page);
  expect(readFileSync(PAGE, 'utf8')).toBe(page);
});

/** Such as `2 spans of 1 trace`. */
function onBus(records: readonly StoredRecord[]): string {
  if (records.length === 0) return 'nothing';
  const texts = (['spans', 'logs'] as const).flatMap((topic) => {
    const of = records.filter((record) => record.topic === topic);
    const tenants = [...new Set(of.map((record) => record.headers['assay.tenant'] ?? ''))].filter(
      (name) => name !== 'default',
    );
    const traces = new Set(of.map((record) => record.key)).size;
    const decode: (bytes: Uint8Array) => readonly object[] = topic === 'spans' ? decodeSpans : decodeLogEvents;
    const items = of.flatMap((record) => decode(record.value));
    const counted = `${plural(items.length, topic === 'spans' ? 'span' : 'log record')} of ${plural(traces, 'trace')}`;
    return of.length === 0 ? [] : [`${counted}${tenants.map((name) => ` of tenant ${name}`).join('')}`];
  });
  return texts.join(', ');
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function shown(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'bigint' || (typeof inner === 'number' && !Number.isFinite(inner)) ? String(inner) : inner,
  );
}
