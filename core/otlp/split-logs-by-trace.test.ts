import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../errors.js';
import { decodeLogEvents } from './decode-log-events.js';
import { encodeLogs, encodeLogsRequest, toPlainLog } from './logs.test-support.js';
import { OTLP } from './schema.js';
import { splitLogsByTrace } from './split-logs-by-trace.js';
import type { SplitResult } from './split-request.js';
import { encodeRequest, reverseFields } from './testing.test-support.js';

const CAPTURES = new URL('../../test/fixtures/captures/', import.meta.url);
const capture = (name: string): Buffer => readFileSync(new URL(name, CAPTURES));
const options = { tenant: 'acme' };
const A = '5b8efff798038103d269b633813fc60c';
const B = '99b397decee4a4854ab7a63bd17ed2aa';
const EVALUATION = 'gen_ai.evaluation.result';

const counted = ({ records, accepted, ignored, rejected }: SplitResult): unknown => ({
  keys: records.map(({ key, count }) => [key, count]),
  accepted,
  ignored,
  rejected,
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof PipelineError) return error.message;
    throw error;
  }
  return 'none';
}

describe('splitLogsByTrace on real requests', () => {
  it('keeps every message of OTel GenAI instrumentation, as it came but for the tenant', () => {
    const bytes = capture('otel-genai/03-logs.body.bin');
    const sent = decodeLogEvents(bytes).map(toPlainLog);
    for (const body of [bytes, reverseFields(bytes, OTLP.logsRequest)]) {
      const { records, accepted, ignored } = splitLogsByTrace(body, options);
      expect([accepted, ignored]).toEqual([sent.length, 0]);
      const kept = records.flatMap((record) => decodeLogEvents(record.bytes).map(toPlainLog));
      const expected = sent.map(({ resource, ...log }) => ({
        ...log,
        resource: [...(resource as unknown[]), ['assay.tenant', 'acme']],
      }));
      const key = (log: Record<string, unknown>): string =>
        JSON.stringify([log['traceId'], log['name'], log['timeNs']], bigintText);
      expect(kept.map(key).sort()).toEqual(expected.map(key).sort());
      if (body === bytes) expect(kept).toEqual(expect.arrayContaining(expected));
    }
  });

  it('keys an evaluation without a trace by the response that it is about', () => {
    expect(counted(splitLogsByTrace(capture('feedback/03-logs.body.bin'), options))).toEqual({
      keys: [['fb706ad01ce46afcf47b0e27a3328297', 1], ['response:chatcmpl-fake1', 1]], // prettier-ignore
      accepted: 2,
      ignored: 0,
      rejected: 0,
    });
  });

  it("ignores a line of the application's own log", () => {
    const expected = { keys: [], accepted: 0, ignored: 1, rejected: 0 };
    expect(counted(splitLogsByTrace(capture('mastra/02-logs.body.bin'), options))).toEqual(expected);
  });
});

describe('splitLogsByTrace', () => {
  it('keeps what is about agent work and belongs to a trace, by either way of naming', () => {
    const result = splitLogsByTrace(
      encodeLogs(
        { traceId: A, spanId: 'eee19b7ec3c1b174', eventName: 'gen_ai.choice' },
        { traceId: B, attributes: { x: 1, 'event.name': 'gen_ai.user.message' } },
        { traceId: A, eventName: 'http.request' },
        { traceId: A, body: 'a line' },
        { eventName: 'gen_ai.choice' },
        { traceId: '0'.repeat(32), eventName: 'gen_ai.choice' },
        { traceId: A, eventName: 'gen_ai' },
        { traceId: A, eventName: 'other', attributes: { 'event.name': 'gen_ai.choice' } },
      ),
      options,
    );
    expect(counted(result)).toEqual({ keys: [[A, 1], [B, 1]], accepted: 2, ignored: 6, rejected: 0 }); // prettier-ignore
  });

  const response = (id: string | number): readonly [string, string | number] => ['gen_ai.response.id', id];

  it.each([
    ['an evaluation that names its response', EVALUATION, [response('r-1')], ['response:r-1']],
    ['of several response ids the last', EVALUATION, [response('r-1'), response('r-2')], ['response:r-2']],
    ['no evaluation that names none', EVALUATION, [['x', 'gen_ai.response.id'] as const], []],
    ['no evaluation that names it by a number', EVALUATION, [response(7)], []],
    ['no other event that names a response', 'gen_ai.choice', [response('r-1')], []],
    ['no event whose name only begins alike', `${EVALUATION}s`, [response('r-1')], []],
  ])('keeps, without a trace, %s', (...[, eventName, attributes, keys]) => {
    for (const log of [
      { attributes, eventName },
      { attributes: [...attributes, ['event.name', eventName] as const] },
    ]) {
      for (const bytes of [encodeLogs(log), reverseFields(encodeLogs(log), OTLP.logsRequest)]) {
        expect(splitLogsByTrace(bytes, options).records.map((record) => record.key)).toEqual(keys);
      }
    }
  });

  it.each([
    ['a trace id of 15 bytes', { traceId: A.slice(2) }, 'expected a trace id of 16 bytes, got 15 bytes'],
    ['a span id of 3 bytes', { traceId: A, spanId: 'aabbcc' }, 'expected a span id of 8 bytes, got 3 bytes'],
    [
      'a response id that no key can hold',
      { eventName: EVALUATION, attributes: { 'gen_ai.response.id': 'x'.repeat(513) } },
      'expected a gen_ai.response.id of at most 512 bytes, got 513 bytes',
    ],
  ])('rejects the record with %s, says why, and keeps the others', (_name, bad, message) => {
    const good = { traceId: A, eventName: 'gen_ai.choice' };
    const result = splitLogsByTrace(encodeLogs(good, { ...good, traceId: '', ...bad }), options);
    expect([counted(result), result.rejectedMessage]).toEqual([
      { keys: [[A, 1]], accepted: 1, ignored: 0, rejected: 1 },
      message,
    ]);
  });

  it('ignores ids that are none of records that are of no interest', () => {
    const result = splitLogsByTrace(encodeLogs({ traceId: 'aabb', spanId: 'cc', body: 'a line' }), options);
    expect(counted(result)).toEqual({ keys: [], accepted: 0, ignored: 1, rejected: 0 });
  });

  it("drops the sender's tenant and writes its own, and keeps scopes and schema URLs", () => {
    const logs = [{ traceId: A, eventName: 'gen_ai.choice' }];
    const resource = [['assay.tenant', 'evil'], ['service.name', 'agent']] as const; // prettier-ignore
    const scopes = [{ name: 's', version: '2', schemaUrl: 'https://scope.example', logs }];
    const bytes = encodeLogsRequest([{ resource, schemaUrl: 'https://resource.example', scopes }]);
    const [record] = splitLogsByTrace(bytes, options).records;
    const [log] = decodeLogEvents(record?.bytes ?? new Uint8Array());
    expect([...(log?.resource ?? [])]).toEqual([['service.name', 'agent'], ['assay.tenant', 'acme']]); // prettier-ignore
    expect([log?.scopeName, log?.scopeVersion]).toEqual(['s', '2']);
    const text = Buffer.from(record?.bytes ?? []).toString('latin1');
    expect([text.includes('https://scope.example'), text.includes('https://resource.example')]).toEqual([true, true]);
  });

  it('refuses more traces, and more bytes, than it may make', () => {
    const logs = [A, B].map((traceId) => ({ traceId, eventName: 'gen_ai.choice' }));
    const bytes = encodeLogs(...logs);
    expect(messageOf(() => splitLogsByTrace(bytes, { ...options, maxTraces: 1 }))).toBe(
      'expected a request with log records of at most 1 traces, got more; send smaller batches.',
    );
    expect(messageOf(() => splitLogsByTrace(bytes, { ...options, maxBytes: 100 }))).toMatch(
      /at most 100 bytes once split/,
    );
  });

  it('names the right path when spans are posted as logs', () => {
    const traceId = A;
    const span = { traceId, spanId: 'eee19b7ec3c1b174', name: 'chat', kind: 3, startNs: 1n, endNs: 2n };
    const bytes = encodeRequest([{ scopes: [{ spans: [span] }] }]);
    for (const body of [bytes, reverseFields(bytes), capture('otel-genai/01-traces.body.bin')]) {
      expect(messageOf(() => splitLogsByTrace(body, options))).toMatch(
        /^expected log records, got what looks like traces, which belong to \/v1\/traces, at byte \d+; send/,
      );
    }
  });

  it('names the right path when metrics are posted as logs', () => {
    const metrics = readFileSync(new URL('../../test/fixtures/otlp/otel-genai/05-metrics.body.bin', import.meta.url));
    expect(messageOf(() => splitLogsByTrace(metrics, options))).toContain('belong to /v1/metrics');
  });

  it('never throws but a PipelineError, and counts every record, at any cut', () => {
    const bytes = capture('otel-genai/03-logs.body.bin');
    let whole = 0;
    for (let end = 1; end < bytes.length; end += 3) {
      const cut = bytes.subarray(0, end);
      try {
        const { accepted, ignored, rejected } = splitLogsByTrace(cut, options);
        expect(accepted + ignored + rejected).toBe(decodeLogEvents(cut).length);
        whole++;
      } catch (error) {
        expect(error).toBeInstanceOf(PipelineError);
      }
    }
    expect(whole).toBeLessThan(3);
  });
});

function bigintText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
