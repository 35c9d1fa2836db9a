import { setMaxListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../core/clock.js';
import { createProviderGate, type Ticket } from './provider-gate.js';

/** Time that moves only when told to. */
function createManualClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    nowMs: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = { at: now + ms, wake: resolve };
        if (signal?.aborted === true) resolve();
        else sleepers.add(sleeper);
        signal?.addEventListener('abort', () => {
          sleepers.delete(sleeper);
          resolve();
        });
      }),
    async advance(ms) {
      now += ms;
      for (const sleeper of [...sleepers].filter(({ at }) => at <= now)) {
        sleepers.delete(sleeper);
        sleeper.wake();
      }
      await settle();
    },
  };
}

const OPTIONS = { concurrency: 4, backoffMs: 1000, maxBackoffMs: 30_000 };
const never = new AbortController().signal;
setMaxListeners(0, never);

function setup() {
  const clock = createManualClock();
  const gate = createProviderGate(OPTIONS, { clock, random: () => 0.999999 });
  const inside: Ticket[] = [];
  const queue = (callers: number, deadlineMs = 1e9) => {
    for (let index = 0; index < callers; index += 1) {
      void gate.enter(deadlineMs, never).then((ticket) => ticket && inside.push(ticket));
    }
    return clock.advance(0);
  };
  const leave = async (result: Parameters<Ticket['leave']>[0], retryAfterMs?: number) => {
    inside.shift()?.leave(result, { reason: 'HTTP 500', ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
    await clock.advance(0);
  };
  return { clock, gate, inside, queue, leave };
}

describe('createProviderGate', () => {
  it('lets as many in as its concurrency, and the next when one leaves', async () => {
    const { inside, queue, leave } = setup();
    await queue(6);
    expect(inside).toHaveLength(4);
    await leave('ok');
    expect(inside).toHaveLength(4);
    await leave('other');
    expect(inside).toHaveLength(4);
  });

  it('tells whoever got no place how the provider failed, until it answers', async () => {
    const { clock, gate, queue, leave } = setup();
    await queue(1);
    await leave('failing');
    expect(await gate.enter(0, never)).toBeUndefined();
    expect(gate.lastTrouble()).toBe('HTTP 500');
    await queue(1);
    await clock.advance(1_000);
    await leave('ok');
    expect(gate.lastTrouble()).toBeUndefined();
  });

  it('pauses for all after a failure, then doubles the pause and lets one at a time try', async () => {
    const { clock, inside, queue, leave } = setup();
    await queue(10);
    for (let index = 0; index < 4; index += 1) await leave('failing');
    expect(inside).toHaveLength(0);
    await clock.advance(1000);
    expect(inside).toHaveLength(2);
    await leave('failing');
    await leave('failing');
    await clock.advance(1999);
    expect(inside).toHaveLength(0);
    await clock.advance(1);
    expect(inside).toHaveLength(1);
  });

  it('waits as long as the provider asks', async () => {
    const { clock, inside, queue, leave } = setup();
    await queue(5);
    await leave('failing', 60_000);
    for (let index = 0; index < 3; index += 1) await leave('failing');
    await clock.advance(59_999);
    expect(inside).toHaveLength(0);
    await clock.advance(1);
    expect(inside).toHaveLength(1);
  });

  it('opens step by step once calls succeed again', async () => {
    const { clock, inside, queue, leave } = setup();
    await queue(20);
    for (let index = 0; index < 4; index += 1) await leave('failing');
    await clock.advance(1000);
    expect(inside).toHaveLength(2);
    await leave('ok');
    expect(inside).toHaveLength(3);
    await leave('ok');
    expect(inside).toHaveLength(4);
  });

  it('finds a dead provider with one call a pause, not one a caller', async () => {
    const { clock, inside, queue, leave } = setup();
    await queue(100);
    let calls = 0;
    for (let second = 0; second < 600; second += 1) {
      while (inside.length > 0) {
        calls += 1;
        await leave('failing');
      }
      await clock.advance(1000);
    }
    // 4 at first, 2 after the first pause, then pauses of 2, 4, 8, 16 and 30 s for the rest of ten minutes.
    expect(calls).toBeLessThanOrEqual(4 + 2 + 4 + Math.ceil(600 / 30) + 1);
    expect(calls).toBeGreaterThan(10);
  });

  it('gives up at the caller’s deadline', async () => {
    const { clock, gate, queue } = setup();
    await queue(4);
    const late = gate.enter(5000, never);
    await clock.advance(5000);
    expect(await late).toBeUndefined();
  });

  it('lets nobody wait who is told to stop', async () => {
    const { gate, queue } = setup();
    await queue(4);
    const stop = new AbortController();
    const waiting = gate.enter(1e9, stop.signal);
    stop.abort(new Error('stopping'));
    await expect(waiting).rejects.toThrow('stopping');
  });
});
