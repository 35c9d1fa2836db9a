import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSink, type Sink } from '../test/helpers/otlp-sink.js';
import { makeTransition, MINUTE_MS, startWorld, type NotifierWorld, type WorldOptions } from './world.test-support.js';

describe('a channel', () => {
  let sink: Sink;
  let world: NotifierWorld;
  beforeEach(async () => {
    sink = await startSink();
  });
  afterEach(async () => {
    await world.kill();
    await sink.close();
  });

  const start = async (options: Partial<WorldOptions> = {}): Promise<void> => {
    const channels = { pager: { kind: 'pagerduty', routingKey: 'R0UTING', url: sink.url } };
    world = await startWorld({ channels, ...options });
  };
  const sent = (): readonly unknown[] =>
    sink.requests.map(({ body }) => (JSON.parse(body.toString()) as { event_action: string }).event_action);

  it('is told of a firing alarm, and of its end, under one key', async () => {
    await start();
    await world.notifier.notify(makeTransition());
    await world.clock.idle();
    await world.notifier.notify(makeTransition({ sequence: 2, state: 'resolved' }));
    await world.clock.idle();
    expect(sent()).toEqual(['trigger', 'resolve']);
    const keys = sink.requests.map(({ body }) => (JSON.parse(body.toString()) as { dedup_key: string }).dedup_key);
    expect(new Set(keys)).toEqual(new Set([makeTransition().alarmId]));
  });

  it('is told once of what is raised twice', async () => {
    await start();
    await Promise.all([world.notifier.notify(makeTransition()), world.notifier.notify(makeTransition())]);
    await world.clock.idle();
    await world.notifier.notify(makeTransition());
    await world.clock.advance(MINUTE_MS);
    expect(sent()).toEqual(['trigger']);
  });
});
