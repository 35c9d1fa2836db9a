import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SEVERITIES } from '../../core/alarm.js';
import { Secret } from '../../core/secret.js';
import { createPagerdutyReceiver } from '../../test/helpers/pagerduty-receiver.js';
import { notifierConfig } from '../config.js';
import { makeTransition, START_MS } from '../world.test-support.js';
import { createSender } from './create-sender.js';
import { ATTACKS, FORBIDDEN, hostileTransition, textsOf } from './hostile.test-support.js';
import { MAX_EVENT_BYTES } from './pagerduty.js';
import type { Notification, Sender } from './sender.js';
import { escapeSlack } from './slack.js';
import { sign } from './webhook.js';

const CHANNELS = {
  pagerduty: { kind: 'pagerduty', routingKey: 'a1b2c3d4e5f60718293a4b5c6d7e8f90' },
  slack: { kind: 'slack', url: 'https://hooks.slack.test/services/T0/B0/secret' },
  alertmanager: {
    kind: 'alertmanager',
    url: 'http://alertmanager.test/prefix/',
    headers: { Authorization: 'Bearer t' },
  },
  webhook: {
    kind: 'webhook',
    url: 'https://receiver.test/hook?tenant=1',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  },
};
const LINKS = { Dashboard: 'https://grafana.test/d/assay?var-service={service}&var-release={release}' };

const senderOf = (kind: keyof typeof CHANNELS, links = LINKS): Sender => {
  const { channels } = notifierConfig.parse({ channels: { it: CHANNELS[kind] } });
  return createSender(channels['it']!, links);
};
const notification = (
  changes: Parameters<typeof makeTransition>[0] = {},
  more: Partial<Notification> = {},
): Notification => ({
  transition: makeTransition(changes),
  occasion: 'transition',
  openAs: [],
  nowMs: START_MS + 1_500,
  ...more,
});
const bodyOf = (kind: keyof typeof CHANNELS, ...args: Parameters<typeof notification>): Record<string, unknown> =>
  JSON.parse(senderOf(kind).tell(notification(...args)).body) as Record<string, unknown>;

describe.each(Object.keys(CHANNELS) as (keyof typeof CHANNELS)[])('what goes to %s', (kind) => {
  const sender = senderOf(kind);

  it('hides nothing, mentions nobody and begins no markup, whatever a trace holds', () => {
    fc.assert(
      fc.property(hostileTransition, fc.constantFrom('transition', 'reassertion', 'test'), (transition, occasion) => {
        const { body } = sender.tell({ transition, occasion, openAs: [...SEVERITIES], nowMs: START_MS });
        const texts = textsOf(JSON.parse(body));
        for (const text of texts) {
          // Slack's own link is made of the settings alone.
          const own = kind === 'slack' ? text.replace(/^<https:\/\/grafana\.test\/[^<>|]*\|Dashboard>$/, '') : text;
          expect(own).not.toMatch(FORBIDDEN);
        }
      }),
      { seed: 5, numRuns: 150 },
    );
  });

  it.each(ATTACKS)('says %j harmlessly', (attack) => {
    const changes = { summary: attack, details: { [attack]: attack } };
    for (const text of textsOf(bodyOf(kind, changes))) {
      if (kind === 'slack' && text.startsWith('<https://grafana.test/')) continue;
      expect(text).not.toMatch(FORBIDDEN);
    }
  });

  it('is the same for the same notification', () => {
    expect(sender.tell(notification())).toEqual(sender.tell(notification()));
  });
});

describe('PagerDuty', () => {
  it('takes every event, whatever a trace holds', () => {
    const sender = senderOf('pagerduty');
    fc.assert(
      fc.property(hostileTransition, (transition) => {
        // No summary at all is a fault of the gate.
        fc.pre(/\S/.test(transition.summary.replace(FORBIDDEN, '')));
        const { url, headers, body } = sender.tell({ ...notification(), transition });
        const answer = createPagerdutyReceiver().take({
          path: new URL(url).pathname,
          headers,
          body: Buffer.from(body),
        });
        expect(answer).toMatchObject({ status: 202 });
      }),
      { seed: 13, numRuns: 150 },
    );
  });

  it('is told what broke, where, since when, and where to look', () => {
    expect(bodyOf('pagerduty')).toEqual({
      routing_key: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
      event_action: 'trigger',
      dedup_key: makeTransition().alarmId,
      payload: {
        summary: 'Release 1.5.0 of booking-agent fails more often than 1.4.0.',
        source: 'booking-agent',
        severity: 'error',
        timestamp: '2026-11-22T08:00:00.000Z',
        component: '1.5.0',
        group: 'prod',
        class: 'regression',
        custom_details: {
          evidence: 104.2,
          threshold: 100,
          baseline: '1.4.0',
          rule: 'regression',
          tenant: 'default',
          service: 'booking-agent',
          release: '1.5.0',
          environment: 'prod',
          criterion: 'task',
          since: '2026-11-22T07:50:00.000Z',
        },
      },
      client: 'Assay',
      links: [{ text: 'Dashboard', href: 'https://grafana.test/d/assay?var-service=booking-agent&var-release=1.5.0' }],
    });
  });

  it('hears nothing but the key of an acknowledgement and of an end', () => {
    const key = { routing_key: CHANNELS.pagerduty.routingKey, dedup_key: makeTransition().alarmId };
    expect(bodyOf('pagerduty', { state: 'acknowledged' })).toEqual({ ...key, event_action: 'acknowledge' });
    expect(bodyOf('pagerduty', { state: 'resolved' })).toEqual({ ...key, event_action: 'resolve' });
  });

  it('has the same key whatever was measured and whenever', () => {
    const later = {
      sequence: 9,
      summary: 'other',
      details: { evidence: 7 },
      atMs: 0,
      startedAtMs: 0,
      severity: 'info',
    } as const;
    expect(bodyOf('pagerduty', later)['dedup_key']).toBe(bodyOf('pagerduty')['dedup_key']);
  });

  it('gets an event without details when they would make it too large', () => {
    const details = Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`${at}`, '會'.repeat(2_000)]));
    const small = senderOf('pagerduty').tell(notification({ details })).body;
    expect(Buffer.byteLength(small)).toBeGreaterThan(300_000);
    const links = Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [`${at}`, `https://x.test/${'y'.repeat(5_000)}`]),
    );
    const { body } = senderOf('pagerduty', links as unknown as typeof LINKS).tell(notification({ details }));
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(JSON.parse(body)).toMatchObject({
      payload: { custom_details: { error: 'left out: the event was larger than 512000 bytes' } },
    });
  });

  it('is told of a release as a change event', () => {
    const release = { tenant: 'default', service: 'booking-agent', release: '1.5.0', environment: 'prod' };
    const summary = 'Release 1.5.0 of booking-agent takes traffic.';
    const { url, headers, body } = senderOf('pagerduty').tellRelease!({ ...release, summary, atMs: START_MS });
    const pagerduty = createPagerdutyReceiver();
    expect(url).toBe('https://events.pagerduty.com/v2/change/enqueue');
    expect(pagerduty.take({ path: new URL(url).pathname, headers, body: Buffer.from(body) }).status).toBe(202);
    expect(pagerduty.changes).toMatchObject([
      { payload: { summary, source: 'booking-agent', timestamp: '2026-11-22T08:00:00.000Z', custom_details: release } },
    ]);
  });
});

describe('Slack', () => {
  it('gets no block that it would refuse', () => {
    const sender = senderOf('slack');
    fc.assert(
      fc.property(hostileTransition, (transition) => {
        const { blocks, text, mrkdwn } = JSON.parse(sender.tell({ ...notification(), transition }).body) as {
          readonly text: string;
          readonly mrkdwn: boolean;
          readonly blocks: readonly {
            type: string;
            text?: Text;
            fields?: readonly Text[];
            elements?: readonly Text[];
          }[];
        };
        expect(mrkdwn).toBe(false);
        expect(text.length).toBeLessThanOrEqual(3_000);
        expect(blocks.length).toBeLessThanOrEqual(50);
        for (const block of blocks) {
          const parts = [...(block.text ? [block.text] : []), ...(block.fields ?? []), ...(block.elements ?? [])];
          expect((block.fields ?? []).length).toBeLessThanOrEqual(10);
          for (const part of parts) {
            expect(part.text.length).toBeGreaterThan(0);
            expect(part.text.length).toBeLessThanOrEqual(block.type === 'header' ? 150 : block.fields ? 2_000 : 3_000);
            if (part.type === 'mrkdwn') expect(part.text).toMatch(/^<https:\/\/grafana\.test\/[^<>|]*\|Dashboard>$/);
            // Nothing but the three entities, and no address to make a link of.
            else expect(part.text.replace(/&(?:amp|lt|gt);/g, '')).not.toMatch(/[&<>]|:\/\//);
          }
        }
      }),
      { seed: 17, numRuns: 150 },
    );
    interface Text {
      readonly type: string;
      readonly text: string;
    }
  });

  it('gets one message that says what, how bad, and whether it still is', () => {
    const titles = [
      bodyOf('slack'),
      bodyOf('slack', {}, { occasion: 'reassertion' }),
      bodyOf('slack', { state: 'acknowledged' }),
      bodyOf('slack', { state: 'resolved' }),
      bodyOf('slack', {}, { occasion: 'test' }),
    ].map(({ text }) => String(text).split(':')[0]);
    expect(titles).toEqual([
      'Firing · error · regression',
      'Still firing · error · regression',
      'Acknowledged · error · regression',
      'Resolved · error · regression',
      'Test · Firing · error · regression',
    ]);
  });

  it('escapes three characters and no others', () => {
    expect(escapeSlack(`a & b < c > d "e" 'f' *g*`)).toBe(`a &amp; b &lt; c &gt; d "e" 'f' *g*`);
  });
});

describe('Alertmanager', () => {
  const alerts = (...args: Parameters<typeof notification>) =>
    bodyOf('alertmanager', ...args) as unknown as readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
      readonly startsAt: string;
      readonly endsAt: string;
    }[];

  it('is told until when the alarm holds, with labels that no value changes', () => {
    const [alert, ...others] = alerts();
    expect(others).toEqual([]);
    expect(alert).toEqual({
      labels: {
        alertname: 'regression',
        severity: 'error',
        kind: 'regression',
        tenant: 'default',
        service: 'booking-agent',
        release: '1.5.0',
        environment: 'prod',
        criterion: 'task',
        alarm_id: makeTransition().alarmId,
      },
      annotations: {
        evidence: '104.2',
        threshold: '100',
        baseline: '1.4.0',
        summary: 'Release 1.5.0 of booking-agent fails more often than 1.4.0.',
        state: 'firing',
      },
      startsAt: '2026-11-22T07:50:00.000Z',
      endsAt: '2026-11-22T09:00:01.500Z',
      generatorURL: 'https://grafana.test/d/assay?var-service=booking-agent&var-release=1.5.0',
    });
    expect(alerts({ details: { evidence: 1 }, summary: 'x', atMs: START_MS + 5 })[0]!.labels).toEqual(alert!.labels);
  });

  it('is told of the end under every severity that it may have', () => {
    const ends = alerts({ state: 'resolved', severity: 'warning' }, { openAs: ['critical', 'warning'] });
    expect(ends.map(({ labels, endsAt }) => [labels['severity'], endsAt])).toEqual([
      ['warning', '2026-11-22T08:00:00.000Z'],
      ['critical', '2026-11-22T08:00:00.000Z'],
    ]);
  });

  it('has one alert under the new severity when it changes', () => {
    const changed = alerts({ severity: 'critical' }, { openAs: ['error', 'critical'] });
    expect(changed.map(({ labels, endsAt }) => [labels['severity'], endsAt > '2026-11-22T08:00:01.500Z'])).toEqual([
      ['critical', true],
      ['error', false],
    ]);
  });

  it('gets names and times that it takes, whatever a trace holds', () => {
    fc.assert(
      fc.property(hostileTransition, (transition) => {
        const message = senderOf('alertmanager').tell({ ...notification(), transition });
        for (const { labels, annotations, startsAt, endsAt } of JSON.parse(message.body) as ReturnType<typeof alerts>) {
          for (const name of [...Object.keys(labels), ...Object.keys(annotations)])
            expect(name).toMatch(/^[a-zA-Z_][a-zA-Z0-9_]*$/);
          for (const value of Object.values(labels)) expect(value).not.toBe('');
          expect(endsAt >= startsAt).toBe(true);
        }
      }),
      { seed: 19, numRuns: 200 },
    );
  });

  it('is reached below its prefix, with the headers of the settings', () => {
    const { url, headers } = senderOf('alertmanager').tell(notification());
    expect(url).toBe('http://alertmanager.test/prefix/api/v2/alerts');
    expect(headers).toEqual({ authorization: 'Bearer t', 'content-type': 'application/json' });
  });
});

describe('a webhook', () => {
  it('is signed as Standard Webhooks says, by its published example', () => {
    // The example of the reference libraries, such as libraries/python/tests/test_webhooks.py.
    const parts = ['msg_p5jXN8AQM9LWM0D4loKWxJek', '1614265330', '{"test": 2432232314}'];
    const secret = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    expect(sign(secret, parts)).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  });

  it('can be verified from its headers and its body alone', () => {
    const { headers, body, url } = senderOf('webhook').tell(notification());
    expect(url).toBe(CHANNELS.webhook.url);
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers;
    expect(id).toBe(`${makeTransition().alarmId}-1`);
    expect(timestamp).toBe(String(Math.floor(START_MS / 1_000) + 1));
    const key = Buffer.from(CHANNELS.webhook.secret.slice('whsec_'.length), 'base64');
    const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    expect(signature).toBe(`v1,${expected}`);
  });

  it('tells each step with all that is known of it', () => {
    expect(bodyOf('webhook', { sequence: 2, state: 'resolved' })).toMatchObject({
      type: 'alarm.resolved',
      timestamp: '2026-11-22T08:00:00.000Z',
      data: {
        alarmId: makeTransition().alarmId,
        sequence: 2,
        severity: 'error',
        subject: { service: 'booking-agent', release: '1.5.0' },
        details: { evidence: 104.2, threshold: 100, baseline: '1.4.0' },
      },
    });
  });

  it('takes a secret that is no base64 as it is', () => {
    const expected = createHmac('sha256', 'sesame').update('a.1.b').digest('base64');
    expect(sign(new Secret('sesame'), ['a', '1', 'b'])).toBe(`v1,${expected}`);
  });
});
