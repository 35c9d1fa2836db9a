import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../attributes.js';
import { PipelineError } from '../errors.js';
import { decodeSpans } from './decode-spans.js';
import { encodeRequest, reverseFields, toPlainSpan } from './testing.test-support.js';
import { WireWriter } from './wire-writer.js';

const FIXTURES = new URL('../../test/fixtures/otlp/', import.meta.url);
const TRACE = '5b8efff798038103d269b633813fc60c';
const SPAN = 'eee19b7ec3c1b174';

function fixture(name: string): Buffer {
  return readFileSync(new URL(name, FIXTURES));
}

const decodedCaptures = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('-traces.decoded.json'))
  .map((name) => name.replace('.decoded.json', ''))
  .filter((name) => !name.startsWith('grpc/'));

/** OTLP/JSON as another tool wrote it, in the plainest way; none of the captures holds an integer beyond 2^53. */
interface JsonValue {
  readonly [member: string]: unknown;
}
interface JsonAttribute {
  readonly key: string;
  readonly value: JsonValue;
}

function plainValue(value: JsonValue): AttributeValue {
  if ('intValue' in value) return Number(value['intValue']);
  if ('arrayValue' in value) return ((value['arrayValue'] as { values?: JsonValue[] }).values ?? []).map(plainValue);
  if ('kvlistValue' in value) {
    return Object.fromEntries(plainAttributes((value['kvlistValue'] as { values?: JsonAttribute[] }).values));
  }
  if ('bytesValue' in value) return Uint8Array.from(Buffer.from(value['bytesValue'] as string, 'base64'));
  return (Object.values(value)[0] ?? null) as AttributeValue;
}

function plainAttributes(attributes: readonly JsonAttribute[] = []): [string, AttributeValue][] {
  return [...new Map(attributes.map(({ key, value }) => [key, plainValue(value)]))];
}

interface JsonSpan {
  readonly [member: string]: string | undefined;
}

function plainSpan(span: JsonSpan & Record<string, unknown>, owner: Record<string, unknown>): Record<string, unknown> {
  const events = (span['events'] ?? []) as unknown as (JsonSpan & { attributes?: JsonAttribute[] })[];
  const links = (span['links'] ?? []) as unknown as (JsonSpan & { attributes?: JsonAttribute[] })[];
  const status = (span['status'] ?? {}) as { code?: number; message?: string };
  return {
    traceId: span['traceId'],
    spanId: span['spanId'],
    parentSpanId: span['parentSpanId'] ?? '',
    traceState: span['traceState'] ?? '',
    name: span['name'],
    kind: span['kind'],
    startNs: BigInt(span['startTimeUnixNano'] ?? 0),
    endNs: BigInt(span['endTimeUnixNano'] ?? 0),
    statusCode: status.code ?? 0,
    statusMessage: status.message ?? '',
    attributes: plainAttributes(span['attributes'] as never),
    events: events.map((event) => ({
      name: event['name'],
      timeNs: BigInt(event['timeUnixNano'] ?? 0),
      attributes: plainAttributes(event.attributes),
    })),
    links: links.map((link) => ({
      traceId: link['traceId'],
      spanId: link['spanId'],
      traceState: link['traceState'] ?? '',
      attributes: plainAttributes(link.attributes),
    })),
    ...owner,
  };
}

function plainSpansOfJson(json: string): Record<string, unknown>[] {
  const request = JSON.parse(json) as { resourceSpans: unknown };
  const spans: Record<string, unknown>[] = [];
  for (const group of request.resourceSpans as { resource?: { attributes?: JsonAttribute[] }; scopeSpans: never[] }[]) {
    const resource = plainAttributes(group.resource?.attributes);
    for (const scoped of group.scopeSpans as { scope?: { name?: string; version?: string }; spans: never[] }[]) {
      const owner = { resource, scopeName: scoped.scope?.name ?? '', scopeVersion: scoped.scope?.version ?? '' };
      for (const span of scoped.spans) spans.push(plainSpan(span, owner));
    }
  }
  return spans;
}

const decode = (bytes: Uint8Array): Record<string, unknown>[] => decodeSpans(bytes).map(toPlainSpan);

const oneSpan = (attributes: Readonly<Record<string, AttributeValue>> = {}): Uint8Array =>
  encodeRequest([
    { resource: { 'service.name': 'agent' }, scopes: [{ spans: [{ traceId: TRACE, spanId: SPAN, attributes }] }] },
  ]);

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof PipelineError) return error.code;
    throw error;
  }
  return 'none';
}

describe('decodeSpans on real requests', () => {
  it('has captures to read', () => {
    expect(decodedCaptures.length).toBeGreaterThanOrEqual(12);
  });

  it.each(decodedCaptures)('reads %s as another decoder did', (name) => {
    const expected = plainSpansOfJson(fixture(`${name}.decoded.json`).toString());
    expect(expected.length).toBeGreaterThan(0);
    expect(decode(fixture(`${name}.body.bin`))).toEqual(expected);
  });

  it.each(decodedCaptures)('reads %s alike with every field in reverse order', (name) => {
    const bytes = fixture(`${name}.body.bin`);
    const reversed = reverseFields(bytes);
    expect(Buffer.compare(reversed, bytes)).not.toBe(0);
    expect(decode(reversed).map(byKey)).toEqual(decode(bytes).map(byKey));
  });

  it('reads the bytes that the Collector writes into Kafka, backwards, as the request that it was sent', () => {
    const sent = new Map(decode(fixture('openinference/01-traces.body.bin')).map((span) => [span['spanId'], span]));
    for (const span of decode(fixture('openllmetry/02-traces.body.bin'))) sent.set(span['spanId'], span);
    const stored = decode(fixture('kafka/05-batched.value.bin'));
    expect(stored).toHaveLength(18);
    for (const span of stored) expect(byKey(span)).toEqual(byKey(sent.get(span['spanId']) ?? {}));
  });

  it('reads a gzipped capture once it is unzipped', () => {
    const spans = decodeSpans(gunzipSync(fixture('strands/03-traces.body.bin.gz')));
    expect(spans.length).toBeGreaterThan(0);
    expect(spans[0]?.resource.get('service.name')).toBe('strands-agent');
  });
});

/** Attribute order is no part of what a span says. */
function byKey(span: Record<string, unknown>): Record<string, unknown> {
  const sort = (pairs: unknown): unknown => [...(pairs as [string, unknown][])].sort(([a], [b]) => (a < b ? -1 : 1));
  const nested = (list: unknown): unknown =>
    (list as { attributes: unknown }[]).map((item) => ({ ...item, attributes: sort(item.attributes) }));
  return {
    ...span,
    attributes: sort(span['attributes']),
    resource: sort(span['resource']),
    events: nested(span['events']),
    links: nested(span['links']),
  };
}

describe('decodeSpans on values', () => {
  it('keeps integers beyond 2^53 exact, and gives smaller ones as numbers', () => {
    const values = {
      big: 9007199254740993n,
      min: -(2n ** 63n),
      max: 2n ** 63n - 1n,
      edge: 2 ** 53 - 1,
      negative: -1,
      zero: 0,
    };
    const [span] = decodeSpans(oneSpan(values));
    expect(Object.fromEntries(span?.attributes ?? [])).toEqual(values);
  });

  it('gives null for an empty value, and keeps bytes, lists, NaN and nothing at all', () => {
    const values = {
      none: null,
      raw: Uint8Array.of(0, 255),
      list: [1, 'a', null, [true]],
      nan: Number.NaN,
      half: 0.5,
      text: '',
    };
    const [span] = decodeSpans(oneSpan(values));
    expect(Object.fromEntries(span?.attributes ?? [])).toEqual(values);
  });

  it('takes a key that is called __proto__ as a key like any other', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}') as Record<string, AttributeValue>;
    const [span] = decodeSpans(oneSpan({ list: hostile, ...hostile }));
    const list = span?.attributes.get('list') as Record<string, unknown>;
    expect(Object.getPrototypeOf(list)).toBeNull();
    expect(Object.keys(list)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('lets the last of duplicate keys win', () => {
    const pairs = [['a', 1], ['b', 2], ['a', 3]] as const; // prettier-ignore
    const bytes = encodeRequest([{ scopes: [{ spans: [{ traceId: TRACE, spanId: SPAN, attributes: pairs }] }] }]);
    expect(Object.fromEntries(decodeSpans(bytes)[0]?.attributes ?? [])).toEqual({ a: 3, b: 2 });
  });

  it('shares the attributes of a resource between its spans', () => {
    const spans = [SPAN, '0000000000000001'].map((spanId) => ({ traceId: TRACE, spanId }));
    const [first, second] = decodeSpans(encodeRequest([{ resource: { a: 1 }, scopes: [{ spans }] }]));
    expect(first?.resource).toBe(second?.resource);
    expect(first?.resource.get('a')).toBe(1);
  });

  it('takes unknown kinds and status codes as unspecified, and a parent of zeros as none', () => {
    const span = { traceId: TRACE, spanId: SPAN, kind: 99, statusCode: -7, parentSpanId: '0000000000000000' };
    const [decoded] = decodeSpans(encodeRequest([{ scopes: [{ spans: [span] }] }]));
    expect([decoded?.kind, decoded?.statusCode, decoded?.parentSpanId]).toEqual([0, 0, '']);
  });

  it('replaces what is not UTF-8 by U+FFFD', () => {
    const bytes = Buffer.from(oneSpan({ text: 'ab' }));
    bytes[bytes.lastIndexOf('ab')] = 0xff;
    expect(decodeSpans(bytes)[0]?.attributes.get('text')).toBe('\ufffdb');
  });

  it('takes 32 nested lists and refuses 33', () => {
    const nest = (depth: number): AttributeValue => (depth === 0 ? 'deep' : [nest(depth - 1)]);
    expect(decodeSpans(oneSpan({ deep: nest(32) }))).toHaveLength(1);
    expect(codeOf(() => decodeSpans(oneSpan({ deep: nest(33) })))).toBe('OTLP_MALFORMED');
    expect(codeOf(() => decodeSpans(oneSpan({ deep: nest(1000) })))).toBe('OTLP_MALFORMED');
  });

  it('reads a scope and a resource that come in two parts as one', () => {
    const writer = new WireWriter();
    const group = writer.open(1);
    for (const key of ['a', 'b']) {
      const resource = writer.open(1);
      const attribute = writer.open(1);
      writer.string(1, key);
      writer.close(attribute);
      writer.close(resource);
    }
    const scoped = writer.open(2);
    const span = writer.open(2);
    writer.bytes(1, Buffer.from(TRACE, 'hex'));
    writer.bytes(2, Buffer.from(SPAN, 'hex'));
    writer.close(span);
    writer.close(scoped);
    writer.close(group);
    expect([...(decodeSpans(writer.finish())[0]?.resource.keys() ?? [])]).toEqual(['a', 'b']);
  });
});

describe('decodeSpans on bytes that are no request', () => {
  it('gives no spans for an empty request', () => {
    expect(decodeSpans(new Uint8Array(0))).toEqual([]);
    expect(decodeSpans(encodeRequest([{ scopes: [] }]))).toEqual([]);
  });

  it('ignores fields that it does not know, groups among them', () => {
    const group = [0xfb, 0x01, 0x08, 0x01, 0xfc, 0x01];
    expect(decodeSpans(Buffer.concat([Buffer.from(group), oneSpan(), Buffer.from([0xf8, 0x07, 0x05])]))).toHaveLength(
      1,
    );
  });

  it('refuses every cut of a request inside of it, and never with another error', () => {
    const bytes = fixture('otel-genai/01-traces.body.bin');
    const outcomes = new Map<number, string>();
    for (let end = 1; end < bytes.length; end++) {
      const code = codeOf(() => decode(bytes.subarray(0, end)));
      if (code !== 'OTLP_MALFORMED') outcomes.set(end, code);
    }
    // A cut between two resources leaves a smaller request that is whole.
    expect(outcomes.size).toBeLessThanOrEqual(decodeSpans(bytes).length);
    expect([...outcomes.values()].every((code) => code === 'none')).toBe(true);
  });

  it.each([
    ['field number 0', [0x02, 0x00]],
    ['wire type 6', [0x0e, 0x00]],
    ['an end of group without a start', [0x0c]],
    ['a group without an end', [0xfb, 0x01, 0x08, 0x01]],
    ['a length beyond the end', [0x0a, 0x05, 0x00]],
    ['a length of 2^64 - 1', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a varint of 11 bytes', [0x10, ...Array<number>(10).fill(0x80), 0x00]],
    ['resource spans as a varint', [0x08, 0x01]],
    ['JSON', [...Buffer.from('{"resourceSpans":[]}')]],
  ])('refuses %s', (_name, bytes) => {
    expect(codeOf(() => decodeSpans(Uint8Array.from(bytes)))).toBe('OTLP_MALFORMED');
  });

  it('refuses a group nested 100,000 deep without running out of stack', () => {
    expect(codeOf(() => decodeSpans(new Uint8Array(100_000).fill(0x7b)))).toBe('OTLP_MALFORMED');
  });

  it('refuses a key of the wrong wire type, although attributes are read later', () => {
    const bytes = Buffer.from(oneSpan({ k: 'v' }));
    const key = bytes.lastIndexOf(Buffer.from([0x0a, 0x01, 0x6b]));
    bytes.set([0x08], key);
    expect(codeOf(() => decodeSpans(bytes))).toBe('OTLP_MALFORMED');
  });

  it.each([
    [TRACE.slice(2), SPAN],
    [`${TRACE}00`, SPAN],
    [TRACE, ''],
    ['', SPAN],
  ])('refuses the ids %j and %j', (traceId, spanId) => {
    expect(codeOf(() => decodeSpans(encodeRequest([{ scopes: [{ spans: [{ traceId, spanId }] }] }])))).toBe(
      'OTLP_MALFORMED',
    );
  });

  it('says what came, where, and what to do', () => {
    expect(() => decodeSpans(Uint8Array.of(0x08, 0x01))).toThrow(
      'expected field 1 as bytes, got varint at byte 1; send an OTLP export request.',
    );
  });
});
