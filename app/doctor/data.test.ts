import { expect, it } from 'vitest';
import type { BusState, DeadLetter, GroupState } from '../../bus/index.js';
import { assayConfig } from '../config.js';
import { checkBus, checkStore } from './data.js';

const NOW = Date.UTC(2026, 5, 1, 12);
const config = assayConfig.parse({ bus: { capacityBytes: 2 ** 30 } });
const empty: BusState = { sizeBytes: 0, newestAcceptedAtMs: null, groups: [], deadLetters: [] };

function statuses(state: Partial<BusState>): readonly (readonly [status: string, message: string])[] {
  return checkBus({ value: { ...empty, ...state } }, config, NOW).map(({ status, message }) => [status, message]);
}

function group(lag: number, ageMs: number): GroupState {
  return { topic: 'spans', group: 'write', lag, oldestAcceptedAtMs: lag === 0 ? null : NOW - ageMs };
}

it('has nothing to say against a bus that is not there yet, or empty', () => {
  expect(checkBus({ value: undefined }, config, NOW).map(({ status }) => status)).toEqual(['ok']);
  expect(statuses({})).toEqual([
    ['ok', '0 MiB of 1.0 GiB'],
    ['ok', 'none has read yet'],
    ['ok', 'none was found spoilt'],
  ]);
});

it('warns of a bus that is nearly at its capacity', () => {
  expect(statuses({ sizeBytes: 0.9 * 2 ** 30 })[0]).toEqual([
    'warn',
    expect.stringContaining('922 MiB of 1.0 GiB') as string,
  ]);
});

it('tells who is behind, and warns when it is for long', () => {
  expect(statuses({ groups: [group(0, 0)] })[1]).toEqual(['ok', 'all have read everything']);
  expect(statuses({ groups: [group(0, 0), group(7, 3_000)] })[1]).toEqual([
    'ok',
    'write has 7 of spans to read, the oldest for 3 s',
  ]);
  expect(statuses({ groups: [group(7, 3_600_000)] })[1]).toEqual([
    'warn',
    expect.stringContaining('the oldest for 3600 s; start Assay with its role') as string,
  ]);
});

it('counts the records that were set aside, and names the newest', () => {
  const letter = (firstOffset: number, endOffset: number): DeadLetter => ({
    ...{ topic: 'spans', partition: 0, firstOffset, endOffset, reason: 'record', bytes: 9 },
    ...{ acceptedAtMs: 0, foundAtMs: NOW, sha256: 'ab'.repeat(32) },
  });
  const [status, message] = statuses({ deadLetters: [letter(1, 2), letter(5, 9), letter(20, 21), letter(30, 31)] })[2]!;
  expect(status).toBe('warn');
  expect(message).toMatch(/^7 had other bytes/);
  expect(message).toContain('spans 5-8 (found 2026-06-01T12:00:00.000Z, SHA-256 abababababab…); spans 20 (');
  expect(message).not.toContain('spans 1 (');
});

it('says why the bus or the store does not open', () => {
  expect(checkBus({ problem: 'expected a' }, config, NOW)).toEqual([
    { name: 'bus', status: 'fail', message: 'expected a' },
  ]);
  expect(checkStore({ problem: 'expected b' })).toMatchObject({ status: 'fail', message: 'expected b' });
});

it('warns of a store that a newer Assay has had', () => {
  expect(checkStore({ value: { version: 5, knownVersion: 5 } })).toMatchObject({ status: 'ok' });
  expect(checkStore({ value: { version: 6, knownVersion: 5 } })).toMatchObject({ status: 'warn' });
});
