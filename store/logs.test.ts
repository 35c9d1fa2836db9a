import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { attributeText } from '../core/attribute-text.js';
import type { Attributes } from '../core/attributes.js';
import type { LogEvent } from '../core/log-event.js';
import { type StoredRecord, TENANT_HEADER, type Topic } from '../core/log.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { encodeLogs, encodeLogsRequest, type LogModel } from '../core/otlp/logs.test-support.js';
import { encodeRequest, type SpanModel } from '../core/otlp/testing.test-support.js';
import { packageRoot } from '../core/package-root.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { NOW_MS, traceIdOf } from './samples.test-support.js';
import { writeRecords } from './write-records.test-support.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { alterable } from './table-form.js';

const signal = new AbortController().signal;
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const DAY_MS = 86_400_000;
const CAPTURES = join(packageRoot(), 'test', 'fixtures', 'captures');
const [RUN, OTHER, THIRD] = [traceIdOf(1), traceIdOf(2), traceIdOf(3)];
const EVALUATION = 'gen_ai.evaluation.result';

const texts = (attributes: Attributes): Record<string, string> =>
  Object.fromEntries([...attributes].map(([key, value]) => [key, attributeText(value)]));

/** A log event with every value as text, as the store gives it. */
function asText(log: LogEvent): object {
  const { traceId, spanId, timeNs, severityNumber, severityText, name, scopeName, scopeVersion } = log;
  return {
    ...{ traceId, spanId, timeNs, severityNumber, severityText, name, scopeName, scopeVersion },
    body: log.body === null ? null : attributeText(log.body),
    attributes: texts(log.attributes),
    resource: { ...texts(log.resource), 'assay.tenant': 'acme' },
  };
}

describe.each(STORES)('log events in the store (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;
  let token = 0;

  beforeAll(async () => {
    store = await openTestStore(kind);
    connection = await openStoreConnection(store.options);
    reader = createStoreReader(store.options);
    await reader.start(signal);
  });

  beforeEach(async () => {
    for (const table of ['otel_traces', 'otel_traces_trace_id_ts', 'otel_logs'])
      await connection.run(`TRUNCATE TABLE ${alterable(table, connection.tableForm)}`);
  });

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await store.close();
  });

  async function write(
    topic: Topic,
    value: Uint8Array,
    { acceptedAtMs = NOW_MS, tenant = 'acme' } = {},
  ): Promise<void> {
    const record: StoredRecord = {
      ...{ topic, key: 'k', value, headers: { [TENANT_HEADER]: tenant }, partition: 0, offset: 0, acceptedAtMs },
    };
    await writeRecords(connection, [record], String(++token));
  }

  const writeLogs = (logs: readonly LogModel[], origin?: object): Promise<void> =>
    write('logs', encodeLogs(...logs.map((log) => ({ timeNs: NOW_NS, ...log }))), origin);
  const writeSpans = (spans: readonly SpanModel[], origin?: object): Promise<void> =>
    write(
      'spans',
      encodeRequest([
        { resource: { 'service.name': 'agent' }, scopes: [{ spans: spans.map((span) => ({ startNs: NOW_NS, endNs: NOW_NS, ...span })) }] }, // prettier-ignore
      ]),
      origin,
    );

  it('have the columns that the exporter of the OpenTelemetry Collector 0.161.0 creates', async () => {
    const columns = await connection.rows<{ name: string; type: string }>(
      `SELECT name, type FROM system.columns WHERE table = 'otel_logs' AND default_kind = ''
       AND database = currentDatabase() ORDER BY position`,
    );
    const map = 'Map(LowCardinality(String), String)';
    expect(columns.map(({ name, type }) => [name, type])).toEqual([
      ['Timestamp', 'DateTime64(9)'],
      ['TraceId', 'String'],
      ['SpanId', 'String'],
      ['TraceFlags', 'UInt8'],
      ['SeverityText', 'LowCardinality(String)'],
      ['SeverityNumber', 'UInt8'],
      ['ServiceName', 'LowCardinality(String)'],
      ['Body', 'String'],
      ['ResourceSchemaUrl', 'LowCardinality(String)'],
      ['ResourceAttributes', map],
      ['ScopeSchemaUrl', 'LowCardinality(String)'],
      ['ScopeName', 'String'],
      ['ScopeVersion', 'LowCardinality(String)'],
      ['ScopeAttributes', map],
      ['LogAttributes', map],
      ['EventName', 'String'],
    ]);
  });

  it.each(['otel-genai/03-logs.body.bin', 'feedback/03-logs.body.bin', 'mastra/02-logs.body.bin'])(
    'keep everything of %s, on its day or years later',
    async (name) => {
      const bytes = readFileSync(join(CAPTURES, name));
      const sent = decodeLogEvents(bytes);
      const startedMs = Number(sent[0]!.timeNs / 1_000_000n);
      for (const acceptedAtMs of [startedMs, startedMs + 400 * DAY_MS]) {
        await connection.run(`TRUNCATE TABLE ${alterable('otel_logs', connection.tableForm)}`);
        await write('logs', bytes, { acceptedAtMs });
        const back = (await reader.logsOfMany([...new Set(sent.map((log) => log.traceId))])).values();
        const byKey = (log: object): string => JSON.stringify(log, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)); // prettier-ignore
        const stored = [...back].flat().map(asText).map(byKey).sort();
        expect(stored).toEqual(sent.map(asText).map(byKey).sort());
        const [row] = await connection.rows<{ days: number }>(
          `SELECT dateDiff('day', min(Timestamp), fromUnixTimestamp64Milli(${acceptedAtMs})) AS days FROM otel_logs`,
        );
        expect(row!.days).toBe(acceptedAtMs === startedMs ? 0 : 7);
      }
    },
  );

  it('hold flags, schema URLs and the attributes of their scope as the exporter does', async () => {
    const logs = [{ traceId: RUN, timeNs: NOW_NS, eventName: 'gen_ai.choice', body: { b: 1, a: [true] } }];
    const scope = { name: 's', version: '2', schemaUrl: 'https://scope.example', logs };
    await write(
      'logs',
      encodeLogsRequest([{ resource: { 'service.name': 'agent' }, schemaUrl: 'https://r.example', scopes: [scope] }]),
    );
    const [row] = await connection.rows('SELECT * EXCEPT (Timestamp, ResourceAttributes) FROM otel_logs');
    expect(row).toEqual({
      ...{ TraceId: RUN, SpanId: '', TraceFlags: 0, SeverityText: '', SeverityNumber: 0, ServiceName: 'agent' },
      ...{
        Body: '{"a":[true],"b":1}',
        ResourceSchemaUrl: 'https://r.example',
        ScopeSchemaUrl: 'https://scope.example',
      },
      ...{ ScopeName: 's', ScopeVersion: '2', ScopeAttributes: {}, LogAttributes: {}, EventName: 'gen_ai.choice' },
    });
  });

  it('are read once each, though their sender sent them again, a year later too', async () => {
    const logs = [
      { traceId: RUN, spanId: 'eee19b7ec3c1b174', eventName: 'gen_ai.choice', body: { index: 0 } },
      // At the same time, of the same name, and not the same.
      { traceId: RUN, spanId: 'eee19b7ec3c1b174', eventName: 'gen_ai.choice', body: { index: 1 } },
      { traceId: RUN, eventName: 'gen_ai.choice', attributes: { index: 2 } },
      { traceId: RUN, eventName: 'gen_ai.choice', attributes: { index: 3 } },
    ];
    await writeLogs(logs);
    await writeLogs(logs);
    const old = [{ traceId: OTHER, eventName: 'gen_ai.choice', timeNs: 5n }];
    await writeLogs(old);
    await writeLogs(old, { acceptedAtMs: NOW_MS + 365 * DAY_MS });
    expect(await reader.logsOf('acme', RUN)).toHaveLength(4);
    expect((await reader.logsOf('acme', OTHER)).map((log) => [log.timeNs, log.attributes.size])).toEqual([[5n, 0]]);
    const [row] = await connection.rows<{ n: number }>('SELECT count() AS n FROM assay_logs');
    expect(row).toEqual({ n: 5 });
  });

  it('are of the tenant that is asked for, in order of time', async () => {
    const at = (ns: bigint): LogModel => ({ traceId: RUN, eventName: 'gen_ai.choice', timeNs: NOW_NS + ns });
    await writeLogs([at(2n), at(0n), at(1n)]);
    await writeLogs([at(7n)], { tenant: 'other' });
    const times = async (tenant?: string): Promise<bigint[]> =>
      (await reader.logsOf(tenant, RUN)).map((log) => log.timeNs - NOW_NS);
    expect([await times('acme'), await times('other'), await times()]).toEqual([[0n, 1n, 2n], [7n], [0n, 1n, 2n, 7n]]); // prettier-ignore
    expect(await reader.logsOf('acme', THIRD)).toEqual([]);
    expect(await reader.logsOfMany([])).toEqual(new Map());
  });

  it('that evaluate a response of a run are found, whatever they are keyed by', async () => {
    const of = (responseId: string, more: LogModel = {}): LogModel => ({
      eventName: EVALUATION,
      attributes: { 'gen_ai.response.id': responseId, 'gen_ai.evaluation.name': responseId },
      ...more,
    });
    await writeLogs([of('r-1'), of('r-2', { traceId: OTHER }), of('r-3'), of('r-1', { eventName: 'gen_ai.choice' })]);
    // Of the run itself: it is among its log events already.
    await writeLogs([of('r-1', { traceId: RUN })]);
    await writeLogs([of('r-1')], { tenant: 'other' });
    await writeLogs([of('r-1')]);
    const { logs, spans } = await reader.feedbackFor({ tenant: 'acme', traceId: RUN, responseIds: ['r-1', 'r-2'] });
    expect(logs.map((log) => [log.traceId, log.attributes.get('gen_ai.evaluation.name')]).sort()).toEqual([
      ['', 'r-1'],
      [OTHER, 'r-2'],
    ]);
    expect(spans).toEqual([]);
    expect((await reader.feedbackFor({ tenant: 'acme', traceId: RUN, responseIds: [] })).logs).toEqual([]);
  });

  it('come as feedback with the spans of other traces that link to the run, and with no others', async () => {
    const link = { traceId: RUN, spanId: 'eee19b7ec3c1b174', attributes: {} };
    const later = { startNs: NOW_NS + 30n * 86_400_000_000_000n, endNs: NOW_NS + 30n * 86_400_000_000_001n };
    await writeSpans([{ traceId: RUN, spanId: 'eee19b7ec3c1b174', name: 'run', links: [link] }]);
    await writeSpans([
      { traceId: OTHER, spanId: '00000000000000a1', name: 'evaluator', links: [{ ...link, traceId: THIRD }, link] },
      { traceId: OTHER, spanId: '00000000000000a2', name: 'no link' },
      { traceId: THIRD, spanId: '00000000000000a3', name: 'elsewhere', links: [{ ...link, traceId: OTHER }] },
    ]);
    const month = { acceptedAtMs: NOW_MS + 30 * DAY_MS };
    await writeSpans(
      [{ traceId: THIRD, spanId: '00000000000000a4', name: 'a month later', ...later, links: [link] }],
      month,
    );
    await writeSpans(
      [{ traceId: THIRD, spanId: '00000000000000a4', name: 'a month later', ...later, links: [link] }],
      month,
    );
    await writeSpans([{ traceId: THIRD, spanId: '00000000000000a5', name: 'of another', links: [link] }], {
      tenant: 'x',
    });
    const { spans } = await reader.feedbackFor({ tenant: 'acme', traceId: RUN, responseIds: [] });
    expect(spans.map((span) => span.name)).toEqual(['evaluator', 'a month later']);
    expect(spans[0]!.links.map((each) => [each.traceId, each.spanId])).toEqual([
      [THIRD, 'eee19b7ec3c1b174'],
      [RUN, 'eee19b7ec3c1b174'],
    ]);
    expect((await reader.feedbackFor({ tenant: 'acme', traceId: traceIdOf(9), responseIds: [] })).spans).toEqual([]);
  });
});
