import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attributes } from '../core/attributes.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { packageRoot } from '../core/package-root.js';
import type { Span } from '../core/span.js';
import { attributeText } from '../core/attribute-text.js';
import { storeConfig } from './config.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { migrate } from './migrate.js';
import { spansRecord, traceIdOf } from './samples.test-support.js';
import { SPAN_COLUMNS, type StoredSpan, toSpan } from './span-from-row.js';
import { toSpanRows } from './span-row.test-support.js';

const FIXTURES = join(packageRoot(), 'test', 'fixtures', 'otlp');
const captures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('-traces.body.bin'),
);

const texts = (attributes: Attributes): Map<string, string> =>
  new Map([...attributes].map(([key, value]) => [key, attributeText(value)]));

/** The span with every attribute value as text, as a row holds it. */
function asText(span: Span): object {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    name: span.name,
    kind: span.kind,
    startNs: span.startNs,
    endNs: span.endNs,
    statusCode: span.statusCode,
    statusMessage: span.statusMessage,
    attributes: texts(span.attributes),
    events: span.events.map((event) => ({
      name: event.name,
      timeNs: event.timeNs,
      attributes: texts(event.attributes),
    })),
    links: span.links.map((link) => ({ ...link, attributes: texts(link.attributes) })),
    resource: texts(span.resource),
    scopeName: span.scopeName,
    scopeVersion: span.scopeVersion,
  };
}

describe('span rows', () => {
  let dataDirectory: string;
  let connection: StoreConnection;

  beforeAll(async () => {
    dataDirectory = await mkdtemp(join(tmpdir(), 'assay-store-'));
    connection = await openStoreConnection({ ...storeConfig.parse({}), dataDirectory });
    await migrate(connection);
  });

  afterAll(async () => {
    await connection.close();
    await rm(dataDirectory, { recursive: true, force: true });
  });

  async function roundTrip(spans: readonly Span[], acceptedAtMs: number): Promise<object[]> {
    await connection.run('TRUNCATE TABLE otel_traces');
    const lines = [...toSpanRows(spans, { tenant: 'acme', acceptedAtMs })].map((row) => JSON.stringify(row));
    await connection.insert({
      table: 'otel_traces',
      lines: lines.join('\n'),
      token: String(acceptedAtMs) + String(spans.length) + spans[0]!.spanId,
    });
    const rows = await connection.rows<StoredSpan>(`SELECT ${SPAN_COLUMNS} FROM otel_traces`);
    const bySpanId = new Map(rows.map((row) => [row.SpanId, asText(toSpan(row))]));
    return spans.map((span) => bySpanId.get(span.spanId)!);
  }

  it.each(captures)('keep everything of %s, on its day or years later', async (name) => {
    const spans = decodeSpans(readFileSync(join(FIXTURES, name)));
    const sent = spans.map((span) => ({ ...asText(span), resource: texts(span.resource).set('assay.tenant', 'acme') }));
    expect(spans.length).toBeGreaterThan(0);
    const startedMs = Number(spans[0]!.startNs / 1_000_000n);
    expect(await roundTrip(spans, startedMs)).toEqual(sent);
    // Clamped, and the original kept.
    expect(await roundTrip(spans, startedMs + 400 * 86_400_000)).toEqual(sent);
    const [row] = await connection.rows<{ days: number; kept: string }>(
      `SELECT dateDiff('day', min(Timestamp), fromUnixTimestamp64Milli(${startedMs + 400 * 86_400_000})) AS days,
         any(SpanAttributes['assay.original_timestamp']) AS kept FROM otel_traces`,
    );
    expect(row!.days).toBe(7);
    expect(row!.kept).toMatch(/^\d{19}$/);
  });

  it('keep a span that has not ended as one that has not', async () => {
    const [span] = decodeSpans(spansRecord(traceIdOf(1)).value);
    const open: Span = { ...plain(span!), endNs: 0n };
    const backwards: Span = { ...plain(span!), spanId: 'ffffffffffffffff', endNs: span!.startNs - 5n };
    const back = (await roundTrip([open, backwards], 1_760_000_000_000)) as { endNs: bigint }[];
    expect(back.map((item) => item.endNs)).toEqual([0n, span!.startNs - 5n]);
  });

  it('hold names, kinds and durations as the exporter writes them', () => {
    const [root, child] = toSpanRows(decodeSpans(spansRecord(traceIdOf(1)).value), {
      tenant: 'acme',
      acceptedAtMs: 1_760_000_000_000,
    });
    expect(root).toMatchObject({
      Timestamp: '1760000000.000000000',
      TraceId: traceIdOf(1),
      ParentSpanId: '',
      SpanKind: 'Internal',
      StatusCode: 'Unset',
      ServiceName: 'refunds',
      Duration: '250000000',
      SpanAttributes: { 'gen_ai.usage.input_tokens': '42' },
    });
    expect(child).toMatchObject({
      Timestamp: '1760000000.000000001',
      ParentSpanId: '0000000000000001',
      Duration: '249999999',
    });
  });

  it('name the tenant that the bus names, whatever the resource says', () => {
    const spans = decodeSpans(spansRecord(traceIdOf(1), { tenant: 'forged' }).value);
    expect([...toSpanRows(spans, { tenant: 'acme', acceptedAtMs: 0 })][0]!.ResourceAttributes['assay.tenant']).toBe(
      'acme',
    );
  });
});

function plain(span: Span): Span {
  const { traceId, spanId, parentSpanId, traceState, name, kind, startNs, endNs, statusCode, statusMessage } = span;
  const { attributes, events, links, resource, scopeName, scopeVersion } = span;
  return {
    ...{ traceId, spanId, parentSpanId, traceState, name, kind, startNs, endNs, statusCode, statusMessage },
    ...{ attributes, events, links, resource, scopeName, scopeVersion },
  };
}

describe('attribute text', () => {
  it.each([
    ['text', 'text'],
    [1.5, '1.5'],
    [12345678901234567890n, '12345678901234567890'],
    [true, 'true'],
    [null, ''],
    [new Uint8Array([1, 2, 255]), 'AQL/'],
    [['a', 1, 9007199254740993n, true, null, new Uint8Array([1])], '["a",1,9007199254740993,true,null,"AQ=="]'],
    [{ b: 1, a: { 'q"': ['<>'] } }, '{"a":{"q\\"":["<>"]},"b":1}'],
  ])('of %o is %s', (value, text) => {
    expect(attributeText(value)).toBe(text);
  });
});
