import { z } from 'zod';
import type { SinkRequest } from './otlp-sink.js';

/** What PagerDuty makes of what it is sent. */
export interface PagerdutyReceiver {
  readonly incidents: readonly Incident[];
  readonly changes: readonly ChangeEvent[];
  /**
   * Takes one request as the public schema says.
   * @returns its answer; 400 names the fields that do not fit
   */
  take(request: Pick<SinkRequest, 'path' | 'headers' | 'body'>): { readonly status: number; readonly body: string };
}

/** An incident lives from the first trigger of its key to its resolve. */
export interface Incident {
  readonly key: string;
  readonly state: 'triggered' | 'acknowledged' | 'resolved';
  /** Of the last trigger. */
  readonly summary: string;
  readonly severity: string;
  /** Events that were taken for it. */
  readonly events: readonly string[];
}

export type ChangeEvent = z.output<typeof changeEvent>;

const MAX_EVENT_BYTES = 512_000;
const link = z.strictObject({ href: z.url(), text: z.string().optional() });
const image = z.strictObject({
  src: z.url({ protocol: /^https$/ }),
  href: z.url().optional(),
  alt: z.string().optional(),
});
const routingKey = z.string().regex(/^[0-9a-zA-Z]{32}$/);
const summary = z.string().min(1).max(1_024);
const dedupKey = z.string().min(1).max(255);
const timestamp = z.iso.datetime({ offset: true });
const beside = { links: z.array(link).optional(), images: z.array(image).optional() };

/**
 * The rules of the public schema, with the lengths that its prose and the REST API give.
 * @see PagerDuty/api-schema, reference/events-v2/openapiv3.json
 */
const alertEvent = z.discriminatedUnion('event_action', [
  z.strictObject({
    routing_key: routingKey,
    event_action: z.literal('trigger'),
    dedup_key: dedupKey.optional(),
    payload: z.strictObject({
      summary,
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: timestamp.optional(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.record(z.string(), z.unknown()).optional(),
    }),
    client: z.string().optional(),
    client_url: z.url().optional(),
    ...beside,
  }),
  z.strictObject({
    routing_key: routingKey,
    event_action: z.enum(['acknowledge', 'resolve']),
    dedup_key: dedupKey,
  }),
]);

/** @see https://developer.pagerduty.com/docs/send-change-event */
const changeEvent = z.strictObject({
  routing_key: routingKey,
  payload: z.strictObject({
    summary,
    source: z.string().optional(),
    timestamp: timestamp.optional(),
    custom_details: z.record(z.string(), z.unknown()).optional(),
  }),
  ...beside,
});

/** Receives events as PagerDuty does: refuses what its schema refuses, and keeps one incident for each key that is open. */
export function createPagerdutyReceiver(): PagerdutyReceiver {
  const incidents: { -readonly [Field in keyof Incident]: Incident[Field] }[] = [];
  const changes: ChangeEvent[] = [];
  const takeAlert = (event: z.output<typeof alertEvent>): void => {
    const key = event.dedup_key ?? `generated-${incidents.length}`;
    let incident = incidents.find((one) => one.key === key && one.state !== 'resolved');
    if (event.event_action === 'trigger') {
      if (incident === undefined) {
        incident = { key, state: 'triggered', summary: '', severity: '', events: [] };
        incidents.push(incident);
      }
      incident.summary = event.payload.summary;
      incident.severity = event.payload.severity;
    } else if (incident !== undefined) {
      incident.state = event.event_action === 'resolve' ? 'resolved' : 'acknowledged';
    }
    if (incident !== undefined) incident.events = [...incident.events, event.event_action];
  };
  return {
    incidents,
    changes,
    take({ path, headers, body }) {
      if (path !== '/v2/enqueue' && path !== '/v2/change/enqueue') return { status: 404, body: 'no such path' };
      const faults: string[] = [];
      if (!/^application\/json\b/.test(headers['content-type'] ?? '')) faults.push('content-type');
      if (body.length > MAX_EVENT_BYTES) faults.push('size');
      const json = parse(body);
      const parsed = (path === '/v2/enqueue' ? alertEvent : changeEvent).safeParse(json);
      if (!parsed.success)
        faults.push(...parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
      if (faults.length > 0) return refusal(faults);
      if (path === '/v2/enqueue') takeAlert(parsed.data as z.output<typeof alertEvent>);
      else changes.push(parsed.data as ChangeEvent);
      return { status: 202, body: JSON.stringify({ status: 'success', message: 'Event processed' }) };
    },
  };
}

function refusal(errors: readonly string[]): { readonly status: number; readonly body: string } {
  return { status: 400, body: JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors }) };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}
