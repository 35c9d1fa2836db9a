import { createHmac } from 'node:crypto';
import type { AlarmTransition } from '../../core/alarm.js';
import type { Secret } from '../../core/secret.js';
import type { ChannelConfig } from '../config.js';
import { linksOf } from '../links.js';
import { safeDetails, safeText } from '../safe-text.js';
import { isoTime, JSON_HEADERS, type Notification, type Sender } from './sender.js';

const HOUR_MS = 3_600_000;
const MAX_DETAILS = 60;

type WebhookConfig = Extract<ChannelConfig, { kind: 'webhook' }>;

/**
 * Any HTTP endpoint, signed as Standard Webhooks says: `webhook-id` is the same for the same transition, however often it
 * comes, and `webhook-signature` covers it, `webhook-timestamp` and the body.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function createWebhookSender(config: WebhookConfig, links: Readonly<Record<string, string>>): Sender {
  const { url, secret } = config;
  return {
    paceMs: 0,
    reassertEveryMs: config.reassertHours * HOUR_MS,
    reassertedStates: ['firing'],
    secrets: [url, secret],
    tell(notification) {
      const { alarmId, sequence } = notification.transition;
      const id = `${alarmId}-${sequence}`;
      const timestamp = String(Math.floor(notification.nowMs / 1_000));
      const body = JSON.stringify(toBody(notification, links));
      const signature = sign(secret, [id, timestamp, body]);
      return {
        url: url.reveal(),
        headers: {
          ...JSON_HEADERS,
          'webhook-id': id,
          'webhook-timestamp': timestamp,
          'webhook-signature': signature,
        },
        body,
      };
    },
  };
}

/** `v1,` and the HMAC-SHA256, in base64, of the parts joined by full stops. */
export function sign(secret: Secret, parts: readonly string[]): string {
  return `v1,${createHmac('sha256', keyOf(secret)).update(parts.join('.')).digest('base64')}`;
}

function keyOf(secret: Secret): Buffer {
  const text = secret.reveal();
  return text.startsWith('whsec_') ? Buffer.from(text.slice('whsec_'.length), 'base64') : Buffer.from(text);
}

function toBody({ transition, occasion }: Notification, links: Readonly<Record<string, string>>): object {
  const { alarmId, sequence, state, kind, rule, severity, startedAtMs, atMs } = transition;
  return {
    type: `alarm.${state}`,
    timestamp: isoTime(atMs),
    data: {
      ...{ occasion, alarmId, sequence, state, kind, rule, severity },
      subject: toSubject(transition),
      summary: safeText(transition.summary, 4_096),
      details: Object.fromEntries(safeDetails(transition.details, MAX_DETAILS)),
      startedAt: isoTime(startedAtMs),
      links: linksOf(transition, links),
    },
  };
}

function toSubject({ subject }: AlarmTransition): object {
  return Object.fromEntries(Object.entries(subject).map(([name, value]) => [name, safeText(String(value), 255)]));
}
