import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../core/errors.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { encodeLogs } from '../core/otlp/logs.test-support.js';
import { encodeRequest } from '../core/otlp/testing.test-support.js';
import { WireReader } from '../core/otlp/wire-reader.js';
import { JSON_TYPE, PROTOBUF, send, startRig, statusOf, type Rig } from './rig.test-support.js';

const CAPTURES = new URL('../test/fixtures/captures/', import.meta.url);
const capture = (name: string): Buffer => readFileSync(new URL(name, CAPTURES));
const TRACE = '5b8efff798038103d269b633813fc60c';
const path = '/v1/logs';

const counts = ({ metrics }: Rig): unknown =>
  ['logs', 'ignored_logs', 'rejected_logs', 'spans'].map((name) => metrics.values.get(`assay_collector_${name}_total`));

describe('logs that are taken', () => {
  it.each([
    ['OTel GenAI messages in protobuf', PROTOBUF, capture('otel-genai/03-logs.body.bin')],
    ['OTel GenAI messages in JSON', JSON_TYPE, capture('otel-genai/04-logs.body.json')],
    ['gzip', { ...PROTOBUF, 'content-encoding': 'gzip' }, gzipSync(capture('otel-genai/03-logs.body.bin'))],
    ['evaluations in protobuf', PROTOBUF, capture('feedback/03-logs.body.bin')],
    ['evaluations in JSON', JSON_TYPE, capture('feedback/04-logs.body.json')],
  ])('are answered 200 in their own encoding and lie on the bus by trace: %s', async (_name, headers, body) => {
    const rig = await startRig({ tenant: 'acme' });
    const reply = await send(rig, { path, headers, body });
    const json = headers['content-type'] !== PROTOBUF['content-type'];
    expect([reply.status, reply.headers['content-type'], reply.body.toString()]).toEqual([
      200,
      headers['content-type'],
      json ? '{}' : '',
    ]);
    const logs = rig.log.records.flatMap((record) => {
      expect([record.topic, record.headers]).toEqual(['logs', { 'assay.tenant': 'acme' }]);
      return decodeLogEvents(record.value).map((log) => {
        const response = log.attributes.get('gen_ai.response.id');
        expect(record.key).toBe(log.traceId === '' ? `response:${response as string}` : log.traceId);
        expect(log.resource.get('assay.tenant')).toBe('acme');
        return log.name;
      });
    });
    expect(logs.length).toBeGreaterThan(1);
    expect(logs.every((name) => name.startsWith('gen_ai.'))).toBe(true);
    expect(counts(rig)).toEqual([logs.length, 0, 0, undefined]);
  });

  it("may be an application's own, which is answered 200, counted, and put nowhere", async () => {
    const rig = await startRig();
    rig.log.onAppend = () => Promise.reject(new Error('expected no append'));
    const reply = await send(rig, { path, headers: PROTOBUF, body: capture('mastra/02-logs.body.bin') });
    expect([reply.status, reply.body.length]).toEqual([200, 0]);
    expect(counts(rig)).toEqual([0, 1, 0, undefined]);
  });

  it('are counted in a partial success when their ids are none', async () => {
    const rig = await startRig();
    const eventName = 'gen_ai.choice';
    const message = 'expected a trace id of 16 bytes, got 15 bytes';
    const body = encodeLogs({ traceId: TRACE, eventName }, { traceId: TRACE.slice(2), eventName });
    const reader = new WireReader((await send(rig, { path, headers: PROTOBUF, body })).body);
    expect([reader.next(), reader.field]).toEqual([true, 1]);
    reader.enter();
    expect([reader.next(), reader.int64(), reader.next(), reader.string()]).toEqual([true, 1, true, message]);
    const logRecords = [{ traceId: TRACE.slice(2), eventName }];
    const json = await send(rig, {
      path,
      headers: JSON_TYPE,
      body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
    });
    expect(JSON.parse(json.body.toString())).toEqual({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: message },
    });
    expect(counts(rig)).toEqual([1, 0, 2, undefined]);
  });
});

describe('logs that are refused', () => {
  const spans = [{ traceId: TRACE, spanId: 'eee19b7ec3c1b174' }];

  it.each([
    ['traces', { headers: PROTOBUF, body: encodeRequest([{ scopes: [{ spans }] }]) }, '/v1/traces'],
    ['traces in JSON', { headers: JSON_TYPE, body: '{"resourceSpans":[]}' }, 'got traces, which belong to /v1/traces'],
    ['a field of a wrong type', { headers: JSON_TYPE, body: '{"resourceLogs":[{"scopeLogs":{}}]}' }, 'resourceLogs[0].scopeLogs'], // prettier-ignore
  ])('are answered 400 with a hint, and nothing is stored: %s', async (_name, options, part) => {
    const rig = await startRig();
    const reply = await send(rig, { path, ...options });
    expect(reply.status).toBe(400);
    expect(statusOf(reply).message).toContain(part);
    expect(rig.log.records).toEqual([]);
  });

  it('are told to come again when the bus cannot take them', async () => {
    const rig = await startRig();
    rig.log.onAppend = () => Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'expected room, got none'));
    const reply = await send(rig, { path, headers: PROTOBUF, body: capture('feedback/03-logs.body.bin') });
    expect([reply.status, reply.headers['retry-after']]).toEqual([503, '1']);
    expect(counts(rig)).toEqual([undefined, undefined, undefined, undefined]);
  });
});
