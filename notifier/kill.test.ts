import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLmdbState } from '../bus/index.js';
import type { AlarmState } from '../core/alarm.js';
import type { Fetch } from '../core/post.js';
import type { State } from '../core/state.js';
import { runProcess } from '../test/children/run.js';
import { transpile } from '../test/children/transpile.js';
import { createPagerdutyReceiver, type PagerdutyReceiver } from '../test/helpers/pagerduty-receiver.js';
import type { Notifier } from './index.js';
import { startReceiver } from './receivers.test-support.js';
import { makeTransition, memoryState, MINUTE_MS, NEVER, simulatedClock, startWorld } from './world.test-support.js';

const CHANNELS = {
  pager: {
    kind: 'pagerduty',
    routingKey: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
    url: 'http://pagerduty.test',
    reassertHours: 0,
  },
};
const NEVER_SETTLES = new Promise<never>(() => undefined);

/** Ends the work of a notifier at one of its steps; what it does after that has no effect, as after kill -9. */
function killer(killAt: number) {
  let steps = 0;
  let isDead = false;
  let died = (): void => undefined;
  const death = new Promise<void>((resolve) => (died = resolve));
  return {
    death,
    steps: () => steps,
    /** Runs `effect` as one step. Dies before it, or after it but before anybody hears of it. */
    async step<Effect>(effect: () => Effect | Promise<Effect>): Promise<Effect> {
      for (const moment of ['before', 'after'] as const) {
        if (isDead) return NEVER_SETTLES;
        steps += 1;
        if (steps === killAt) {
          isDead = true;
          if (moment === 'after') await effect();
          died();
          return NEVER_SETTLES;
        }
      }
      return effect();
    },
  };
}

type Killer = ReturnType<typeof killer>;

function mortalState(state: State, killed: Killer): State {
  return {
    get: (key) => state.get(key),
    range: (prefix) => state.range(prefix),
    put: (entries) => killed.step(() => state.put(entries)),
    delete: (keys) => killed.step(() => state.delete(keys)),
  };
}

function fetchTo(receiver: Pick<PagerdutyReceiver, 'take'>): Fetch {
  return async (url, init) => {
    const { status, body } = receiver.take({
      path: new URL(url).pathname,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(init.body as string),
    });
    return new Response(body, { status });
  };
}

async function startOn(state: State, fetch: Fetch) {
  return startWorld({ channels: CHANNELS, state, fetch, clock: simulatedClock(() => 1) });
}

describe('a kill between each pair of steps', () => {
  /** What a gate does: hands each on, and each again that it does not know to be durable. */
  const STORY: readonly AlarmState[] = ['firing', 'acknowledged', 'resolved'];

  async function tell(notifier: Notifier, clock: { idle(): Promise<void> }, from: { done: number }): Promise<void> {
    while (from.done < STORY.length) {
      const sequence = from.done + 1;
      await notifier.notify(makeTransition({ sequence, state: STORY[from.done]! }));
      from.done = sequence;
      await clock.idle();
    }
  }

  async function runKilledAt(killAt: number) {
    const receiver = createPagerdutyReceiver();
    const state = memoryState();
    const progress = { done: 0 };
    const death = killer(killAt);
    const before = await Promise.race([
      death.death,
      startOn(mortalState(state, death), (url, init) => death.step(() => fetchTo(receiver)(url, init))),
    ]);
    if (before !== undefined) {
      // Idle never comes once it is dead.
      await Promise.race([death.death, tell(before.notifier, before.clock, progress)]);
      if (progress.done === STORY.length) await Promise.race([death.death, before.clock.advance(MINUTE_MS)]);
    }
    const after = await startOn(state.copy(), fetchTo(receiver));
    await after.clock.idle();
    await tell(after.notifier, after.clock, { done: progress.done });
    await after.clock.advance(MINUTE_MS);
    await after.kill();
    return { receiver, steps: death.steps() };
  }

  it('leaves exactly one incident, which ends, each step in order', async () => {
    const { steps, receiver } = await runKilledAt(Infinity);
    expect(receiver.incidents.map(({ events }) => events)).toEqual([['trigger', 'acknowledge', 'resolve']]);
    // Six writes of the outbox, three of the gate's hand-overs and three requests, each with two places to die at.
    expect(steps).toBe(24);
    for (let killAt = 1; killAt <= steps; killAt += 1) {
      const killed = await runKilledAt(killAt);
      const [incident, ...others] = killed.receiver.incidents;
      expect(others, `killed at ${killAt}`).toEqual([]);
      expect(incident, `killed at ${killAt}`).toMatchObject({ key: makeTransition().alarmId, state: 'resolved' });
      // What was under way may come twice, never out of order, and nothing is left out.
      expect(incident!.events.filter((event, at, all) => event !== all[at - 1])).toEqual([
        ...['trigger', 'acknowledge', 'resolve'],
      ]);
      expect(incident!.events.length).toBeLessThanOrEqual(4);
    }
  });
});

describe('any story of an alarm', () => {
  /** How the receiver takes a request, and what the sender sees of it. */
  const ANSWERS = ['taken', 'throttled', 'failed', 'failed but taken', 'no connection', 'lost but taken'] as const;
  const move = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<AlarmState>('firing', 'acknowledged', 'resolved') },
    { weight: 2, arbitrary: fc.constant('wait' as const) },
    { weight: 1, arbitrary: fc.constant('kill' as const) },
  );

  function flakyFetch(receiver: PagerdutyReceiver, answers: (typeof ANSWERS)[number][]): Fetch {
    const real = fetchTo(receiver);
    return async (url, init) => {
      const answer = answers.shift() ?? 'taken';
      if (answer === 'throttled') return new Response('', { status: 429 });
      if (answer === 'failed') return new Response('', { status: 500 });
      if (answer === 'no connection')
        throw new TypeError('', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
      const taken = await real(url, init);
      if (answer === 'failed but taken') return new Response('', { status: 502 });
      if (answer === 'lost but taken')
        throw new TypeError('', { cause: Object.assign(new Error(), { code: 'ECONNRESET' }) });
      return taken;
    };
  }

  it('ends with the receiver where the alarm is, whatever was answered and whenever it was killed', async () => {
    const answers = fc.array(fc.constantFrom(...ANSWERS), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 15 }), answers, async (moves, answered) => {
        const receiver = createPagerdutyReceiver();
        const state = memoryState();
        const fetch = flakyFetch(receiver, [...answered]);
        let world = await startOn(state, fetch);
        let sequence = 0;
        let isOpen = false;
        for (const one of moves) {
          if (one === 'wait') await world.clock.advance(2_000);
          else if (one === 'kill') {
            await world.kill();
            world = await startOn(state, fetch);
          } else {
            if (one === 'firing') isOpen = true;
            if (one === 'resolved') isOpen = false;
            const summary = `step ${++sequence}`;
            await world.notifier.notify(makeTransition({ sequence, state: one, summary }));
          }
        }
        await world.clock.advance(3 * 60 * MINUTE_MS);
        expect(receiver.incidents.filter((incident) => incident.state !== 'resolved')).toHaveLength(isOpen ? 1 : 0);
        expect(world.notifier.outboxOf(makeTransition().alarmId).flatMap(({ waiting }) => waiting)).toEqual([]);
        await world.kill();
      }),
      { seed: 3, numRuns: 400 },
    );
  });
});

describe('on the state that a gate has', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'assay-notifier-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  it('what notify was given is there after a restart, and goes out then', async () => {
    const first = createLmdbState({ directory, name: 'gate' });
    await first.start(NEVER);
    const away: Fetch = async () => new Response('', { status: 503 });
    const before = await startOn(first, away);
    await before.notifier.notify(makeTransition());
    await before.kill();
    await first.stop(NEVER);

    const receiver = createPagerdutyReceiver();
    const second = createLmdbState({ directory, name: 'gate' });
    await second.start(NEVER);
    const after = await startOn(second, fetchTo(receiver));
    await after.clock.advance(MINUTE_MS);
    expect(receiver.incidents).toMatchObject([{ key: makeTransition().alarmId, state: 'triggered' }]);
    expect(after.notifier.outboxOf(makeTransition().alarmId)).toMatchObject([
      { channel: 'pager', kind: 'pagerduty', waiting: [], mayBeOpen: true, told: { sequence: 1, state: 'firing' } },
    ]);
    await after.kill();
    await second.stop(NEVER);
  });
});

describe('a process that is killed with -9', () => {
  let compiled: string;
  beforeAll(() => {
    compiled = transpile(['core', 'bus', 'notifier', 'test/children']);
  });
  afterAll(async () => {
    await rm(compiled, { recursive: true });
  });

  it.each([
    ['notifier-before-send:1', ['trigger', 'acknowledge', 'resolve']],
    ['notifier-before-send:2', ['trigger', 'acknowledge', 'resolve']],
    ['notifier-before-send:3', ['trigger', 'acknowledge', 'resolve']],
    ['notifier-after-send:1', ['trigger', 'trigger', 'acknowledge', 'resolve']],
    ['notifier-after-send:2', ['trigger', 'acknowledge', 'acknowledge', 'resolve']],
    // PagerDuty hears of the end twice, and the second time nothing is open.
    ['notifier-after-send:3', ['trigger', 'acknowledge', 'resolve']],
  ])('at %s leaves one incident, which ends', async (fault, events) => {
    const directory = await mkdtemp(join(tmpdir(), 'assay-notifier-'));
    const rules = createPagerdutyReceiver();
    const receiver = await startReceiver((request) => rules.take(request));
    const child = join(compiled, 'test/children/notifier-child.js');
    const args = [directory, receiver.url];
    const killed = await runProcess(child, { args, env: { FAULT_POINT: fault } }).ended;
    expect(killed).not.toContain('resolved');
    expect(await runProcess(child, { args }).ended).toEqual(['firing', 'acknowledged', 'resolved']);
    expect(rules.incidents).toMatchObject([{ state: 'resolved', events }]);
    expect(receiver.requests).toHaveLength(fault.startsWith('notifier-after') ? 4 : 3);
    await receiver.close();
    await rm(directory, { recursive: true });
  });
});
