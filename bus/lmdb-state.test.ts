import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import { describeState } from '../test/contracts/state.js';
import { createLmdbState } from './index.js';

const never = new AbortController().signal;

describeState('the lmdb state', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'assay-state-'));
  const states: Component[] = [];
  return {
    async open(name) {
      const state = createLmdbState({ directory, name });
      states.push(state);
      await state.start(never);
      return state;
    },
    async dispose() {
      for (const state of states) await state.stop(never);
      await rm(directory, { recursive: true });
    },
  };
});

describe('the lmdb state on its disk', () => {
  it('has nothing of what was deleted in its file after a scrub, and all the rest', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'assay-state-'));
    const state = createLmdbState({ directory, name: 's' });
    await state.start(never);
    const text = (name: string, at: number): string => `${name}-text-${at} `.repeat(at % 5 === 0 ? 2_000 : 3);
    for (let at = 0; at < 50; at += 1) {
      await state.put([
        [`gone/${at}`, text('gone', at)],
        [`kept/${at}`, text('kept', at)],
      ]);
    }
    await state.delete(Array.from({ length: 50 }, (_, at) => `gone/${at}`));
    const holds = async (part: string): Promise<boolean> =>
      (await readFile(join(directory, 'state.mdb'))).includes(part);
    expect(await holds('gone-text')).toBe(true);
    await state.scrub(systemClock);
    expect(await holds('gone-text')).toBe(false);
    expect([...state.range('')].map(([key]) => key)).toHaveLength(50);
    expect(state.get('kept/7')).toBe(text('kept', 7));
    await state.stop(never);
    await rm(directory, { recursive: true });
  });
});
