import type { AlarmTransition } from '../../core/alarm.js';
import type { Occasion } from '../attempt.js';
import type { ChannelConfig } from '../config.js';
import { linksOf, type Link } from '../links.js';
import { safeDetails, safeText } from '../safe-text.js';
import { isoTime, JSON_HEADERS, type Notification, type Sender } from './sender.js';

/** One message a second for each webhook. @see https://docs.slack.dev/apis/web-api/rate-limits */
const PACE_MS = 1_000;
const HOUR_MS = 3_600_000;
/** Of Block Kit. @see https://docs.slack.dev/reference/block-kit/blocks */
const MAX = { header: 150, text: 3_000, field: 300, fieldsOfSection: 10, details: 14 } as const;

type SlackConfig = Extract<ChannelConfig, { kind: 'slack' }>;

/**
 * An incoming webhook of Slack: one message for each transition, since a webhook can neither change nor answer one.
 * Whatever may come from a trace is `plain_text`, in which Slack looks for no markup; only links of the settings are mrkdwn.
 */
export function createSlackSender(config: SlackConfig, links: Readonly<Record<string, string>>): Sender {
  return {
    paceMs: PACE_MS,
    reassertEveryMs: config.reassertHours * HOUR_MS,
    reassertedStates: ['firing'],
    secrets: [config.url],
    tell: (notification) => ({
      url: config.url.reveal(),
      headers: JSON_HEADERS,
      body: JSON.stringify(toMessage(notification, links)),
    }),
  };
}

/** @see https://docs.slack.dev/messaging/formatting-message-text: these three, and no others. */
export function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function toMessage({ transition, occasion }: Notification, links: Readonly<Record<string, string>>): object {
  const { summary, severity, rule, alarmId } = transition;
  const title = `${titleOf(transition, occasion)} · ${severity} · ${rule}`;
  return {
    // What a phone shows.
    text: shown(`${title}: ${summary}`, MAX.text),
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: plain(title, MAX.header) },
      { type: 'section', text: plain(summary, MAX.text) },
      ...sections(transition),
      ...buttons(linksOf(transition, links)),
      { type: 'context', elements: [plain(`Assay · ${alarmId}`, MAX.field)] },
    ],
  };
}

function titleOf({ state }: AlarmTransition, occasion: Occasion): string {
  const title = {
    firing: occasion === 'reassertion' ? 'Still firing' : 'Firing',
    acknowledged: 'Acknowledged',
    resolved: 'Resolved',
  }[state];
  return occasion === 'test' ? `Test · ${title}` : title;
}

function sections({ subject, startedAtMs, details }: AlarmTransition): readonly object[] {
  const { service, release, environment, criterion, tenant } = subject;
  const facts = { service, release, environment, criterion, tenant, since: isoTime(startedAtMs) };
  const fields = [...Object.entries(facts), ...safeDetails(details, MAX.details)]
    .filter(([, value]) => value !== '')
    .map(([name, value]) => plain(`${name}: ${value}`, MAX.field));
  const count = Math.ceil(fields.length / MAX.fieldsOfSection);
  return Array.from({ length: count }, (_, at) => ({
    type: 'section',
    fields: fields.slice(at * MAX.fieldsOfSection, (at + 1) * MAX.fieldsOfSection),
  }));
}

/** A link that finds no room is left out whole. */
function buttons(links: readonly Link[]): readonly object[] {
  let text = '';
  for (const { href, text: label } of links) {
    const link = `<${escapeSlack(href).replaceAll('|', '%7C')}|${shown(label, 80).replaceAll('|', '/')}>`;
    const longer = text === '' ? link : `${text} · ${link}`;
    if (longer.length <= MAX.text) text = longer;
  }
  return text === '' ? [] : [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }];
}

function plain(text: string, most: number): object {
  // Slack refuses an empty text.
  return { type: 'plain_text', emoji: false, text: shown(text, most) || '-' };
}

/** Escaped, at most so many characters long then, and with no address that a client would make a link of. */
function shown(text: string, most: number): string {
  const safe = safeText(text, most).replaceAll('://', '[:]//');
  let escaped = escapeSlack(safe);
  for (let room = most; escaped.length > most; escaped = escapeSlack(safeText(safe, room)))
    room = Math.floor((room * most) / escaped.length);
  return escaped;
}
