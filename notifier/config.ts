import { z } from 'zod';
import { ALARM_KINDS, SEVERITIES } from '../core/alarm.js';
import { Secret } from '../core/secret.js';
import { isLinkTemplate, LINK_FIELDS } from './links.js';

const HOUR_MS = 3_600_000;
/** It is part of keys and of labels. */
const CHANNEL_NAME = /^[a-z0-9][a-z0-9-]{0,39}$/;

const url = z.string().refine(isPlainUrl, {
  error: 'expected an http or https URL without user, password and fragment, got another text',
});

const secretUrl = url.transform((text) => new Secret(text));

const secret = z
  .string()
  .min(1)
  .transform((text) => new Secret(text));

const filter = {
  minimumSeverity: z.enum(SEVERITIES).default('info').describe('Least urgent alarm that this channel is told of.'),
  kinds: z
    .array(z.enum(ALARM_KINDS))
    .min(1)
    .default([...ALARM_KINDS])
    .describe('Kinds of alarm that this channel is told of.'),
};

const reassertHours = z
  .number()
  .min(0)
  .max(720)
  .default(24)
  .describe('How often an alarm that is still firing is told again, in hours; 0 for never.');

const pagerduty = z.strictObject({
  kind: z.literal('pagerduty'),
  routingKey: secret.describe('Integration key of an Events API v2 integration.'),
  url: url
    .default('https://events.pagerduty.com')
    .describe('Where events go, without the path; https://events.eu.pagerduty.com for accounts in Europe.'),
  changeEvents: z.boolean().default(true).describe('Whether a new release is told as a change event.'),
  reassertHours,
  ...filter,
});

const slack = z.strictObject({
  kind: z.literal('slack'),
  url: secretUrl.describe('URL of an incoming webhook. It is a secret: who has it can post.'),
  reassertHours,
  ...filter,
});

const alertmanager = z.strictObject({
  kind: z.literal('alertmanager'),
  url: url.describe('Of Alertmanager, without /api/v2/alerts.'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]+$/), secret)
    .default({})
    .describe('Headers of every request, such as authorization. Values are secrets.'),
  reassertMs: z
    .int()
    .min(1_000)
    .max(HOUR_MS)
    .default(60_000)
    .describe('How often a firing alarm is posted again, in milliseconds, since Alertmanager forgets.'),
  holdMs: z
    .int()
    .min(10_000)
    .default(HOUR_MS)
    .describe('How long Alertmanager keeps an alarm firing that is not posted again, such as while Assay is away.'),
  ...filter,
});

const webhook = z.strictObject({
  kind: z.literal('webhook'),
  url: secretUrl.describe('Where each step of an alarm is posted to as JSON.'),
  secret: secret.describe('Key of the HMAC-SHA256 signature: `whsec_` and base64, or any other text as it is.'),
  reassertHours,
  ...filter,
});

const channel = z
  .discriminatedUnion('kind', [pagerduty, slack, alertmanager, webhook], {
    error: 'One of pagerduty, slack, alertmanager, webhook',
  })
  .refine((one) => one.kind !== 'alertmanager' || one.holdMs >= 2 * one.reassertMs, {
    path: ['holdMs'],
    error: 'expected at least twice reassertMs, or Alertmanager resolves an alarm between two posts',
  });

/** Settings of the notifier: who is told of alarms, and how it is tried again. */
export const notifierConfig = z
  .strictObject({
    channels: z
      .record(z.string(), channel)
      .superRefine((channels, context) => {
        const message = 'expected a name of at most 40 lower-case letters, digits and hyphens, got another text';
        for (const name of Object.keys(channels))
          if (!CHANNEL_NAME.test(name)) context.addIssue({ code: 'custom', path: [name], message });
      })
      .default({})
      .describe('Who is told of alarms, by a name of your choice.'),
    links: z
      .record(
        z.string().min(1).max(80),
        z.string().refine(isLinkTemplate, {
          error: `expected an http or https URL in which only {${LINK_FIELDS.join('}, {')}} are filled in`,
        }),
      )
      .default({})
      .describe('Links beside each alarm, by their text, such as a dashboard with {service} and {release} filled in.'),
    timeoutMs: z.int().positive().max(600_000).default(10_000).describe('Longest wait for one answer.'),
    backoffMs: z
      .int()
      .positive()
      .max(HOUR_MS)
      .default(1_000)
      .describe('Bound of the first wait after a failure; doubles each time, and the wait is drawn from below it.'),
    maxBackoffMs: z
      .int()
      .positive()
      .max(HOUR_MS)
      .default(300_000)
      .describe('Highest such bound. A longer Retry-After is honoured, up to a day.'),
    overdueAfterMs: z
      .int()
      .positive()
      .default(900_000)
      .describe('Age at which a notification that was tried in vain is told on another channel; it is still tried.'),
  })
  .refine(({ backoffMs, maxBackoffMs }) => maxBackoffMs >= backoffMs, {
    path: ['maxBackoffMs'],
    error: 'expected at least backoffMs',
  });

export type NotifierConfig = z.output<typeof notifierConfig>;
export type ChannelConfig = NotifierConfig['channels'][string];
export type ChannelKind = ChannelConfig['kind'];

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}
