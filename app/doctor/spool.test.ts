import { expect, it } from 'vitest';
import { assayConfig } from '../config.js';
import { checkLetters } from './letters.js';
import { checkSpool } from './spool.js';

const GIB = 2 ** 30;
const NOW = Date.UTC(2026, 5, 1, 12);
const kafka = assayConfig.parse({
  bus: { kafka: { brokers: ['kafka:9092'] } },
  sampler: { salt: 'salty-enough-salt' },
});
const embedded = assayConfig.parse({});
const up = { kind: 'up', pid: 7 } as const;

function spool(records: number, bytes: number, problem: string | null = null): Parameters<typeof checkSpool>[0] {
  return { value: { records, bytes, problem } };
}

it('says how much waits in the spool, how much more may, and why it waits', () => {
  expect(checkSpool({ value: undefined }, kafka, up)).toEqual([]);
  expect(checkSpool(spool(0, 0), embedded, up)).toEqual([]);
  expect(checkSpool(spool(0, 0), kafka, up)).toEqual([
    { name: 'spool', status: 'ok', message: 'nothing waits for Kafka, room for 1.0 GiB' },
  ]);
  expect(checkSpool(spool(12, GIB / 2, 'no broker answers'), kafka, up)).toEqual([
    {
      ...{ name: 'spool', status: 'warn' },
      message: '12 records wait for Kafka, room for 512 MiB of 1.0 GiB (no broker answers)',
    },
  ]);
});

it('warns of a spool that is nearly full, and of one that nobody sends', () => {
  const message = (...of: Parameters<typeof checkSpool>): string => {
    const [check] = checkSpool(...of);
    expect(check?.status).toBe('warn');
    return check!.message;
  };
  expect(message(spool(12, 0.9 * GIB), kafka, up)).toMatch(/room for 102 MiB of 1\.0 GiB: .*answered 503/);
  expect(message(spool(12, 5), kafka, undefined)).toMatch(/no Assay runs here; assay run --role receive/);
  expect(message(spool(12, 5), embedded, up)).toMatch(/these settings do not send them; assay run --role receive/);
  expect(checkSpool({ problem: 'expected a' }, kafka, up)).toMatchObject([{ status: 'fail', message: 'expected a' }]);
});

it('counts the dead letters of the last day, and warns of those that were not replayed', () => {
  const letter = (hours: number, replayedAt: string | null): object => ({
    givenUpAt: new Date(NOW - hours * 3_600_000).toISOString(),
    replayedAt,
  });
  const list = (...letters: readonly object[]): Parameters<typeof checkLetters>[0] =>
    ({ value: { letters, total: letters.length, replayed: 0, unreadable: 0 } }) as never;
  expect(checkLetters({ value: undefined }, NOW)).toEqual([]);
  expect(checkLetters(list(), NOW)).toMatchObject([{ status: 'ok', message: 'none' }]);
  expect(checkLetters(list(letter(30, null)), NOW)).toMatchObject([
    { status: 'ok', message: '0 in the last 24 hours, 0 of them replayed; 1 in all' },
  ]);
  expect(checkLetters(list(letter(1, null), letter(2, 'then'), letter(30, null)), NOW)).toMatchObject([
    {
      status: 'warn',
      message: '2 in the last 24 hours, 1 of them replayed; 3 in all; assay dead-letters list says why',
    },
  ]);
  expect(checkLetters({ problem: 'expected b' }, NOW)).toMatchObject([{ status: 'warn' }]);
});
