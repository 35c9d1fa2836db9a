import { afterEach, describe, expect, it } from 'vitest';
import type { AlarmTransition } from '../core/alarm.js';
import { createPagerdutyReceiver } from '../test/helpers/pagerduty-receiver.js';
import { startReceiver, type Receiver, type ReceiverAnswer } from './receivers.test-support.js';
import {
  HOUR_MS,
  makeTransition,
  memoryState,
  MINUTE_MS,
  START_MS,
  startWorld,
  type NotifierWorld,
  type WorldOptions,
} from './world.test-support.js';

const ROUTING_KEY = 'a1b2c3d4e5f60718293a4b5c6d7e8f90';
const DAY_MS = 24 * HOUR_MS;

describe('the notifier', () => {
  const open: Receiver[] = [];
  const running: NotifierWorld[] = [];
  afterEach(async () => {
    for (const world of running.splice(0)) await world.kill();
    for (const receiver of open.splice(0)) await receiver.close();
  });

  async function start(options: WorldOptions): Promise<NotifierWorld> {
    const world = await startWorld(options);
    running.push(world);
    return world;
  }

  async function pagerduty(answers: ReceiverAnswer[] = []) {
    const rules = createPagerdutyReceiver();
    const receiver = await startReceiver((request) => answers.shift() ?? rules.take(request));
    open.push(receiver);
    const config = { kind: 'pagerduty', routingKey: ROUTING_KEY, url: receiver.url };
    const actions = (): readonly unknown[] =>
      receiver.requests.map(({ json, path }) => (path === '/v2/enqueue' ? (json as Event).event_action : path));
    return { ...rules, receiver, config, actions };
  }
  interface Event {
    readonly event_action: string;
    readonly payload: { readonly summary: string };
  }

  /** Any other receiver, which keeps the bodies that it answered 200. */
  async function plain(answers: ReceiverAnswer[] = []) {
    const taken: unknown[] = [];
    const receiver = await startReceiver(({ body }) => {
      const answer = answers.shift() ?? { status: 200 };
      if (answer.status === 200) taken.push(JSON.parse(body.toString()));
      return answer;
    });
    open.push(receiver);
    return { receiver, taken, url: receiver.url };
  }

  const about = (release: string, changes: Partial<AlarmTransition> = {}): AlarmTransition =>
    makeTransition({ subject: { ...makeTransition().subject, release }, ...changes });

  describe('hands on', () => {
    it('a firing alarm, its acknowledgement and its end, under one key', async () => {
      const { config, actions, incidents } = await pagerduty();
      const { notifier, clock } = await start({ channels: { pager: config } });
      for (const [at, state] of (['firing', 'acknowledged', 'resolved'] as const).entries()) {
        await notifier.notify(makeTransition({ sequence: at + 1, state }));
        await clock.idle();
      }
      expect(actions()).toEqual(['trigger', 'acknowledge', 'resolve']);
      expect(incidents).toMatchObject([{ key: makeTransition().alarmId, state: 'resolved' }]);
    });

    it('once what is raised twice, and nothing that has been overtaken', async () => {
      const { config, actions } = await pagerduty();
      const { notifier, clock } = await start({ channels: { pager: config } });
      await Promise.all([notifier.notify(makeTransition()), notifier.notify(makeTransition())]);
      await clock.idle();
      await notifier.notify(makeTransition({ sequence: 3, state: 'resolved' }));
      await notifier.notify(makeTransition({ sequence: 2 }));
      await clock.advance(MINUTE_MS);
      expect(actions()).toEqual(['trigger', 'resolve']);
    });

    it('each release once, as a change event', async () => {
      const { config, changes, actions } = await pagerduty();
      const quiet = await pagerduty();
      const channels = { pager: config, quiet: { ...quiet.config, changeEvents: false } };
      const { notifier, clock } = await start({ channels });
      const release = { tenant: 'default', service: 'booking-agent', release: '1.5.0', environment: 'prod' };
      const seen = { ...release, summary: 'Release 1.5.0 takes traffic.', atMs: START_MS };
      await notifier.announce(seen);
      await clock.idle();
      await notifier.announce({ ...seen, atMs: START_MS + 1 });
      await notifier.announce({ ...seen, environment: 'staging' });
      await clock.idle();
      expect(actions()).toEqual(['/v2/change/enqueue', '/v2/change/enqueue']);
      expect(changes.map(({ payload }) => payload.custom_details?.['environment'])).toEqual(['prod', 'staging']);
      expect(quiet.actions()).toEqual([]);
    });

    it('to each channel what its settings want, and the end of whatever it was told of', async () => {
      const loud = await pagerduty();
      const quiet = await pagerduty();
      const channels = {
        loud: loud.config,
        quiet: { ...quiet.config, minimumSeverity: 'error', kinds: ['regression', 'floor'] },
      };
      const { notifier, clock } = await start({ channels });
      await notifier.notify(about('mild', { severity: 'warning' }));
      await notifier.notify(about('health', { kind: 'judge_health', severity: 'critical' }));
      await notifier.notify(about('bad', { severity: 'critical' }));
      await clock.idle();
      for (const release of ['mild', 'health', 'bad'])
        await notifier.notify(about(release, { sequence: 2, state: 'resolved', severity: 'info' }));
      await clock.idle();
      expect(loud.incidents.map(({ state }) => state)).toEqual(['resolved', 'resolved', 'resolved']);
      expect(quiet.incidents.map(({ key, state }) => [key, state])).toEqual([[about('bad').alarmId, 'resolved']]);
      expect(quiet.actions()).toEqual(['trigger', 'resolve']);
    });
  });

  describe('tells again', () => {
    it('PagerDuty once a day while an alarm fires, and not once it is acknowledged or over', async () => {
      const { config, actions, incidents } = await pagerduty();
      const { notifier, clock, attempts } = await start({ channels: { pager: config } });
      await notifier.notify(makeTransition());
      await clock.advance(2.5 * DAY_MS);
      expect(actions()).toEqual(['trigger', 'trigger', 'trigger']);
      await notifier.notify(makeTransition({ sequence: 2, state: 'acknowledged' }));
      await clock.advance(3 * DAY_MS);
      await notifier.notify(makeTransition({ sequence: 3, state: 'resolved' }));
      await clock.advance(3 * DAY_MS);
      expect(actions().slice(3)).toEqual(['acknowledge', 'resolve']);
      expect(incidents).toHaveLength(1);
      expect(attempts.map(({ transition }) => transition.state)).toEqual(['firing', 'acknowledged', 'resolved']);
    });

    it('Alertmanager each minute, acknowledged or not, since it forgets', async () => {
      const { taken, url } = await plain();
      const { notifier, clock } = await start({ channels: { prom: { kind: 'alertmanager', url } } });
      await notifier.notify(makeTransition());
      await clock.advance(2 * MINUTE_MS);
      await notifier.notify(makeTransition({ sequence: 2, state: 'acknowledged' }));
      await clock.advance(2 * MINUTE_MS);
      await notifier.notify(makeTransition({ sequence: 3, state: 'resolved' }));
      await clock.advance(10 * MINUTE_MS);
      const ends = (taken as { readonly endsAt: string }[][]).map((alerts) =>
        alerts.map(({ endsAt }) => (Date.parse(endsAt) - START_MS) / MINUTE_MS),
      );
      expect(ends).toEqual([[60], [61], [62], [62], [63], [64], [0]]);
    });

    it('a channel that refused it, and then what was told of that elsewhere is over', async () => {
      const pager = await pagerduty([{ status: 403, body: 'key is disabled' }]);
      const chat = await plain();
      const channels = { pager: pager.config, hook: { kind: 'webhook', url: chat.url, secret: 's', reassertHours: 0 } };
      const { notifier, clock } = await start({ channels });
      await notifier.notify(makeTransition());
      await clock.advance(25 * HOUR_MS);
      expect(pager.incidents).toHaveLength(1);
      expect((chat.taken as Body[]).map(({ type, data }) => [type, data.rule])).toEqual([
        ['alarm.firing', 'regression'],
        ['alarm.firing', 'undelivered_notification'],
        ['alarm.resolved', 'undelivered_notification'],
      ]);
    });
    interface Body {
      readonly type: string;
      readonly data: { readonly rule: string; readonly summary: string };
    }

    it('an end that was refused, each hour, so that no incident stays open', async () => {
      const answers: ReceiverAnswer[] = [];
      const pager = await pagerduty(answers);
      const chat = await plain();
      const channels = {
        pager: { ...pager.config, reassertHours: 0 },
        hook: { kind: 'webhook', url: chat.url, secret: 's' },
      };
      const { notifier, clock, counts } = await start({ channels });
      await notifier.notify(makeTransition());
      await clock.idle();
      answers.push({ status: 403 }, { status: 403 });
      await notifier.notify(makeTransition({ sequence: 2, state: 'resolved' }));
      await clock.advance(90 * MINUTE_MS);
      expect(pager.incidents).toMatchObject([{ state: 'triggered' }]);
      await clock.advance(HOUR_MS);
      expect(pager.incidents).toMatchObject([{ state: 'resolved' }]);
      await clock.advance(DAY_MS);
      expect(pager.actions()).toEqual(['trigger', 'resolve', 'resolve', 'resolve']);
      expect(counts.get('dead_letters_total pager')).toBe(2);
      expect((chat.taken as Body[]).map(({ type, data }) => [type, data.rule])).toEqual([
        ['alarm.firing', 'regression'],
        ['alarm.resolved', 'regression'],
        ['alarm.firing', 'undelivered_notification'],
        ['alarm.resolved', 'undelivered_notification'],
      ]);
    });

    it('a channel that refuses no more often than each hour', async () => {
      const prom = await plain(Array.from({ length: 99 }, () => ({ status: 400 })));
      const { notifier, clock } = await start({ channels: { prom: { kind: 'alertmanager', url: prom.url } } });
      await notifier.notify(makeTransition());
      await clock.advance(150 * MINUTE_MS);
      expect(prom.receiver.requests).toHaveLength(3);
    });

    it('nobody, where that is turned off', async () => {
      const { config, actions } = await pagerduty();
      const { notifier, clock } = await start({ channels: { pager: { ...config, reassertHours: 0 } } });
      await notifier.notify(makeTransition());
      await clock.advance(10 * DAY_MS);
      expect(actions()).toEqual(['trigger']);
    });
  });

  describe('when a channel does not take what it is told', () => {
    const away: ReceiverAnswer = { status: 503 };
    const forLong = (): ReceiverAnswer[] => Array.from({ length: 500 }, () => away);

    it('tells the others that want to hear of it, and otherwise all of them', async () => {
      const refusing = await pagerduty(Array.from({ length: 9 }, () => ({ status: 400 })));
      const wants = await pagerduty();
      const wantsNot = await pagerduty();
      const only = (kinds: readonly string[]) => ({ kinds });
      const quality = only(['regression']);
      const first = await start({
        channels: {
          refusing: refusing.config,
          wants: { ...wants.config, ...only(['pipeline_health']) },
          quality: { ...wantsNot.config, ...only(['floor']) },
        },
      });
      await first.notifier.notify(makeTransition());
      await first.clock.idle();
      expect(wants.incidents.map(({ summary }) => summary)).toEqual([
        'Channel refusing was not told "firing" of alarm regression (HTTP 400): ' + makeTransition().summary,
      ]);
      expect(wantsNot.incidents).toEqual([]);

      const second = await start({
        channels: { refusing: { ...refusing.config, ...quality }, quality: { ...wantsNot.config, ...only(['floor']) } },
      });
      await second.notifier.notify(makeTransition());
      await second.clock.idle();
      expect(wantsNot.incidents).toHaveLength(1);
    });

    it('says so once something has waited for a quarter of an hour, once, and goes on trying', async () => {
      const pager = await pagerduty(forLong());
      const chat = await pagerduty();
      const { notifier, clock } = await start({ channels: { pager: pager.config, chat: chat.config } });
      await notifier.notify(makeTransition());
      await clock.advance(14 * MINUTE_MS);
      expect(chat.incidents).toHaveLength(1);
      await clock.advance(6 * HOUR_MS);
      expect(chat.incidents).toHaveLength(2);
      expect(chat.incidents[1]!.summary).toMatch(
        /^Channel pager .* \(not delivered for 1[5-9] min: HTTP 503\): Release/,
      );
      // At most every five minutes once the waits have grown, and at least every ten.
      const tries = pager.receiver.requests.length;
      await clock.advance(HOUR_MS);
      expect(pager.receiver.requests.length - tries).toBeGreaterThanOrEqual(6);
    });

    it('makes no notice of a notice', async () => {
      const refusals = (): ReceiverAnswer[] => Array.from({ length: 99 }, () => ({ status: 400 }));
      const one = await pagerduty(refusals());
      const two = await pagerduty(refusals());
      const { notifier, clock } = await start({ channels: { one: one.config, two: two.config } });
      await notifier.notify(makeTransition());
      await clock.advance(HOUR_MS);
      // Each the alarm, and what the other did not take.
      expect([one.receiver.requests.length, two.receiver.requests.length]).toEqual([2, 2]);
      expect(notifier.deadLetters()).toHaveLength(4);
    });

    it('does not let one alarm that it cannot take hold up the others', async () => {
      const rules = createPagerdutyReceiver();
      const receiver = await startReceiver((request) =>
        request.body.includes('poison') ? { status: 500 } : rules.take(request),
      );
      open.push(receiver);
      const { notifier, clock } = await start({
        channels: { pager: { kind: 'pagerduty', routingKey: ROUTING_KEY, url: receiver.url } },
      });
      await notifier.notify(about('poison'));
      await clock.advance(HOUR_MS);
      for (const release of ['1', '2', '3']) await notifier.notify(about(release));
      await clock.advance(6 * MINUTE_MS);
      expect(rules.incidents).toHaveLength(3);
    });

    it('puts aside what no message can be made of', async () => {
      const pager = await pagerduty();
      const { notifier, clock } = await start({ channels: { pager: pager.config } });
      await notifier.notify(about('broken', { atMs: 9e15 }));
      await notifier.notify(about('whole'));
      await clock.idle();
      expect(pager.incidents.map(({ key }) => key)).toEqual([about('whole').alarmId]);
      expect(notifier.deadLetters()).toMatchObject([
        { channel: 'pager', reason: 'no message could be made of it: Invalid time value' },
      ]);
    });
  });

  describe('keeps', () => {
    it('where each alarm stands with each channel, and every attempt', async () => {
      const pager = await pagerduty([{ status: 429, headers: { 'retry-after': '60' }, body: `not ${ROUTING_KEY}!` }]);
      const { notifier, clock, attempts } = await start({ channels: { pager: pager.config } });
      await notifier.notify(makeTransition());
      await clock.idle();
      const { alarmId } = makeTransition();
      expect(notifier.outboxOf(alarmId)).toMatchObject([
        { channel: 'pager', waiting: [{ sequence: 1 }], attempts: 1, nextAtMs: START_MS + 60_000, mayBeOpen: false },
      ]);
      await clock.advance(MINUTE_MS);
      expect(notifier.outboxOf(alarmId)).toEqual([
        {
          channel: 'pager',
          kind: 'pagerduty',
          waiting: [],
          attempts: 0,
          nextAtMs: 0,
          told: { sequence: 1, state: 'firing', atMs: START_MS + 60_000 },
          mayBeOpen: true,
          deadLetters: [],
        },
      ]);
      expect(attempts.map(({ attempt, outcome, reason, nextAtMs }) => [attempt, outcome, reason, nextAtMs])).toEqual([
        [1, 'again', 'HTTP 429: not ********!', START_MS + 60_000],
        [2, 'taken', '', undefined],
      ]);
      expect(notifier.outboxOf('nobody')).toEqual([]);
    });

    it('on sending when attempts cannot be recorded', async () => {
      const pager = await pagerduty();
      const world = await start({
        channels: { pager: pager.config },
        record: () => Promise.reject(new Error('the bus is away')),
      });
      await world.notifier.notify(makeTransition());
      await world.clock.idle();
      await world.notifier.notify(makeTransition({ sequence: 2, state: 'resolved' }));
      await world.clock.idle();
      expect(pager.actions()).toEqual(['trigger', 'resolve']);
    });

    it('nothing of what ended ninety days ago, and all that is open or was not told', async () => {
      const pager = await pagerduty();
      const state = memoryState();
      const first = await start({ channels: { pager: pager.config }, state });
      await first.notifier.notify(about('over'));
      await first.notifier.notify(about('open'));
      await first.clock.idle();
      await first.notifier.notify(about('over', { sequence: 2, state: 'resolved' }));
      await first.clock.idle();
      await first.clock.advance(91 * DAY_MS);
      await first.kill();
      const second = await start({ channels: { pager: pager.config }, state, clock: first.clock });
      expect(second.notifier.outboxOf(about('over').alarmId)).toEqual([]);
      expect(second.notifier.outboxOf(about('open').alarmId)).toHaveLength(1);
    });

    it('what waits for a channel that the settings leave out, until they name it again', async () => {
      const pager = await pagerduty([{ status: 503 }]);
      const state = memoryState();
      const first = await start({ channels: { pager: pager.config }, state });
      await first.notifier.notify(makeTransition());
      await first.kill();
      const second = await start({ channels: {}, state });
      await second.notifier.notify(makeTransition({ sequence: 2, details: {} }));
      expect(second.notifier.outboxOf(makeTransition().alarmId)).toMatchObject([{ channel: 'pager', kind: undefined }]);
      await second.kill();
      const third = await start({ channels: { pager: pager.config }, state, clock: first.clock });
      await third.clock.advance(MINUTE_MS);
      expect(pager.incidents).toHaveLength(1);
    });

    it('a new channel from missing what is open', async () => {
      const pager = await pagerduty();
      const added = await pagerduty();
      const state = memoryState();
      const first = await start({ channels: { pager: pager.config }, state });
      await first.notifier.notify(about('open'));
      await first.notifier.notify(about('over'));
      await first.clock.idle();
      await first.notifier.notify(about('over', { sequence: 2, state: 'resolved' }));
      await first.clock.idle();
      await first.kill();
      const second = await start({ channels: { pager: pager.config, added: added.config }, state });
      await second.clock.idle();
      expect(added.incidents.map(({ key, state }) => [key, state])).toEqual([[about('open').alarmId, 'triggered']]);
      expect(pager.incidents).toHaveLength(2);
    });
  });

  describe('when told to stop', () => {
    it('sends what is due first, and leaves the rest for the next start', async () => {
      const pager = await pagerduty();
      const chat = await pagerduty(Array.from({ length: 99 }, () => ({ status: 503 })));
      const { notifier } = await start({ channels: { pager: pager.config, chat: chat.config } });
      await notifier.notify(about('1'));
      await notifier.notify(about('2'));
      await notifier.stop(AbortSignal.timeout(5_000));
      expect(pager.incidents).toHaveLength(2);
      expect(chat.receiver.requests).toHaveLength(1);
      expect(notifier.outboxOf(about('2').alarmId).flatMap(({ waiting }) => waiting)).toHaveLength(1);
      await notifier.stop(AbortSignal.timeout(5_000));
    });
  });

  describe('a test of a channel', () => {
    it('is an alarm and its end, whatever the channel filters', async () => {
      const pager = await pagerduty();
      const { notifier, attempts } = await start({
        channels: { pager: { ...pager.config, minimumSeverity: 'critical' } },
      });
      expect(await notifier.sendTest('pager')).toEqual({ status: 'taken', kind: 'pagerduty' });
      expect(pager.incidents).toMatchObject([
        { state: 'resolved', summary: 'Test: This is a test of channel pager, sent by hand. Nothing is wrong.' },
      ]);
      expect(attempts.map(({ occasion, outcome }) => [occasion, outcome])).toEqual([
        ['test', 'taken'],
        ['test', 'taken'],
      ]);
    });

    it('says why the receiver did not take it, without secrets', async () => {
      const pager = await pagerduty([
        { status: 400, body: JSON.stringify({ message: 'Bad key', errors: [ROUTING_KEY] }) },
      ]);
      const { notifier } = await start({ channels: { pager: pager.config } });
      expect(await notifier.sendTest('pager')).toEqual({
        ...{ status: 'failed', kind: 'pagerduty', state: 'firing' },
        reason: 'HTTP 400: Bad key; ********',
      });
    });

    it('names the channels that there are when it knows none of that name', async () => {
      const pager = await pagerduty();
      const { notifier } = await start({ channels: { pager: pager.config } });
      expect(await notifier.sendTest('pagr')).toEqual({
        status: 'unknown',
        channels: [{ name: 'pager', kind: 'pagerduty' }],
      });
    });

    it('has what waits tried at once when it is taken', async () => {
      const pager = await pagerduty([{ status: 429, headers: { 'retry-after': '7200' } }]);
      const { notifier, clock } = await start({ channels: { pager: pager.config } });
      await notifier.notify(about('tried'));
      await clock.idle();
      await notifier.notify(about('waits'));
      await clock.idle();
      expect(pager.incidents).toHaveLength(0);
      await notifier.sendTest('pager');
      await clock.idle();
      expect(pager.incidents.filter(({ state }) => state === 'triggered')).toHaveLength(2);
    });
  });
});
