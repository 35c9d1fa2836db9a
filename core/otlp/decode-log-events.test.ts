import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../errors.js';
import type { LogEvent } from '../log-event.js';
import { decodeLogEvents } from './decode-log-events.js';
import { encodeLogs, encodeLogsRequest, toPlainLog } from './logs.test-support.js';
import { OTLP } from './schema.js';
import { reverseFields } from './testing.test-support.js';
import { transcodeJsonLogs } from './transcode-json.js';

const CAPTURES = new URL('../../test/fixtures/captures/', import.meta.url);
const capture = (name: string): Buffer => readFileSync(new URL(name, CAPTURES));

const TRACE = '5b8efff798038103d269b633813fc60c';
const SPAN = 'eee19b7ec3c1b174';
const one = (bytes: Uint8Array): LogEvent => decodeLogEvents(bytes)[0] ?? fail();

function fail(): never {
  throw new Error('expected a log event, got none');
}

describe('decodeLogEvents on real requests', () => {
  it('reads the messages of OTel GenAI instrumentation, whose name is an attribute and whose content is the body', () => {
    const logs = decodeLogEvents(capture('otel-genai/03-logs.body.bin'));
    expect(logs.map((log) => [log.name, log.traceId.length, log.spanId.length])).toContainEqual([
      'gen_ai.user.message',
      32,
      16,
    ]);
    const user = logs.find((log) => log.name === 'gen_ai.user.message') ?? fail();
    expect({ ...(user.body as object) }).toEqual({ content: 'What is the weather in Paris?' });
    expect(user.timeNs).toBe(1795226898672000000n);
    expect(user.resource.get('service.name')).toBe('otel-genai-agent');
    expect([user.scopeName, user.scopeVersion]).toEqual(['@opentelemetry/instrumentation-openai', '0.21.0']);
  });

  it('reads an evaluation with and without a trace, whose name is the event name', () => {
    const logs = decodeLogEvents(capture('feedback/03-logs.body.bin'));
    expect(logs.map((log) => [log.name, log.traceId, log.attributes.get('gen_ai.response.id')])).toEqual([
      ['gen_ai.evaluation.result', 'fb706ad01ce46afcf47b0e27a3328297', undefined],
      ['gen_ai.evaluation.result', '', 'chatcmpl-fake1'],
    ]);
    expect(logs[0]?.attributes.get('gen_ai.evaluation.score.value')).toBe(0.9);
  });

  it.each([
    ['otel-genai/03-logs.body.bin', 'otel-genai/04-logs.body.json'],
    ['feedback/03-logs.body.bin', 'feedback/04-logs.body.json'],
  ])('gives of %s what it gives of the same run in JSON', (protobuf, json) => {
    const of = (bytes: Uint8Array): unknown =>
      decodeLogEvents(bytes).map((log) => [
        log.name,
        log.severityNumber,
        Object.keys(log.body ?? {}),
        [...log.attributes],
      ]);
    expect(of(transcodeJsonLogs(capture(json)))).toEqual(of(capture(protobuf)));
  });

  it('reads a plain log line, which has no name', () => {
    const log = one(capture('mastra/02-logs.body.bin'));
    expect([log.name, log.severityNumber, log.severityText, log.traceId]).toEqual(['', 13, 'WARN', '']);
    expect(log.body).toMatch(/^No `storage` configured/);
  });
});

describe('transcodeJsonLogs', () => {
  const transcoded = (record: string): LogEvent =>
    one(transcodeJsonLogs(`{"resource_logs":[{"scope_logs":[{"log_records":[${record}]}]}]}`));

  it('takes keys in snake_case, severities by name or number, and times as text or number', () => {
    const event = transcoded(
      `{"trace_id":"${TRACE.toUpperCase()}","severity_number":"SEVERITY_NUMBER_WARN2","event_name":"gen_ai.choice",
        "observed_time_unix_nano":1544712660000000001,"body":{"kvlistValue":{"values":[{"key":"k","value":null}]}}}`,
    );
    expect([event.traceId, event.severityNumber, event.name, event.timeNs]).toEqual([
      ...[TRACE, 14, 'gen_ai.choice', 1544712660000000001n],
    ]);
    expect(JSON.stringify(event.body)).toBe('{"k":null}');
    expect(transcoded('{"severityNumber":21,"body":null}').severityNumber).toBe(21);
  });

  it('names the right path when spans are posted as logs, and the field that is wrong', () => {
    expect(() => transcodeJsonLogs('{"resourceSpans":[]}')).toThrow(
      /expected logs, got traces, which belong to \/v1\/traces/,
    );
    expect(() => transcoded('{"traceId":"xyz"}')).toThrow(
      /resourceLogs\[0\]\.scopeLogs\[0\]\.logRecords\[0\]\.traceId/,
    );
  });
});

describe('decodeLogEvents', () => {
  const log = {
    traceId: TRACE,
    spanId: SPAN,
    timeNs: 1_700_000_000_000_000_001n,
    observedNs: 7n,
    severityNumber: 9,
    severityText: 'INFO',
    eventName: 'gen_ai.choice',
    body: { message: { content: 'hi' }, index: 0 },
    attributes: { 'gen_ai.system': 'openai', n: 2n ** 60n },
  };
  const bytes = encodeLogsRequest([
    { resource: { a: 1 }, scopes: [{ name: 's', version: '2', schemaUrl: 'u', logs: [log, { ...log, spanId: '' }] }] },
  ]);

  it('reads all fields, whatever their order', () => {
    const expected = {
      ...{ traceId: TRACE, spanId: SPAN, timeNs: 1_700_000_000_000_000_001n, severityNumber: 9, severityText: 'INFO' },
      ...{ name: 'gen_ai.choice', body: { message: { content: 'hi' }, index: 0 }, scopeName: 's', scopeVersion: '2' },
      attributes: [['gen_ai.system', 'openai'], ['n', 2n ** 60n]], // prettier-ignore
      resource: [['a', 1]],
    };
    expect(JSON.stringify(toPlainLog(one(bytes)), text)).toBe(JSON.stringify(expected, text));
    const all = (of: Uint8Array): string => JSON.stringify(decodeLogEvents(of).map(toPlainLog), text);
    expect(all(reverseFields(bytes, OTLP.logsRequest))).toBe(all(bytes));
  });

  it('takes the observed time when there is no other', () => {
    expect(one(encodeLogs({ observedNs: 7n })).timeNs).toBe(7n);
    expect(one(encodeLogs({ timeNs: 0n, observedNs: 7n })).timeNs).toBe(7n);
  });

  it('prefers the event name over the attribute of an older emitter, and takes only text for a name', () => {
    const attributes = { 'event.name': 'gen_ai.user.message' };
    expect(one(encodeLogs({ attributes })).name).toBe('gen_ai.user.message');
    expect(one(encodeLogs({ attributes, eventName: 'gen_ai.choice' })).name).toBe('gen_ai.choice');
    expect(one(encodeLogs({ attributes: { 'event.name': 7 } })).name).toBe('');
  });

  it('takes ids of zeros as none, and null for a body that is not there', () => {
    const event = one(encodeLogs({ traceId: '0'.repeat(32), spanId: '0'.repeat(16) }));
    expect([event.traceId, event.spanId, event.body]).toEqual(['', '', null]);
  });

  it.each([{ traceId: 'aabb' }, { traceId: TRACE, spanId: 'aabb' }])('refuses an id of another length: %o', (bad) => {
    expect(() => decodeLogEvents(encodeLogs(bad))).toThrow(/expected a (trace|span) id of \d+ bytes, got 2 bytes/);
  });

  it('never throws but a PipelineError, at any cut', () => {
    const whole = capture('otel-genai/03-logs.body.bin');
    let thrown = 0;
    for (let end = 1; end < whole.length; end += 3) {
      try {
        decodeLogEvents(whole.subarray(0, end)).map(toPlainLog);
      } catch (error) {
        expect(error).toBeInstanceOf(PipelineError);
        thrown++;
      }
    }
    expect(thrown).toBeGreaterThan(100);
  });
});

function text(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
