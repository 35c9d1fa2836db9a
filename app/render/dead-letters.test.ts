import { expect, it } from 'vitest';
import type { DeadLetter } from '../dead-letters/api.js';
import { renderBytes, renderLetter, renderLetters, renderReplayed } from './dead-letters.js';
import { paintFor } from './format.js';

const paint = paintFor({}, {});

const letter: DeadLetter = {
  ...{ id: 'judgements/3/1207', topic: 'judgements', partition: 3, offset: 1207, key: 'a'.repeat(32), tenant: 'acme' },
  replaysTo: 'judgements',
  ...{ acceptedAt: '2026-11-21T10:00:00.000Z', givenUpAt: '2026-11-21T10:00:01.000Z', role: 'judge' },
  ...{ code: 'RECORD_MALFORMED', reason: 'expected JSON\u001b[2J', bytes: 9, sha256: 'f00d' },
  ...{ hasBytes: true, replayedAt: null, headers: { 'assay.tenant': 'acme' } },
  base64: Buffer.from('{"a": 1,\n').toString('base64'),
};

it('has a line a record, and says how many there are', () => {
  const rows = [
    letter,
    { ...letter, id: 'spans/0/1', replayedAt: '2026-11-21T11:00:00.000Z' },
    { ...letter, id: 'source:otlp_spans/0/1', replaysTo: null },
  ];
  const text = renderLetters({ letters: rows, total: 4, replayed: 1, unreadable: 0 }, paint);
  expect(text.split('\n')).toHaveLength(5);
  expect(text).toMatch(/source:otlp_spans\/0\/1 .* kept /);
  expect(text).toMatch(/judgements\/3\/1207 +2026-11-21 10:00:01 +judge +RECORD_MALFORMED +9 +waits +expected JSON/);
  expect(text).toMatch(/spans\/0\/1 .* replayed /);
  expect(text).toContain('4 dead letters, the last 3 of them above; 1 replayed');
  expect(renderLetters({ letters: [], total: 0, replayed: 0, unreadable: 2 }, paint)).toBe(
    'No dead letters.\n2 records of the topic are no dead letters of Assay’s.',
  );
});

it('tells of one all that is known, its text, and nothing that a terminal would obey', () => {
  const text = renderLetter(letter, paint);
  for (const part of ['key', 'tenant    acme', '2026-11-21T10:00:01.000Z by judge', 'SHA-256   f00d', '{"a": 1,'])
    expect(text).toContain(part);
  expect(text).not.toContain('\u001b');
  expect(renderLetter({ ...letter, base64: null }, paint)).toContain('Raise max.message.bytes');
});

it('dumps what is no text, and says how much it leaves out', () => {
  expect(renderBytes(Buffer.from([0xff, 0x00, 0x41]))).toBe(
    `00000000  ff 00 41${' '.repeat(15)}  ${' '.repeat(23)}  |..A|`,
  );
  expect(renderBytes(Buffer.alloc(600, 0xff))).toMatch(/\n… 88 more; --raw writes all$/);
  expect(renderBytes(Buffer.from('é'.repeat(4_001)))).toMatch(/é\n… 1 more; --raw writes all$/);
});

it('says where replayed records went', () => {
  const replayed = ['spans/0/1', 'judgements/3/7', 'unsent:spans/0/9'];
  expect(renderReplayed({ replayed, withoutBytes: [], ofSource: [] })).toBe('Replayed 2 to spans, 1 to judgements.');
  expect(renderReplayed({ replayed: [], withoutBytes: ['spans/0/2'], ofSource: ['source:otlp_spans/0/1'] })).toBe(
    'Nothing was replayed; of 1 more the bytes are not there; 1 of bus.source cannot be.',
  );
});
