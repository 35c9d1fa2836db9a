import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Component } from '../../core/component.js';
import type { State } from '../../core/state.js';

/** A place where states can be opened on the same entries. */
export interface StatePlace {
  /** A started state of this name. */
  open(name: string): Promise<State & Component>;
  /** Stops what is still open and removes the entries. */
  dispose(): Promise<void>;
}

const never = new AbortController().signal;

/** The contract of small durable state: run for every implementation. `makePlace` gives an empty place for each test. */
export function describeState(name: string, makePlace: () => Promise<StatePlace>): void {
  describe(`${name} as a State`, () => {
    let place: StatePlace;
    let state: State & Component;

    beforeEach(async () => {
      place = await makePlace();
      state = await place.open('sampler');
    });
    afterEach(async () => {
      await place.dispose();
    });

    it('knows no key at first', () => {
      expect(state.get('a')).toBeUndefined();
      expect([...state.range('')]).toEqual([]);
    });

    it('shows what was put at once, before it is durable', async () => {
      const put = state.put([['a', '1']]);
      expect(state.get('a')).toBe('1');
      expect([...state.range('')]).toEqual([['a', '1']]);
      await put;
      expect(state.get('a')).toBe('1');
    });

    it('keeps what was put, after a restart', async () => {
      await state.put([
        ['a', '{"n":1}'],
        ['ü', 'ж'.repeat(5_000)],
        ['empty', ''],
      ]);
      await state.stop(never);
      const again = await place.open('sampler');
      expect(again.get('a')).toBe('{"n":1}');
      expect(again.get('ü')).toBe('ж'.repeat(5_000));
      expect(again.get('empty')).toBe('');
    });

    it('keeps the last of several puts to a key, whatever is awaited', async () => {
      await Promise.all([state.put([['a', '1']]), state.put([['a', '2']]), state.put([['a', '3']])]);
      expect(state.get('a')).toBe('3');
      await state.stop(never);
      expect((await place.open('sampler')).get('a')).toBe('3');
    });

    it('forgets deleted keys, at once and after a restart', async () => {
      await state.put([
        ['a', '1'],
        ['b', '2'],
      ]);
      const deleted = state.delete(['a', 'never there']);
      expect(state.get('a')).toBeUndefined();
      expect([...state.range('')]).toEqual([['b', '2']]);
      await deleted;
      await state.stop(never);
      const again = await place.open('sampler');
      expect([...again.range('')]).toEqual([['b', '2']]);
    });

    it('lists a prefix in key order, durable and not yet durable entries together', async () => {
      await state.put([
        ['t/3', 'c'],
        ['t/1', 'a'],
        ['s/9', 'x'],
        ['u', 'y'],
      ]);
      const put = state.put([
        ['t/2', 'b'],
        ['t/3', 'C'],
        ['t/4', 'd'],
      ]);
      const expected = [
        ['t/1', 'a'],
        ['t/2', 'b'],
        ['t/3', 'C'],
        ['t/4', 'd'],
      ];
      expect([...state.range('t/')]).toEqual(expected);
      await put;
      expect([...state.range('t/')]).toEqual(expected);
    });

    it('lists more entries than fit in one read', async () => {
      const entries = Array.from(
        { length: 3_000 },
        (_, index) => [`k/${String(index).padStart(5, '0')}`, String(index)] as const,
      );
      await state.put(entries);
      const put = state.put([
        ['k/00000a', 'between'],
        ['k/02999a', 'last'],
      ]);
      const keys = [...state.range('k/')].map(([key]) => key);
      expect(keys).toEqual([...entries.map(([key]) => key), 'k/00000a', 'k/02999a'].sort());
      await put;
    });

    it('can be written while a range is walked', async () => {
      await state.put(Array.from({ length: 600 }, (_, index) => [`k/${String(index).padStart(4, '0')}`, 'v'] as const));
      let seen = 0;
      for (const [key] of state.range('k/')) {
        seen += 1;
        await state.delete([key]);
      }
      expect(seen).toBe(600);
      expect([...state.range('k/')]).toEqual([]);
    });

    it('keeps names apart, also when one begins with the other', async () => {
      const other = await place.open('sampler2');
      await state.put([['a', '1']]);
      await other.put([
        ['a', '2'],
        ['b', '3'],
      ]);
      expect(state.get('a')).toBe('1');
      expect(state.get('b')).toBeUndefined();
      expect([...state.range('')]).toEqual([['a', '1']]);
      expect([...other.range('')]).toEqual([
        ['a', '2'],
        ['b', '3'],
      ]);
    });

    it('shows another instance of the same name what is durable', async () => {
      const other = await place.open('sampler');
      await state.put([['a', '1']]);
      expect(other.get('a')).toBe('1');
    });

    it('refuses work after it stopped, and stops twice without harm', async () => {
      await state.stop(never);
      await state.stop(never);
      expect(() => state.get('a')).toThrow(expect.objectContaining({ code: 'BUS_CLOSED' }) as Error);
      await expect(state.put([['a', '1']])).rejects.toMatchObject({ code: 'BUS_CLOSED' });
    });
  });
}
