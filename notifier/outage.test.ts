import { afterEach, describe, expect, it } from 'vitest';
import { createPagerdutyReceiver } from '../test/helpers/pagerduty-receiver.js';
import { createHysteresis } from '../gates/watch/hysteresis.js';
import { cuttable, startReceiver, type Receiver, type ReceiverAnswer } from './receivers.test-support.js';
import { HOUR_MS, makeTransition, MINUTE_MS, startWorld, START_MS, type NotifierWorld } from './world.test-support.js';

const ROUTING_KEY = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';

describe('receivers that are away', () => {
  const open: Receiver[] = [];
  let world: NotifierWorld;
  afterEach(async () => {
    await world.kill();
    for (const receiver of open.splice(0)) await receiver.close();
  });

  /** PagerDuty's rules behind answers that come first, in turn. */
  async function startPagerduty(answers: ReceiverAnswer[] = []) {
    const pagerduty = createPagerdutyReceiver();
    const receiver = await startReceiver((request) => answers.shift() ?? pagerduty.take(request));
    open.push(receiver);
    return { ...pagerduty, receiver, answers };
  }

  async function startSlack(answers: ReceiverAnswer[] = []) {
    const taken: { readonly atMs: number; readonly text: string }[] = [];
    const receiver = await startReceiver(({ body }) => {
      const answer = answers.shift() ?? { status: 200, body: 'ok' };
      const { text } = JSON.parse(body.toString()) as { readonly text: string };
      if (answer.status === 200) taken.push({ atMs: world.clock.nowMs() - START_MS, text });
      return answer;
    });
    open.push(receiver);
    return { receiver, taken };
  }

  const alarm = (release: string, changes: Parameters<typeof makeTransition>[0] = {}) =>
    makeTransition({
      subject: { ...makeTransition().subject, release },
      summary: `Release ${release} fails.`,
      ...changes,
    });

  it('PagerDuty, for ten minutes, then with 429, 500 and 400: each is told what still holds', async () => {
    const pagerduty = await startPagerduty();
    const slack = await startSlack();
    let isAway = false;
    const network = cuttable(() => isAway);
    const pagerOnly = (url: string, init: RequestInit) =>
      url.startsWith(pagerduty.receiver.url) ? network.fetch(url, init) : fetch(url, init);
    world = await startWorld({
      channels: {
        pager: { kind: 'pagerduty', routingKey: ROUTING_KEY, url: pagerduty.receiver.url },
        chat: { kind: 'slack', url: `${slack.receiver.url}/services/T0/B0/x`, kinds: ['pipeline_health'] },
      },
      fetch: pagerOnly,
    });
    const { notifier, clock, counts } = world;
    const tell = async (...args: Parameters<typeof alarm>): Promise<void> => {
      await notifier.notify(alarm(...args));
      await clock.idle();
    };

    await tell('open-before');
    expect(pagerduty.incidents).toHaveLength(1);

    isAway = true;
    await tell('comes-and-goes');
    await tell('stays');
    await clock.advance(5 * MINUTE_MS);
    await tell('open-before', { sequence: 2, state: 'resolved' });
    await tell('comes-and-goes', { sequence: 2, state: 'resolved' });
    for (const sequence of [2, 4, 6]) {
      await tell('stays', { sequence, state: 'resolved' });
      await tell('stays', { sequence: sequence + 1 });
    }
    await clock.advance(5 * MINUTE_MS);
    const triesWhileAway = network.tries() - 1;
    // At half of each bound: after 0, .5, 1.5, 3.5, … s until one lies beyond ten minutes.
    expect(triesWhileAway).toBeGreaterThanOrEqual(8);
    expect(triesWhileAway).toBeLessThanOrEqual(14);

    isAway = false;
    pagerduty.answers.push({ status: 429, headers: { 'retry-after': '30' } }, { status: 500 });
    await clock.advance(10 * MINUTE_MS);
    const accepted = pagerduty.incidents.map(({ summary, state, events }) => [summary, state, events.join(' ')]);
    expect(accepted.sort()).toEqual([
      ['Release open-before fails.', 'resolved', 'trigger resolve'],
      ['Release stays fails.', 'triggered', 'trigger'],
    ]);
    expect(pagerduty.receiver.requests).toHaveLength(1 + 2 + 2);

    pagerduty.answers.push({ status: 400, body: '{"message":"Event object is invalid","errors":["no such key"]}' });
    await tell('refused');
    await clock.advance(MINUTE_MS);
    expect(pagerduty.receiver.requests).toHaveLength(6);
    expect(notifier.deadLetters()).toMatchObject([
      { channel: 'pager', reason: 'HTTP 400: Event object is invalid; no such key' },
    ]);
    expect(slack.taken.map(({ text }) => text)).toEqual([
      'Firing · error · undelivered_notification: Channel pager was not told "firing" of alarm regression ' +
        '(HTTP 400: Event object is invalid; no such key): Release refused fails.',
    ]);

    await tell('refused', { sequence: 2, state: 'resolved' });
    await clock.advance(MINUTE_MS);
    // It was never open there, so that there is nothing to resolve; what was told on the other channel is over.
    expect(pagerduty.receiver.requests).toHaveLength(6);
    expect(slack.taken.map(({ text }) => text.split(' · ')[0])).toEqual(['Firing', 'Resolved']);
    expect(Object.fromEntries(counts)).toEqual({
      'sent_notifications_total pager firing': 2,
      'sent_notifications_total pager resolved': 1,
      'sent_notifications_total chat firing': 1,
      'sent_notifications_total chat resolved': 1,
      'failed_requests_total pager': triesWhileAway + 2,
      'dead_letters_total pager': 1,
      'superseded_notifications_total pager': 9,
      'waiting_notifications pager': 0,
      'waiting_notifications chat': 0,
    });
  });

  it('Slack, with 429: waits as long as it asks, then says each thing once, a second apart', async () => {
    const slack = await startSlack([{ status: 429, headers: { 'retry-after': '20' }, body: 'rate_limited' }]);
    world = await startWorld({ channels: { chat: { kind: 'slack', url: `${slack.receiver.url}/services/T0/B0/x` } } });
    for (const release of ['1', '2', '3']) await world.notifier.notify(alarm(release));
    await world.clock.advance(MINUTE_MS);
    expect(slack.taken).toMatchObject([
      { atMs: 20_000, text: 'Firing · error · regression: Release 2 fails.' },
      { atMs: 21_000, text: 'Firing · error · regression: Release 3 fails.' },
      { atMs: 22_000, text: 'Firing · error · regression: Release 1 fails.' },
    ]);
    expect(slack.receiver.requests).toHaveLength(4);
  });

  it('Slack, which asks to wait until a date', async () => {
    const until = new Date(START_MS + 2 * HOUR_MS).toUTCString();
    const slack = await startSlack([{ status: 503, headers: { 'retry-after': until } }]);
    world = await startWorld({ channels: { chat: { kind: 'slack', url: `${slack.receiver.url}/services/T0/B0/x` } } });
    await world.notifier.notify(alarm('1'));
    await world.clock.advance(3 * HOUR_MS);
    expect(slack.taken.map(({ atMs }) => atMs)).toEqual([2 * HOUR_MS]);
  });

  it('is not waited for longer than a day, whatever it asks', async () => {
    const slack = await startSlack([{ status: 429, headers: { 'retry-after': '9999999' } }]);
    world = await startWorld({ channels: { chat: { kind: 'slack', url: `${slack.receiver.url}/services/T0/B0/x` } } });
    await world.notifier.notify(alarm('1'));
    await world.clock.advance(25 * HOUR_MS);
    expect(slack.taken.map(({ atMs }) => atMs)).toEqual([24 * HOUR_MS]);
  });

  it.each([
    // One alarm for a whole day of flapping, which ends an hour after it has ended.
    { fireAfterLooks: 1, sent: ['trigger', 'resolve'] },
    { fireAfterLooks: 2, sent: [] },
  ])('a metric that flaps each minute for a day, firing after $fireAfterLooks looks: $sent', async (expected) => {
    const pagerduty = await startPagerduty();
    const channels = {
      pager: { kind: 'pagerduty', routingKey: ROUTING_KEY, url: pagerduty.receiver.url, reassertHours: 0 },
    };
    world = await startWorld({ channels });
    const { notifier, clock } = world;
    const { fireAfterLooks } = expected;
    const hysteresis = createHysteresis({ fireAfterLooks, quietMs: HOUR_MS, maxGapMs: 5 * MINUTE_MS });
    let state = hysteresis.initial;
    let sequence = 0;
    for (let minute = 0; minute < 26 * 60; minute += 1) {
      const isBad = minute < 24 * 60 && minute % 2 === 0;
      const step = hysteresis.step(state, isBad ? 'bad' : 'good', clock.nowMs());
      state = step.state;
      if (step.change !== 'none')
        await notifier.notify(
          alarm('1', { sequence: ++sequence, state: step.change === 'fires' ? 'firing' : 'resolved' }),
        );
      await clock.advance(MINUTE_MS);
    }
    const actions = pagerduty.receiver.requests.map(({ json }) => (json as { event_action: string }).event_action);
    expect(actions).toEqual(expected.sent);
    expect(pagerduty.incidents).toHaveLength(expected.sent.length / 2);
  });
});
