import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../attributes.js';
import { PipelineError } from '../errors.js';
import { decodeSpans } from './decode-spans.js';
import { splitByTrace } from './split-by-trace.js';
import type { SplitOptions } from './split-request.js';
import {
  encodeRequest,
  reverseFields,
  toPlainSpan,
  type RequestModel,
  type SpanModel,
} from './testing.test-support.js';

const FIXTURES = new URL('../../test/fixtures/otlp/', import.meta.url);
const fixture = (name: string): Buffer => readFileSync(new URL(name, FIXTURES));
const options: SplitOptions = { tenant: 'acme' };

const A = '5b8efff798038103d269b633813fc60c';
const B = '99b397decee4a4854ab7a63bd17ed2aa';
const spanId = (n: number): string => n.toString(16).padStart(16, '0');
const span = (traceId: string, n: number, more: Partial<SpanModel> = {}): SpanModel => ({
  traceId,
  spanId: spanId(n),
  ...more,
});

/** Spans as values, their resource as it must be on the bus: with our tenant last, and no other. */
function expectedSpans(bytes: Uint8Array, tenant: string): Record<string, unknown>[] {
  return decodeSpans(bytes).map((one) => {
    const resource = [...one.resource].filter(([key]) => key !== 'assay.tenant');
    return { ...toPlainSpan(one), resource: [...resource, ['assay.tenant', tenant]] };
  });
}

const key = (one: Record<string, unknown>): string =>
  `${String(one['traceId'])}/${String(one['spanId'])}/${String(one['name'])}`;
const sorted = (spans: Record<string, unknown>[]): Record<string, unknown>[] =>
  spans.sort((a, b) => (key(a) < key(b) ? -1 : 1));

function splitSpans(bytes: Uint8Array): Record<string, unknown>[] {
  return splitByTrace(bytes, options).records.flatMap((record) => decodeSpans(record.bytes).map(toPlainSpan));
}

function errorOf(work: () => unknown): PipelineError {
  try {
    work();
  } catch (error) {
    if (error instanceof PipelineError) return error;
    throw error;
  }
  throw new Error('expected an error, got none');
}

const value = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: 'binary' }),
    fc.boolean(),
    fc.constant(null),
    fc.double().filter((number) => !Number.isSafeInteger(number)),
    fc.maxSafeInteger().map((number) => number + 0),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value;
const attributes = fc.array(fc.tuple(fc.oneof(fc.string(), fc.constant('assay.tenant')), value), { maxLength: 5 });
const hex = (bytes: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('1', '7', 'a', 'f'), minLength: bytes * 2, maxLength: bytes * 2 });
const nanoseconds = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const arbitrarySpan = fc.record(
  {
    traceId: fc.constantFrom(A, B, 'c'.repeat(32)),
    spanId: hex(8),
    parentSpanId: hex(8),
    traceState: fc.string(),
    name: fc.string(),
    kind: fc.nat(5),
    startNs: nanoseconds,
    endNs: nanoseconds,
    statusCode: fc.nat(2),
    statusMessage: fc.string(),
    attributes,
    events: fc.array(fc.record({ name: fc.string(), timeNs: nanoseconds, attributes }), { maxLength: 3 }),
    links: fc.array(fc.record({ traceId: hex(16), spanId: hex(8), attributes }), { maxLength: 2 }),
  },
  { requiredKeys: ['traceId', 'spanId'] },
);
const arbitraryScope = fc.record(
  { name: fc.string(), version: fc.string(), spans: fc.array(arbitrarySpan, { maxLength: 5 }) },
  { requiredKeys: ['spans'] },
);
const arbitraryRequest = fc.array(
  fc.record({ resource: attributes, scopes: fc.array(arbitraryScope, { maxLength: 3 }) }, { requiredKeys: ['scopes'] }),
  { maxLength: 3 },
);

describe('splitByTrace', () => {
  it.each([
    'openinference/01-traces.body.bin',
    'otel-genai/01-traces.body.bin',
    'kafka/05-batched.value.bin',
    'kafka/01-plain.value.bin',
  ])('keeps every span of %s, with its own resource and scope, in one record per trace', (name) => {
    for (const bytes of [fixture(name), reverseFields(fixture(name))]) {
      const { records, accepted, rejected, rejectedMessage } = splitByTrace(bytes, options);
      expect(new Set(records.map((record) => record.key)).size).toBe(records.length);
      expect(records.length).toBe(new Set(decodeSpans(bytes).map((one) => one.traceId)).size);
      for (const record of records) {
        const decoded = decodeSpans(record.bytes);
        expect(new Set(decoded.map((one) => one.traceId))).toEqual(new Set([record.key]));
        expect(decoded).toHaveLength(record.count);
      }
      expect(sorted(splitSpans(bytes))).toEqual(sorted(expectedSpans(bytes, 'acme')));
      expect([accepted, rejected, rejectedMessage]).toEqual([decodeSpans(bytes).length, 0, '']);
    }
  });

  it('gives what decoding the whole gives, for any request and any order of fields', () => {
    fc.assert(
      fc.property(arbitraryRequest, fc.boolean(), (request, reverse) => {
        const bytes = reverse ? reverseFields(encodeRequest(request)) : encodeRequest(request);
        const { accepted } = splitByTrace(bytes, options);
        expect(accepted).toBe(decodeSpans(bytes).length);
        expect(sorted(splitSpans(bytes))).toEqual(sorted(expectedSpans(bytes, 'acme')));
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the order of spans within a trace, and the schema URLs beside them', () => {
    const request: RequestModel = [
      {
        resource: { r: 1 },
        schemaUrl: 'https://resource.example',
        scopes: [
          { name: 's', schemaUrl: 'https://scope.example', spans: [span(A, 3), span(B, 9), span(A, 1), span(A, 2)] },
        ],
      },
    ];
    const [record] = splitByTrace(encodeRequest(request), options).records;
    expect(decodeSpans(record?.bytes ?? new Uint8Array()).map((one) => one.spanId)).toEqual([3, 1, 2].map(spanId));
    const text = Buffer.from(record?.bytes ?? []).toString('latin1');
    expect(text).toContain('https://resource.example');
    expect(text).toContain('https://scope.example');
  });

  it("drops the sender's tenant, wherever and however it is written, and writes its own", () => {
    const resource = [['assay.tenant', 'evil'], ['service.name', 'agent'], ['assay.tenant', 'evil too']] as const; // prettier-ignore
    for (const bytes of [
      encodeRequest([{ resource, scopes: [{ spans: [span(A, 1)] }] }]),
      reverseFields(encodeRequest([{ resource, scopes: [{ spans: [span(A, 1)] }] }])),
      encodeRequest([{ scopes: [{ spans: [span(A, 1)] }] }]),
    ]) {
      const [record] = splitByTrace(bytes, options).records;
      expect(Buffer.from(record?.bytes ?? []).includes('evil')).toBe(false);
      expect(decodeSpans(record?.bytes ?? new Uint8Array())[0]?.resource.get('assay.tenant')).toBe('acme');
    }
  });

  it('gives records that share no memory with the request', () => {
    const bytes = Buffer.from(encodeRequest([{ scopes: [{ spans: [span(A, 1, { name: 'kept' })] }] }]));
    const [record] = splitByTrace(bytes, options).records;
    bytes.fill(0);
    expect(decodeSpans(record?.bytes ?? new Uint8Array())[0]?.name).toBe('kept');
  });

  it.each([
    ['an empty trace id', span('', 1), 'expected a trace id of 16 bytes, got 0 bytes'],
    ['a trace id of 15 bytes', span(A.slice(2), 1, { startNs: 1n }), 'expected a trace id of 16 bytes, got 15 bytes'],
    ['a trace id of zeros', span('0'.repeat(32), 1), 'expected a trace id, got one of zeros only'],
    ['an empty span id', { traceId: A, spanId: '' }, 'expected a span id of 8 bytes, got 0 bytes'],
    ['a span id of zeros', span(A, 0), 'expected a span id, got one of zeros only'],
    [
      'a parent of 3 bytes',
      span(A, 1, { parentSpanId: 'aabbcc' }),
      'expected no parent span id or one of 8 bytes, got 3 bytes',
    ],
  ])('rejects the span with %s, says why, and keeps the others', (_name, bad, message) => {
    const request = [{ scopes: [{ spans: [span(A, 1), bad, bad, span(B, 2)] }] }];
    const result = splitByTrace(encodeRequest(request), options);
    expect(result.records.map((record) => [record.key, record.count])).toEqual([[A, 1], [B, 1]]); // prettier-ignore
    expect([result.accepted, result.rejected, result.rejectedMessage]).toEqual([2, 2, message]);
  });

  it('names each reason of rejected spans with its count, up to eight of them', () => {
    const rejected = (spans: readonly SpanModel[]): string =>
      splitByTrace(encodeRequest([{ scopes: [{ spans: [span(A, 1), ...spans] }] }]), options).rejectedMessage;
    expect(rejected([span('0'.repeat(32), 1), span(A, 0), span('0'.repeat(32), 2)])).toBe(
      'expected a trace id, got one of zeros only (2 spans); expected a span id, got one of zeros only (1 span)',
    );
    const lengths = Array.from({ length: 12 }, (_, at) => span(A, 1, { parentSpanId: 'aa'.repeat(at + 9) }));
    expect(rejected(lengths)).toMatch(/got 16 bytes \(1 span\); and 4 for other reasons$/);
  });

  it('takes a parent of zeros as none', () => {
    const { records } = splitByTrace(
      encodeRequest([{ scopes: [{ spans: [span(A, 1, { parentSpanId: '0'.repeat(16) })] }] }]),
      options,
    );
    expect(decodeSpans(records[0]?.bytes ?? new Uint8Array())[0]?.parentSpanId).toBe('');
  });

  it('gives no records for an empty request', () => {
    expect(splitByTrace(new Uint8Array(), options)).toEqual({
      records: [],
      accepted: 0,
      ignored: 0,
      rejected: 0,
      rejectedMessage: '',
    });
  });

  it.each(['logs', 'metrics'])('names the right path when %s are posted as traces', (signal) => {
    const name = signal === 'logs' ? 'otel-genai/03-logs.body.bin' : 'otel-genai/05-metrics.body.bin';
    const error = errorOf(() => splitByTrace(fixture(name), options));
    expect(error.code).toBe('OTLP_MALFORMED');
    if (signal === 'logs') expect(error.message).toContain('/v1/logs');
  });

  it('never throws but a PipelineError, and never loses a span in silence, at any cut', () => {
    const bytes = fixture('openinference/01-traces.body.bin');
    let whole = 0;
    for (let end = 1; end < bytes.length; end += 3) {
      const cut = bytes.subarray(0, end);
      try {
        const { accepted, rejected } = splitByTrace(cut, options);
        expect(accepted + rejected).toBe(decodeSpans(cut).length);
        whole++;
      } catch (error) {
        expect(error).toBeInstanceOf(PipelineError);
      }
    }
    expect(whole).toBeLessThan(3);
  });

  it('never throws but a PipelineError at random damage', () => {
    const original = fixture('otel-genai/01-traces.body.bin');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(original.length - 1), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        (damage) => {
          const bytes = Buffer.from(original);
          for (const [at, byte] of damage) bytes[at] = byte;
          try {
            splitByTrace(bytes, options);
          } catch (error) {
            expect(error).toBeInstanceOf(PipelineError);
            return;
          }
          splitSpans(bytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('refuses a request whose resource would be repeated beyond the bound', () => {
    const spans = Array.from({ length: 200 }, (_, n) => span((n + 1).toString(16).padStart(32, '0'), 1));
    const bytes = encodeRequest([{ resource: { large: 'x'.repeat(10_000) }, scopes: [{ spans }] }]);
    expect(bytes.length).toBeLessThan(20_000);
    expect(errorOf(() => splitByTrace(bytes, { tenant: 'acme', maxBytes: 1_000_000 })).code).toBe('OTLP_TOO_LARGE');
    expect(splitByTrace(bytes, { tenant: 'acme', maxBytes: 3_000_000 }).records).toHaveLength(200);
  });
});
