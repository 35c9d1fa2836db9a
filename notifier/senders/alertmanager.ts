import type { AlarmTransition, Severity } from '../../core/alarm.js';
import type { ChannelConfig } from '../config.js';
import { linksOf } from '../links.js';
import { safeDetails, safeFields, safeText } from '../safe-text.js';
import { below, isoTime, JSON_HEADERS, type Notification, type Sender } from './sender.js';

const MAX_DETAILS = 60;

type AlertmanagerConfig = Extract<ChannelConfig, { kind: 'alertmanager' }>;

/**
 * The v2 API of Alertmanager. Labels are the identity of an alert there, so they hold no value and no time. Each post says
 * until when the alert holds: without that, its `resolve_timeout` would resolve an alarm because Assay is away.
 * @see https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 */
export function createAlertmanagerSender(config: AlertmanagerConfig, links: Readonly<Record<string, string>>): Sender {
  const secrets = Object.values(config.headers);
  const headers = Object.fromEntries(
    Object.entries(config.headers).map(([name, value]) => [name.toLowerCase(), value.reveal()]),
  );
  return {
    paceMs: 0,
    reassertEveryMs: config.reassertMs,
    // It knows no acknowledgement: whoever has one still has the alarm.
    reassertedStates: ['firing', 'acknowledged'],
    secrets,
    tell: (notification) => ({
      url: below(config.url, '/api/v2/alerts'),
      headers: { ...headers, ...JSON_HEADERS },
      body: JSON.stringify(toAlerts(notification, config.holdMs, links)),
    }),
  };
}

function toAlerts(
  { transition, occasion, openAs, nowMs }: Notification,
  holdMs: number,
  links: Readonly<Record<string, string>>,
): readonly object[] {
  const { state, severity, startedAtMs, atMs } = transition;
  const endedAtMs = Math.max(startedAtMs, Math.min(atMs, nowMs));
  const [generator] = linksOf(transition, links);
  const alert = (as: Severity, untilMs: number): object => ({
    labels: toLabels(transition, as, occasion === 'test'),
    annotations: toAnnotations(transition),
    startsAt: isoTime(startedAtMs),
    endsAt: isoTime(untilMs),
    ...(generator === undefined ? {} : { generatorURL: generator.href }),
  });
  // The severity is a label, since routes go by it: under another one it is another alert, which has to end by itself.
  const others = openAs.filter((other) => other !== severity).map((other) => alert(other, endedAtMs));
  return [alert(severity, state === 'resolved' ? endedAtMs : nowMs + holdMs), ...others];
}

function toLabels({ rule, kind, alarmId, subject }: AlarmTransition, severity: Severity, isTest: boolean): object {
  const labels = { alertname: rule, severity, kind, ...subject, alarm_id: alarmId, test: isTest ? 'true' : '' };
  return safeFields(labels);
}

function toAnnotations({ summary, state, details }: AlarmTransition): object {
  return {
    ...Object.fromEntries(safeDetails(details, MAX_DETAILS).map(([name, value]) => [labelName(name), String(value)])),
    summary: safeText(summary, 1_024),
    state,
  };
}

/** Annotations are named as labels are: letters, digits and underscores, no digit first. */
function labelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d|$)/, '_');
}
