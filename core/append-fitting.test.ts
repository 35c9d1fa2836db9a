import { expect, it } from 'vitest';
import { appendFitting } from './append-fitting.js';
import { PipelineError } from './errors.js';
import type { LogRecord } from './log.js';
import { decodeLogEvents } from './otlp/decode-log-events.js';
import { decodeSpans } from './otlp/decode-spans.js';
import { encodeLogs } from './otlp/logs.test-support.js';
import { splitByTrace } from './otlp/split-by-trace.js';
import { splitLogsByTrace } from './otlp/split-logs-by-trace.js';
import { encodeRequest, toPlainSpan, type SpanModel } from './otlp/testing.test-support.js';

const TRACE = '5b8efff798038103d269b633813fc60c';

function span(n: number, attributes: SpanModel['attributes'], more: Partial<SpanModel> = {}): SpanModel {
  return {
    traceId: TRACE,
    spanId: n.toString(16).padStart(16, '0'),
    name: `step ${n}`,
    attributes: attributes!,
    ...more,
  };
}

function recordOf(request: Parameters<typeof encodeRequest>[0]): LogRecord {
  const [only, ...others] = splitByTrace(encodeRequest(request), { tenant: 'acme' }).records;
  expect(others).toEqual([]);
  return { topic: 'spans', key: TRACE, value: only!.bytes, headers: { 'assay.tenant': 'acme' } };
}

/** A bus that takes records of at most so many bytes. */
function bus(mostBytes: number) {
  const taken: LogRecord[] = [];
  return {
    taken,
    append: async (record: LogRecord) => {
      if (record.value.length > mostBytes) throw new PipelineError('RECORD_TOO_LARGE', 'too large');
      taken.push(record);
    },
  };
}

it('divides a record into as many as the bus takes, with every span as it was, in order and under one key', async () => {
  const text = 'x'.repeat(3_000);
  const spans = Array.from({ length: 40 }, (_, n) => span(n + 1, { 'gen_ai.input.messages': `${n} ${text}` }));
  const record = recordOf([
    {
      resource: { 'service.name': 'agent' },
      schemaUrl: 'https://a/1',
      scopes: [
        { name: 'first', version: '2', schemaUrl: 'https://b/1', spans: spans.slice(0, 7) },
        { name: 'second', spans: spans.slice(7, 25) },
      ],
    },
    { resource: { 'service.name': 'other' }, scopes: [{ name: 'third', spans: spans.slice(25) }] },
  ]);
  const { taken, append } = bus(20_000);
  const fitting = await appendFitting(record, append);
  expect(fitting).toEqual({ cut: 0, rejected: 0, records: taken.length });
  expect(taken.length).toBeGreaterThanOrEqual(7);
  expect(taken.length).toBeLessThan(16);
  for (const { topic, key, headers } of taken)
    expect([topic, key, headers]).toEqual(['spans', TRACE, { 'assay.tenant': 'acme' }]);
  expect(taken.flatMap(({ value }) => decodeSpans(value).map(toPlainSpan))).toEqual(
    decodeSpans(record.value).map(toPlainSpan),
  );
});

it('cuts the longest texts of a span that is too large alone, by whole characters, and says how long they were', async () => {
  const long = '€'.repeat(30_000);
  const record = recordOf([
    {
      resource: { 'service.name': 'agent' },
      scopes: [
        {
          spans: [
            span(
              1,
              { long, short: 'y'.repeat(2_000), number: 7, list: ['z'.repeat(50_000), 'a'] },
              {
                statusMessage: 'e'.repeat(60_000),
                events: [{ name: 'exception', timeNs: 5n, attributes: { 'exception.stacktrace': 's'.repeat(70_000) } }],
              },
            ),
          ],
        },
      ],
    },
  ]);
  const { taken, append } = bus(100_000);
  expect(await appendFitting(record, append)).toEqual({ cut: 1, rejected: 0, records: 1 });
  expect(taken[0]!.value.length).toBeGreaterThan(60_000);
  const [one] = decodeSpans(taken[0]!.value);
  const { attributes, statusMessage, events, resource } = one!;
  expect(attributes.get('long')).toMatch(/^€{5000,}…\[cut by Assay: 90000 bytes\]$/);
  expect(attributes.get('short')).toBe('y'.repeat(2_000));
  expect(attributes.get('number')).toBe(7);
  const [first, second] = attributes.get('list') as readonly string[];
  expect(first).toMatch(/^z+…\[cut by Assay: 50000 bytes\]$/);
  expect(second).toBe('a');
  expect(statusMessage).toMatch(/^e+…\[cut by Assay: 60000 bytes\]$/);
  expect(events[0]?.attributes.get('exception.stacktrace')).toMatch(/^s+…\[cut by Assay: 70000 bytes\]$/);
  expect(resource.get('assay.tenant')).toBe('acme');
  // All of about one length: none is cut to nothing for the sake of another.
  const lengths = [attributes.get('long'), first, statusMessage].map((text) => Buffer.byteLength(text as string));
  expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThan(100);
});

it('rejects only the span that no cut makes small enough', async () => {
  const names = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`attribute ${n} ${'k'.repeat(100)}`, n]));
  const record = recordOf([{ scopes: [{ spans: [span(1, {}), span(2, names), span(3, {})] }] }]);
  const { taken, append } = bus(20_000);
  expect(await appendFitting(record, append)).toEqual({ cut: 0, rejected: 1, records: taken.length });
  expect(taken.flatMap(({ value }) => decodeSpans(value).map(({ name }) => name))).toEqual(['step 1', 'step 3']);
});

it('does the same with log records', async () => {
  const logs = [1, 2, 3].map((n) => ({
    ...{ traceId: TRACE, spanId: '0102030405060708', timeNs: BigInt(n), eventName: 'gen_ai.user.message' },
    body: { content: `${n} ${'w'.repeat(n === 2 ? 90_000 : 9_000)}` },
  }));
  const [one] = splitLogsByTrace(encodeLogs(...logs), { tenant: 'acme' }).records;
  const { taken, append } = bus(30_000);
  const record: LogRecord = { topic: 'logs', key: one!.key, value: one!.bytes };
  expect(await appendFitting(record, append)).toEqual({ cut: 1, rejected: 0, records: taken.length });
  const bodies = taken.flatMap(({ value }) => decodeLogEvents(value).map(({ body }) => JSON.stringify(body)));
  expect(bodies).toHaveLength(3);
  expect(bodies[1]).toMatch(/2 w+…\[cut by Assay: 90002 bytes\]/);
  expect(bodies[2]).toContain(`3 ${'w'.repeat(9_000)}`);
});

it('hands on that the bus is away, and leaves the rest unsent', async () => {
  const record = recordOf([{ scopes: [{ spans: [span(1, {}), span(2, {})] }] }]);
  const away = new PipelineError('BUS_UNAVAILABLE', 'away');
  await expect(appendFitting(record, () => Promise.reject(away))).rejects.toBe(away);
});
