import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StoredRecord, TENANT_HEADER, type Topic } from '../core/log.js';
import { encodeLogs, type LogModel } from '../core/otlp/logs.test-support.js';
import { encodeRequest } from '../core/otlp/testing.test-support.js';
import { storeConfig } from './config.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { NOW_MS, traceIdOf } from './samples.test-support.js';
import { writeRecords } from './write-records.test-support.js';

const signal = new AbortController().signal;
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const SPANS = 5_000;
const PER_RECORD = 250;
/** Of one span and of one log event. */
const LONG_TEXT = 'a document that was handed over whole. '.repeat(270_000);
const LONG = 1_234;
const TEXT = 'what the agent was told and what it answered. '.repeat(90);
const traceId = traceIdOf(7);
const spanId = (n: number): string => (n + 1).toString(16).padStart(16, '0');

describe(`a trace of ${SPANS} spans and ${SPANS} log events of 4 KB, one of each of 10 MB`, () => {
  const config = { ...storeConfig.parse({}), dataDirectory: '' };
  let connection: StoreConnection;
  let reader: StoreReader;

  beforeAll(async () => {
    config.dataDirectory = await mkdtemp(join(tmpdir(), 'assay-store-'));
    connection = await openStoreConnection(config);
    reader = createStoreReader(config);
    await reader.start(signal);
    for (let first = 0; first < SPANS; first += PER_RECORD) {
      const numbers = Array.from({ length: PER_RECORD }, (_, n) => first + n);
      await write('spans', first, encodeSpans(numbers));
      await write('logs', first, encodeLogs(...numbers.map(logOf)));
    }
  }, 120_000);

  afterAll(async () => {
    await reader.stop(signal);
    await connection.close();
    await rm(config.dataDirectory, { recursive: true, force: true });
  });

  /** As the writer does, in pieces. */
  async function write(topic: Topic, first: number, value: Uint8Array): Promise<void> {
    const record: StoredRecord = {
      ...{ topic, key: traceId, value, headers: { [TENANT_HEADER]: 'acme' }, partition: 0, offset: 0 },
      acceptedAtMs: NOW_MS,
    };
    await writeRecords(connection, [record], String(first));
  }

  it('is read whole within the memory of the engine, spans and log events in order', async () => {
    const spans = await reader.spansOf('acme', traceId);
    expect(spans.map((span) => span.spanId)).toEqual(Array.from({ length: SPANS }, (_, n) => spanId(n)));
    const logs = await reader.logsOf('acme', traceId);
    expect(logs.map((log) => log.spanId)).toEqual(spans.map((span) => span.spanId));
    expect(spans.every((span, n) => span.attributes.get('gen_ai.input.messages') === textOf(n))).toBe(true);
    expect(logs.every((log, n) => log.body === textOf(n))).toBe(true);
    await expect(reader.feedbackFor({ tenant: 'acme', traceId, responseIds: ['r-1'] })).resolves.toEqual({ spans: [], logs: [] }); // prettier-ignore
  }, 60_000);
});

function encodeSpans(numbers: readonly number[]): Uint8Array {
  const spans = numbers.map((n) => ({
    ...{ traceId, spanId: spanId(n), ...(n === 0 ? {} : { parentSpanId: spanId(0) }), name: 'chat' },
    ...{
      startNs: NOW_NS + BigInt(n),
      endNs: NOW_NS + BigInt(n + 1),
      attributes: { 'gen_ai.input.messages': textOf(n) },
    },
  }));
  return encodeRequest([{ resource: { 'service.name': 'agent' }, scopes: [{ spans }] }]);
}

function logOf(n: number): LogModel {
  return { traceId, spanId: spanId(n), timeNs: NOW_NS + BigInt(n), eventName: 'gen_ai.choice', body: textOf(n) };
}

function textOf(n: number): string {
  return n === LONG ? LONG_TEXT : TEXT;
}
