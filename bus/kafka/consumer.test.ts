import type { Kafka } from 'kafkajs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import { SupervisedConsumer, type ConsumerHooks } from './consumer.js';

type Listener = (event: { readonly payload: object }) => void;

/** A consumer of kafkajs as far as it is used: what happens to it is told by the test. */
class ScriptedConsumer {
  readonly events = { GROUP_JOIN: 'join', CRASH: 'crash', START_BATCH_PROCESS: 'batch' };
  readonly listeners = new Map<string, Listener>();
  readonly disconnect = vi.fn(async () => undefined);
  readonly seek = vi.fn();
  readonly subscribe = async (): Promise<void> => undefined;
  readonly run = vi.fn(async () => undefined);

  constructor(readonly connect: () => Promise<void>) {}

  on(event: string, listener: Listener): void {
    this.listeners.set(event, listener);
  }

  tell(event: 'join' | 'crash' | 'batch', payload: object): void {
    this.listeners.get(event)?.({ payload });
  }
}

describe('a supervised consumer', () => {
  let made: ScriptedConsumer[];
  let connect: () => Promise<void>;
  let assigned: (readonly number[])[];
  let passed: (readonly number[])[];
  let supervised: SupervisedConsumer;
  // Waits for one turn, so that what is to happen meanwhile can.
  const clock: Clock = {
    nowMs: () => nowMs,
    async sleep() {
      nowMs += stepMs;
      await new Promise((done) => setImmediate(done));
    },
  };
  const onGivenUp = vi.fn();
  let nowMs = 0;
  let stepMs: number;
  let isAnswering: boolean;

  beforeEach(() => {
    made = [];
    stepMs = 0;
    isAnswering = true;
    onGivenUp.mockReset();
    assigned = [];
    passed = [];
    connect = async () => undefined;
    const hooks: ConsumerHooks = {
      onAssigned: ({ spans = [] }) => assigned.push(spans),
      onLost: () => undefined,
      onBatch: () => undefined,
      onPassed: ({ partition }, first, next) => passed.push([partition, first, next]),
    };
    const kafka = {
      consumer() {
        const consumer = new ScriptedConsumer(() => connect());
        made.push(consumer);
        return consumer;
      },
    } as unknown as Kafka;
    supervised = new SupervisedConsumer(
      { groupId: 'g', topics: ['spans'], sessionTimeoutMs: 6_000, giveUpMs: 60_000 },
      {
        ...{ clock, logger: silentLogger, random: () => 0.5, kafka: () => kafka, hooks },
        ...{ answers: async () => isAnswering, onGivenUp },
      },
    );
  });

  afterEach(async () => {
    await supervised.stop();
  });

  async function running(count: number): Promise<ScriptedConsumer> {
    await vi.waitFor(() => {
      expect(made).toHaveLength(count);
      expect(made.at(-1)?.run).toHaveBeenCalled();
    });
    return made[count - 1]!;
  }

  it('is replaced when it ended for good, and the old one has no say any more', async () => {
    supervised.start();
    const first = await running(1);
    first.tell('join', { memberAssignment: { spans: [0, 1] } });
    first.tell('crash', { restart: false, error: new Error('it has had enough') });
    const second = await running(2);
    expect(first.disconnect).toHaveBeenCalled();
    first.tell('join', { memberAssignment: { spans: [7] } });
    second.tell('join', { memberAssignment: { spans: [1] } });
    expect(assigned).toEqual([[0, 1], [1]]);
    supervised.seek({ topic: 'spans', partition: 1 }, 5);
    expect(second.seek).toHaveBeenCalledWith({ topic: 'spans', partition: 1, offset: '5' });
    expect(first.seek).not.toHaveBeenCalled();
  });

  it('is left alone when it starts itself again', async () => {
    supervised.start();
    const first = await running(1);
    first.tell('crash', { restart: true, error: new Error('the broker is away') });
    first.tell('join', { memberAssignment: { spans: [0] } });
    expect(made).toHaveLength(1);
    expect(assigned).toEqual([[0]]);
  });

  it('is replaced when it is stuck', async () => {
    supervised.start();
    await running(1);
    supervised.restart('it brought nothing');
    await running(2);
  });

  it('tells of what was fetched and holds nothing to read, and of nothing else', async () => {
    supervised.start();
    const first = await running(1);
    const batch = { topic: 'spans', partition: 2, highWatermark: '9' };
    first.tell('batch', { ...batch, batchSize: 0, firstOffset: '3', lastOffset: '4' });
    first.tell('batch', { ...batch, batchSize: 2, firstOffset: '5', lastOffset: '6' });
    first.tell('batch', { ...batch, batchSize: 0, firstOffset: null, lastOffset: '8' });
    expect(passed).toEqual([[2, 3, 5]]);
  });

  it('is tried again when it cannot connect', async () => {
    const refused = vi.fn(async () => Promise.reject(new Error('nobody there')));
    connect = refused;
    supervised.start();
    await vi.waitFor(() => {
      expect(refused.mock.calls.length).toBeGreaterThan(3);
    });
    connect = async () => undefined;
    await vi.waitFor(() => {
      expect(made.at(-1)?.run).toHaveBeenCalled();
    });
  });

  it('is given up, once, when it has had no place for long although the brokers answer others', async () => {
    connect = async () => Promise.reject(Object.assign(new Error('no'), { type: 'GROUP_AUTHORIZATION_FAILED' }));
    stepMs = 5_000;
    isAnswering = false;
    supervised.start();
    const begunMs = nowMs;
    await vi.waitUntil(() => nowMs > begunMs + 600_000);
    expect(onGivenUp).not.toHaveBeenCalled();
    isAnswering = true;
    await vi.waitUntil(() => onGivenUp.mock.calls.length > 0);
    const givenUpMs = nowMs;
    await vi.waitUntil(() => nowMs > givenUpMs + 600_000);
    expect(onGivenUp).toHaveBeenCalledExactlyOnceWith(
      'it had no place in its group for 60 s (GROUP_AUTHORIZATION_FAILED)',
      expect.objectContaining({ type: 'GROUP_AUTHORIZATION_FAILED' }),
    );
  });

  it('is not given up while it has a place, however little it brings', async () => {
    supervised.start();
    const first = await running(1);
    first.tell('join', { memberAssignment: { spans: [0] } });
    stepMs = 5_000;
    const begunMs = nowMs;
    await vi.waitUntil(() => nowMs > begunMs + 600_000);
    expect(onGivenUp).not.toHaveBeenCalled();
  });

  it('stops while it still connects, and refuses to commit then', async () => {
    connect = () => new Promise(() => undefined);
    supervised.start();
    await vi.waitFor(() => {
      expect(made).toHaveLength(1);
    });
    await supervised.stop();
    await expect(supervised.commit({ topic: 'spans', partition: 0 }, 1)).rejects.toThrow('has not joined');
  });
});
