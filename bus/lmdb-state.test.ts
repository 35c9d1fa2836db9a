import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
