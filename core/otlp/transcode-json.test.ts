import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../attributes.js';
import { PipelineError } from '../errors.js';
import type { Span } from '../span.js';
import { decodeSpans } from './decode-spans.js';
import { toPlainSpan } from './testing.test-support.js';
import { transcodeJson } from './transcode-json.js';

const FIXTURES = new URL('../../test/fixtures/otlp/', import.meta.url);
const fixture = (name: string): Buffer => readFileSync(new URL(name, FIXTURES));
const names = readdirSync(FIXTURES, { recursive: true, encoding: 'utf8' });

const IDS = '"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"';
const request = (span: string): string =>
  `{"resourceSpans":[{"scopeSpans":[{"spans":[{${IDS}${span === '' ? '' : `,${span}`}}]}]}]}`;
const one = (json: string): Span => decodeSpans(transcodeJson(json))[0] ?? fail();
const valueOf = (value: string): AttributeValue | undefined =>
  one(request(`"attributes":[{"key":"k","value":${value}}]`)).attributes.get('k');

function fail(): never {
  throw new Error('expected a span, got none');
}

function messageOf(json: string | Uint8Array): string {
  try {
    transcodeJson(json);
  } catch (error) {
    if (error instanceof PipelineError && error.code === 'OTLP_MALFORMED') return error.message;
    throw error;
  }
  return 'none';
}

describe('transcodeJson on real requests', () => {
  const pairs = names.filter((name) => name.endsWith('-traces.decoded.json') && !name.startsWith('grpc/'));

  it.each(pairs)('gives the spans of %s as the protobuf body of the same request has them', (name) => {
    const protobuf = decodeSpans(fixture(name.replace('.decoded.json', '.body.bin'))).map(toPlainSpan);
    expect(decodeSpans(transcodeJson(fixture(name))).map(toPlainSpan)).toEqual(protobuf);
  });

  it.each(names.filter((name) => name.endsWith('-traces.body.json')))('takes %s as its emitter sent it', (name) => {
    const text = fixture(name).toString();
    const sent = JSON.parse(text) as {
      resourceSpans: { scopeSpans: { spans: { spanId: string; name: string }[] }[] }[];
    };
    const expected = sent.resourceSpans.flatMap((group) => group.scopeSpans.flatMap((scope) => scope.spans));
    expect(expected.length).toBeGreaterThan(0);
    const spans = decodeSpans(transcodeJson(text));
    expect(spans.map((span) => [span.spanId, span.name])).toEqual(expected.map((span) => [span.spanId, span.name]));
    expect(spans.every((span) => span.attributes.size > 0 || span.events.length > 0)).toBe(true);
  });

  it('gives the record that the Collector wrote as otlp_json as the one that it wrote as otlp_proto', () => {
    const json = decodeSpans(transcodeJson(fixture('kafka/06-by-trace-id-json.value.json')));
    const protobuf = decodeSpans(fixture('kafka/05-batched.value.bin')).filter(
      (span) => span.spanId === json[0]?.spanId,
    );
    expect(json).toHaveLength(1);
    expect(json.map(toPlainSpan)).toEqual(protobuf.map(toPlainSpan));
  });
});

describe('transcodeJson on 64-bit integers', () => {
  it.each(['1544712660000000001', '"1544712660000000001"'])('keeps a time of %s exact', (time) => {
    expect(one(request(`"startTimeUnixNano":${time}`)).startNs).toBe(1544712660000000001n);
  });

  it.each([
    ['9007199254740993', 9007199254740993n],
    ['"9007199254740993"', 9007199254740993n],
    ['-9223372036854775808', -9223372036854775808n],
    ['"9223372036854775807"', 9223372036854775807n],
    ['58', 58],
    ['"-1"', -1],
    ['58.0', 58],
    ['1e3', 1000],
  ])('reads intValue %s as %s', (written, expected) => {
    expect(valueOf(`{"intValue":${written}}`)).toBe(expected);
  });

  it.each(['"abc"', '1.5', '9223372036854775808', '""', '"0x10"', 'true', '1e400', '"1_000"'])(
    'refuses intValue %s',
    (written) => {
      expect(messageOf(request(`"attributes":[{"key":"k","value":{"intValue":${written}}}]`))).toContain(
        'resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.intValue',
      );
    },
  );

  it('refuses a negative time and one beyond 64 bits', () => {
    expect(messageOf(request('"endTimeUnixNano":"-1"'))).toContain('expected an unsigned 64-bit integer, got "-1"');
    expect(messageOf(request('"endTimeUnixNano":18446744073709551616'))).toContain('got "18446744073709551616"');
  });
});

describe('transcodeJson on values', () => {
  it.each<[string, AttributeValue]>([
    ['{"stringValue":"a\\u00e9\\n\\"\\\\/"}', 'aé\n"\\/'],
    ['{"stringValue":"é€😀"}', 'é€😀'],
    ['{"stringValue":"\\ud83d\\ude00"}', '😀'],
    ['{"stringValue":"\\ud800"}', '\ufffd'],
    ['{"stringValue":""}', ''],
    ['{"boolValue":true}', true],
    ['{"boolValue":false}', false],
    ['{"doubleValue":0.1}', 0.1],
    ['{"doubleValue":"NaN"}', Number.NaN],
    ['{"doubleValue":"-Infinity"}', Number.NEGATIVE_INFINITY],
    ['{"doubleValue":-2.5e-3}', -0.0025],
    ['{"bytesValue":"AP8="}', Uint8Array.of(0, 255)],
    ['{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":"1"},{},null]}}', ['x', 1, null, null]],
    ['{"arrayValue":{}}', []],
    ['{"kvlistValue":{"values":[{"key":"a","value":{"intValue":1}}]}}', { a: 1 }],
    ['{"kvlist_value":{"values":[{"key":"a","value":{"int_value":1}}]}}', { a: 1 }],
    ['{}', null],
    ['{"stringValue":null}', null],
    ['{"stringValue":"first","intValue":2}', 2],
    ['{"unknownValue":{"deep":[1,{"x":null}]},"stringValue":"known"}', 'known'],
  ])('reads %s', (json, expected) => {
    expect(valueOf(json)).toEqual(expected);
  });

  it('takes ids in either case, and enums as integers and by name', () => {
    const upper = one(
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","kind":"SPAN_KIND_CLIENT","status":{"code":"STATUS_CODE_ERROR"}}]}]}]}',
    );
    expect([upper.traceId, upper.spanId, upper.kind, upper.statusCode]).toEqual([
      '5b8efff798038103d269b633813fc60c',
      'eee19b7ec3c1b174',
      3,
      2,
    ]);
    const plain = one(request('"kind":99,"status":{"code":1}'));
    expect([plain.kind, plain.statusCode]).toEqual([0, 1]);
  });

  it('takes snake_case keys, white space, a byte order mark, and nulls', () => {
    const json = `\ufeff { "resource_spans" : [ { "resource":null, "scope_spans":[{"scope":{"name":"s"},"spans":[{
      "trace_id":"5b8efff798038103d269b633813fc60c","span_id":"eee19b7ec3c1b174","parent_span_id":"","start_time_unix_nano":"7","events":null}]}]}]} \n`;
    const span = one(json);
    expect([span.startNs, span.scopeName, span.parentSpanId]).toEqual([7n, 's', '']);
  });

  it('leaves ids of a wrong length to partial success', () => {
    expect(messageOf('{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"aabb","spanId":""}]}]}]}')).toBe('none');
  });

  it('keeps keys such as __proto__ as they are', () => {
    const span = one(
      request('"__proto__":{"kind":3},"constructor":1,"attributes":[{"key":"__proto__","value":{"intValue":1}}]'),
    );
    expect([span.kind, [...span.attributes]]).toEqual([0, [['__proto__', 1]]]);
  });

  it.each([
    '{}',
    '{"resourceSpans":[]}',
    '{"resourceSpans":[{}]}',
    '{"resourceSpans":[{"scopeSpans":[{"spans":[]}]}]}',
  ])('takes %s as a request without spans', (json) => {
    expect(decodeSpans(transcodeJson(json))).toEqual([]);
  });
});

describe('transcodeJson on what is no request', () => {
  it.each([
    [
      request('"attributes":{"k":"v"}'),
      'expected an array, got an object at resourceSpans[0].scopeSpans[0].spans[0].attributes',
    ],
    [request('"events":{}'), 'spans[0].events'],
    [request('"name":7'), 'expected a string, got a number at resourceSpans[0].scopeSpans[0].spans[0].name'],
    ['{"resourceSpans":[{"scopeSpans":{}}]}', 'resourceSpans[0].scopeSpans'],
    ['{"resourceSpans":[{"scopeSpans":[{"spans":[null]}]}]}', 'spans[0]'],
    ['[]', 'expected an object, got an array at the top of the request'],
    [
      '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"Z6z8LqVvEI+kU1/Ci6mXBQ=="}]}]}]}',
      'expected an id in hex, got "Z6z8LqVvEI+kU1/Ci6mXBQ=="',
    ],
    ['{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abc"}]}]}]}', 'expected an id in hex, got "abc"'],
    [request('"kind":"SPAN_KIND_NONSENSE"'), 'SPAN_KIND_NONSENSE'],
    ['{"resourceLogs":[]}', '/v1/logs'],
    ['{"resourceMetrics":[]}', '/v1/metrics'],
  ])('refuses %s and names the place', (json, part) => {
    expect(messageOf(json)).toContain(part);
  });

  it.each([
    '',
    ' ',
    '{',
    '{"resourceSpans":[}',
    '{"resourceSpans":[]}x',
    '{"a":01}',
    '{"a":+1}',
    '{"a":tru}',
    '{"a":"\n"}',
    '{"a":"\\x"}',
    '{"a":1,}',
    "{'a':1}",
    '\u0000',
  ])('refuses the text %j', (json) => {
    expect(messageOf(json)).not.toBe('none');
  });

  it('refuses every cut of a real request, and never with another error', () => {
    const bytes = fixture('strands/02-traces.body.json');
    for (let end = 0; end < bytes.length; end += 5) expect(messageOf(bytes.subarray(0, end))).not.toBe('none');
  });

  it('refuses protobuf', () => {
    expect(messageOf(fixture('strands/01-traces.body.bin'))).not.toBe('none');
  });

  it('takes 32 nested lists and refuses 33, and any depth in what it does not know', () => {
    const nest = (depth: number): string =>
      `${'{"arrayValue":{"values":['.repeat(depth)}{"boolValue":true}${']}}'.repeat(depth)}`;
    expect(messageOf(request(`"attributes":[{"key":"k","value":${nest(32)}}]`))).toBe('none');
    expect(messageOf(request(`"attributes":[{"key":"k","value":${nest(33)}}]`))).toContain('at most 32 nested values');
    expect(messageOf(request(`"attributes":[{"key":"k","value":${nest(100_000)}}]`))).toContain(
      'at most 32 nested values',
    );
    expect(messageOf(`{"unknown":${'['.repeat(100_000)}`)).toContain('at most 256 nested values');
  });
});
