import type { Span } from '../../core/span.js';
import { framed } from '../helpers/otlp-grpc.js';
import {
  BAD,
  both,
  grpc,
  json,
  jsonAttribute,
  jsonRequest,
  jsonSpan,
  OK,
  request,
  SPAN,
  type Case,
  type Row,
} from './cases.js';
import { attributeWith } from './rows-bytes.js';

const attribute = ([span]: readonly Span[]): unknown => span?.attributes.get('k');
const times = ([span]: readonly Span[]): unknown => span && [span.startNs, span.endNs];
const kind = ([span]: readonly Span[]): unknown => span && [span.kind, span.statusCode];

/** Sent twice, or followed by another. */
function twice(of: string, first: Uint8Array, second: Uint8Array): readonly Case[] {
  return both(of, OK, second).map((one, index) => {
    const [before] = both(of, OK, first).slice(index);
    return {
      ...one,
      async act(world) {
        const seen = await before?.act(world);
        if (seen?.status !== one.status)
          throw new Error(`expected ${one.status} the first time, got ${String(seen?.status)}`);
        return one.act(world);
      },
    };
  });
}

const hundred = (bad: number): Uint8Array =>
  request(
    ...Array.from({ length: 100 }, (_, index) => ({
      spanId: index === bad ? '00' : (index + 1).toString(16).padStart(16, '0'),
    })),
  );

const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`key.${index}`, index]));
const PROMPT = 'gen_ai.input.messages';

/** Rows about what the spans say. */
export const VALUES_ROWS: readonly Row[] = [
  {
    number: 32,
    input: 'enum names, unknown names and numbers',
    choice:
      'Names are accepted, as the Collector does; an unknown number is read as UNSPECIFIED, an unknown name is no enum.',
    cases: [
      json('names', OK, jsonRequest(jsonSpan({ kind: 'SPAN_KIND_CLIENT', status: { code: 'STATUS_CODE_ERROR' } })), {
        look: kind,
      }),
      json('an unknown name', BAD, jsonRequest(jsonSpan({ kind: 'SPAN_KIND_BEST' }))),
      json('99', OK, jsonRequest(jsonSpan({ kind: 99 })), { look: kind }),
      ...both('99', OK, request({ kind: 99 }), { look: kind }),
    ],
  },
  {
    number: 33,
    input: '64-bit integers as numbers, strings, "abc", 1.5, beyond 2^63',
    choice: 'Exact, as number or string; anything else refuses the request and names the field.',
    cases: [
      json(
        '1544712660000000001',
        OK,
        jsonRequest(jsonSpan({ startTimeUnixNano: '?' })).replace('"?"', '1544712660000000001'),
        { look: ([span]) => span?.startNs },
      ),
      json('"1544712660000000001"', OK, jsonRequest(jsonSpan({ startTimeUnixNano: '1544712660000000001' })), {
        look: ([span]) => span?.startNs,
      }),
      json('"9223372036854775807"', OK, jsonAttribute({ intValue: '9223372036854775807' }), { look: attribute }),
      json('"abc"', BAD, jsonAttribute({ intValue: 'abc' })),
      json('1.5', BAD, jsonAttribute({ intValue: 1.5 })),
      json('2^63', BAD, jsonAttribute({ intValue: '9223372036854775808' })),
      json('-1 for a time', BAD, jsonRequest(jsonSpan({ startTimeUnixNano: '-1' }))),
    ],
  },
  {
    number: 34,
    input: 'NaN and Infinity',
    choice: 'Taken as they are: OTLP has them, in JSON as names.',
    cases: [
      ...both(
        'NaN',
        OK,
        attributeWith((writer) => {
          writer.double(4, Number.NaN);
        }),
        { look: attribute },
      ),
      json('"NaN"', OK, jsonAttribute({ doubleValue: 'NaN' }), { look: attribute }),
      json('"-Infinity"', OK, jsonAttribute({ doubleValue: '-Infinity' }), { look: attribute }),
    ],
  },
  {
    number: 35,
    input: 'attributes as an object; spans, scopeSpans, events that are no arrays',
    cases: [
      json('attributes', BAD, jsonRequest(jsonSpan({ attributes: { k: 'v' } }))),
      json('spans', BAD, '{"resourceSpans":[{"scopeSpans":[{"spans":{}}]}]}'),
      json('scopeSpans', BAD, '{"resourceSpans":[{"scopeSpans":"none"}]}'),
      json('events', BAD, jsonRequest(jsonSpan({ events: {} }))),
    ],
  },
  {
    number: 36,
    input: 'an empty value, two at once, a string index, a key twice',
    choice: 'An empty value is null; of two the last wins; a string index belongs to profiles and is as if absent.',
    cases: [
      ...both(
        'an empty value',
        OK,
        attributeWith(() => undefined),
        { look: attribute },
      ),
      json('{}', OK, jsonAttribute({}), { look: attribute }),
      ...both(
        'two at once',
        OK,
        attributeWith((writer) => {
          writer.string(1, 'first');
          writer.int64(3, 2);
        }),
        { look: attribute },
      ),
      ...both(
        'a string index',
        OK,
        attributeWith((writer) => {
          writer.int32(8, 5);
        }),
        { look: attribute },
      ),
      ...both(
        'a key twice',
        OK,
        request({
          attributes: [
            ['k', 'first'],
            ['k', 'last'],
          ],
        }),
        { look: attribute },
      ),
    ],
  },
  {
    number: 37,
    input: 'end before start, end 0, times in ms, year 2100',
    choice: 'Taken as they are: a wrong clock is no reason to lose a span.',
    cases: [
      ...both('end before start', OK, request({ startNs: 20n, endNs: 10n }), { look: times }),
      ...both('end 0', OK, request({ startNs: 1544712660000000000n, endNs: 0n }), { look: times }),
      ...both('in ms', OK, request({ startNs: 1544712660000n, endNs: 1544712661000n }), { look: times }),
      ...both('year 2100', OK, request({ startNs: 4102444800000000000n, endNs: 4102444801000000000n }), {
        look: times,
      }),
    ],
  },
  {
    number: 38,
    input: 'the same batch twice, other content, orphan, own parent, a cycle',
    choice:
      'All of it is put on the bus: a sender that was not answered sends again. Whoever reads it takes each span once.',
    cases: [
      ...twice('the same batch twice', request({}), request({})),
      ...twice('the same span with other content', request({ name: 'before' }), request({ name: 'after' })),
      ...both('an orphan', OK, request({ parentSpanId: 'dead9b7ec3c1b174' })),
      ...both('its own parent', OK, request({ parentSpanId: SPAN })),
      ...both(
        'a cycle',
        OK,
        request({ parentSpanId: 'aaa19b7ec3c1b174' }, { spanId: 'aaa19b7ec3c1b174', parentSpanId: SPAN }),
      ),
    ],
  },
  {
    number: 39,
    input: 'a 10 MB attribute, 10,000 attributes, a 1 MB key, a huge index, `__proto__`',
    choice:
      'A message of 10 MB is somebody’s document, and kept. A span that is too much (`collector.items`) is rejected by itself, and not cut: bytes are passed on as they came. An index or a name that is a trap in JavaScript is a key as any other.',
    cases: [
      ...both(
        'a 10 MB attribute',
        OK,
        request({ attributes: { k: 'x'.repeat(10_000_000) } }, { spanId: 'aaa19b7ec3c1b174' }),
      ),
      ...both(
        'a 40 MB attribute',
        OK,
        request({ attributes: { k: 'x'.repeat(40_000_000) } }, { spanId: 'aaa19b7ec3c1b174' }),
      ),
      ...both('10,000 attributes', OK, request({ attributes: many })),
      ...both('a 1 MB key', OK, request({ attributes: { ['k'.repeat(1_000_000)]: 1 } })),
      ...both(
        'index 4294967295',
        OK,
        request({ attributes: { 'llm.input_messages.4294967295.message.role': 'user' } }),
        { look: ([span]) => [...(span?.attributes ?? [])] },
      ),
      ...both(
        '__proto__ and constructor',
        OK,
        request({
          attributes: [
            ['__proto__', 'a'],
            ['constructor', 'b'],
          ],
        }),
        { look: ([span]) => [...(span?.attributes ?? []), Object.keys(Object.prototype)] },
      ),
    ],
  },
  {
    number: 40,
    input: 'messages that are cut or of a wrong type, 1 bad of 100 spans, bad frames of gRPC',
    choice: 'What an attribute means is read later; a text that does not parse is kept as it is.',
    cases: [
      ...both('messages cut short', OK, request({ attributes: { [PROMPT]: '[{"role":"us' } }), {
        look: ([span]) => span?.attributes.get(PROMPT),
      }),
      ...both('finish_reasons as a text', OK, request({ attributes: { 'gen_ai.response.finish_reasons': 'stop' } }), {
        look: ([span]) => span?.attributes.get('gen_ai.response.finish_reasons'),
      }),
      ...both('a whole number for a cost', OK, request({ attributes: { 'operation.cost': 2 } }), {
        look: ([span]) => span?.attributes.get('operation.cost'),
      }),
      ...both('1 bad of 100 spans', OK, hundred(42)),
      grpc('no frame', 'INVALID_ARGUMENT', { bytes: Buffer.alloc(3) }),
      grpc('a frame cut short', 'INVALID_ARGUMENT', { bytes: framed(request({}), 0, 500) }),
      grpc('an unknown flag', 'INVALID_ARGUMENT', { bytes: framed(request({}), 9) }),
      grpc('compressed, and no encoding', 'INVALID_ARGUMENT', { bytes: framed(request({}), 1) }),
      grpc('two messages', 'UNIMPLEMENTED', { bytes: Buffer.concat([framed(request({})), framed(request({}))]) }),
    ],
  },
];
