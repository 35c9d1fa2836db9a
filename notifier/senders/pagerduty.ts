import type { AlarmState, AlarmTransition } from '../../core/alarm.js';
import type { Release } from '../attempt.js';
import type { ChannelConfig } from '../config.js';
import { linksOf } from '../links.js';
import { safeDetails, safeFields, safeText } from '../safe-text.js';
import { below, isoTime, JSON_HEADERS, type Message, type Notification, type Sender } from './sender.js';

/** Of one event in JSON. PagerDuty takes no larger one. @see Prometheus Alertmanager, notify/pagerduty */
export const MAX_EVENT_BYTES = 512_000;
/** Of a summary. @see PagerDuty REST API, ChangeEvent.summary */
const MAX_SUMMARY = 1_024;
const MAX_DETAILS = 60;
const HOUR_MS = 3_600_000;

const ACTIONS: Readonly<Record<AlarmState, string>> = {
  firing: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
};

type PagerdutyConfig = Extract<ChannelConfig, { kind: 'pagerduty' }>;

/**
 * PagerDuty's Events API v2: one incident for each alarm, whose id is the deduplication key; releases as change events.
 * @see PagerDuty/api-schema, reference/events-v2/openapiv3.json
 */
export function createPagerdutySender(config: PagerdutyConfig, links: Readonly<Record<string, string>>): Sender {
  const { routingKey, changeEvents } = config;
  const toMessage = (path: string, event: object): Message => ({
    url: below(config.url, path),
    headers: JSON_HEADERS,
    body: JSON.stringify({ routing_key: routingKey.reveal(), ...event }),
  });
  return {
    paceMs: 0,
    reassertEveryMs: config.reassertHours * HOUR_MS,
    reassertedStates: ['firing'],
    secrets: [routingKey],
    tell(notification) {
      const event = toEvent(notification, links);
      const message = toMessage('/v2/enqueue', event);
      if (Buffer.byteLength(message.body) <= MAX_EVENT_BYTES) return message;
      return toMessage('/v2/enqueue', withoutDetails(event));
    },
    ...(changeEvents ? { tellRelease: (release) => toMessage('/v2/change/enqueue', toChange(release)) } : {}),
  };
}

function toEvent({ transition, occasion }: Notification, links: Readonly<Record<string, string>>) {
  const key = { event_action: ACTIONS[transition.state], dedup_key: transition.alarmId };
  // The other two are about an alert that is there, and change nothing of it.
  if (transition.state !== 'firing') return key;
  const { subject, severity, kind, atMs } = transition;
  const test = occasion === 'test' ? 'Test: ' : '';
  return {
    ...key,
    payload: {
      summary: safeText(`${test}${transition.summary}`, MAX_SUMMARY),
      source: safeText(subject.service, 255) || safeText(subject.tenant, 255) || 'assay',
      severity,
      timestamp: isoTime(atMs),
      ...safeFields({ component: subject.release, group: subject.environment }),
      class: kind,
      custom_details: toDetails(transition),
    },
    client: 'Assay',
    links: linksOf(transition, links),
  };
}

function toDetails({ rule, subject, startedAtMs, details }: AlarmTransition): object {
  return {
    ...Object.fromEntries(safeDetails(details, MAX_DETAILS)),
    ...safeFields({ rule, ...subject }),
    since: isoTime(startedAtMs),
  };
}

function withoutDetails(event: ReturnType<typeof toEvent>): object {
  if (!('payload' in event)) return event;
  const custom_details = { error: `left out: the event was larger than ${MAX_EVENT_BYTES} bytes` };
  return { ...event, payload: { ...event.payload, custom_details } };
}

function toChange({ tenant, service, release, environment, summary, atMs }: Release): object {
  return {
    payload: {
      summary: safeText(summary, MAX_SUMMARY),
      source: safeText(service, 255) || 'assay',
      timestamp: isoTime(atMs),
      custom_details: safeFields({ tenant, service, release, environment }),
    },
  };
}
