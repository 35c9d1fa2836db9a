import { describe, expect, it } from 'vitest';
import { untilWritten } from './until-written.js';

/** A bus that takes `arrivals` spans between two looks, and a store that has written up to `written(look)` of them. */
function scene({ arrivals, written }: { arrivals: number; written: (look: number) => number }) {
  let look = 1;
  let nowMs = 0;
  const end = () => 90 + look * arrivals;
  const log = { endOffsets: async () => new Map([[0, end()]]), lag: async () => end() - written(look) };
  const clock = {
    nowMs: () => nowMs,
    async sleep(ms: number) {
      nowMs += ms;
      look += 1;
    },
  };
  return { deps: { log, clock }, looks: () => look, tookMs: () => nowMs };
}

describe('waiting for the store', () => {
  it('takes no time when every span is written', async () => {
    const { deps, tookMs } = scene({ arrivals: 0, written: () => 90 });
    await untilWritten(deps, 3_000);
    expect(tookMs()).toBe(0);
  });

  it('ends when what was there at the call is written, however much comes after it', async () => {
    const { deps, looks } = scene({ arrivals: 10, written: (look) => (look < 5 ? 90 : 100) });
    await untilWritten(deps, 3_000);
    expect(looks()).toBe(5);
  });

  it('ends when the time is up', async () => {
    const { deps, tookMs } = scene({ arrivals: 0, written: () => 0 });
    await untilWritten(deps, 3_000);
    expect(tookMs()).toBe(3_000);
  });
});
