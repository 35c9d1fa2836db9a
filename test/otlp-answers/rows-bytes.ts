import { encodeLogs } from '../../core/otlp/logs.test-support.js';
import { writeMessage } from '../../core/otlp/testing.test-support.js';
import { WireWriter } from '../../core/otlp/wire-writer.js';
import { framed, LOGS_SERVICE } from '../helpers/otlp-grpc.js';
import {
  ARGUMENT,
  BAD,
  both,
  grpc,
  json,
  jsonAttribute,
  jsonRequest,
  jsonSpan,
  OK,
  protobuf,
  request,
  SPAN,
  TRACE,
  VALID,
  type Row,
} from './cases.js';

/** A request with one span that is written by hand. */
export function rawSpan(write: (writer: WireWriter) => void): Uint8Array {
  const writer = new WireWriter();
  writeMessage(writer, 1, () => {
    writeMessage(writer, 2, () => {
      writeMessage(writer, 2, () => {
        write(writer);
      });
    });
  });
  return writer.finish();
}

/** A valid span with something more. */
export const spanWith = (write: (writer: WireWriter) => void): Uint8Array =>
  rawSpan((writer) => {
    writer.bytes(1, Buffer.from(TRACE, 'hex'));
    writer.bytes(2, Buffer.from(SPAN, 'hex'));
    write(writer);
  });

/** An attribute `k` whose value is written by hand. */
export const attributeWith = (write: (writer: WireWriter) => void): Uint8Array =>
  spanWith((writer) => {
    writeMessage(writer, 9, () => {
      writer.string(1, 'k');
      writeMessage(writer, 2, () => {
        write(writer);
      });
    });
  });

/** kvlists inside one another. */
function nested(depth: number): Uint8Array {
  return attributeWith((writer) => {
    const list = (left: number): void => {
      if (left === 0) writer.string(1, 'the deepest');
      else
        writeMessage(writer, 6, () => {
          writeMessage(writer, 1, () => {
            writer.string(1, 'n');
            writeMessage(writer, 2, () => {
              list(left - 1);
            });
          });
        });
    };
    list(depth);
  });
}

const deepJson = (depth: number): string => `{"resourceSpans":[],"x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
const deepValue = (depth: number): string =>
  jsonAttribute({}).replace('{}', `${'{"arrayValue":{"values":['.repeat(depth)}{"intValue":1}${']}}'.repeat(depth)}`);

const LOGS = encodeLogs({ traceId: TRACE, timeNs: 1n, eventName: 'gen_ai.choice' });
const METRICS = ((): Uint8Array => {
  const writer = new WireWriter();
  writeMessage(writer, 1, () => {
    writeMessage(writer, 2, () => {
      writeMessage(writer, 2, () => {
        writer.string(1, 'http.server.duration');
        writeMessage(writer, 7, () => {
          writer.int32(2, 2);
        });
      });
    });
  });
  return writer.finish();
})();

const attribute = (spans: readonly { attributes: ReadonlyMap<string, unknown> }[]): unknown =>
  spans[0]?.attributes.get('k');
const seeded = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => (index * 167 + 89) % 256));

/** Rows about bytes that are no request, and ids that are none. */
export const BYTES_ROWS: readonly Row[] = [
  {
    number: 20,
    input: 'truncated protobuf, random bytes, field number 0',
    cases: [
      ...both('-1 byte', BAD, VALID.subarray(0, -1)),
      ...both('-10 bytes', BAD, VALID.subarray(0, -10)),
      ...both('random bytes', BAD, seeded(64)),
      ...both('field number 0', BAD, Buffer.from('0200', 'hex')),
      json('truncated JSON', BAD, jsonRequest(jsonSpan()).slice(0, -1)),
    ],
  },
  {
    number: 21,
    input: 'wrong wire type for a known field',
    cases: [
      ...both(
        'the name as a number',
        BAD,
        spanWith((writer) => {
          writer.uint32(5, 7);
        }),
      ),
      json('the name as a number', BAD, jsonRequest(jsonSpan({ name: 7 }))),
    ],
  },
  {
    number: 22,
    input: 'unknown fields',
    cases: [
      ...both(
        'in the span and in the request',
        OK,
        Buffer.concat([
          spanWith((writer) => {
            writer.string(900, 'new');
          }),
          Buffer.from('fa3e0161', 'hex'),
        ]),
      ),
      json(
        'in the span and in the request',
        OK,
        `{"new":{"a":[1]},${jsonRequest(jsonSpan({ brandNew: [{}] })).slice(1)}`,
      ),
    ],
  },
  {
    number: 23,
    input: 'values nested 33 deep; 100,000 deep in JSON',
    choice: 'The whole request is refused: only a program that is broken nests so. 32 are taken.',
    cases: [
      ...both('33 kvlists', BAD, nested(33)),
      ...both('32 kvlists', OK, nested(32)),
      json('33 arrays', BAD, deepValue(33)),
      json('32 arrays', OK, deepValue(32)),
      json('100,000 arrays where nobody looks', BAD, deepJson(100_000)),
      json('100,000 arrays in a value', BAD, deepValue(100_000)),
    ],
  },
  {
    number: 24,
    input: 'invalid UTF-8 in a string',
    choice:
      'Taken as it is, and read as U+FFFD: text that was cut in the middle of a character is the usual cause, and no reason to lose a span.',
    cases: [
      ...both(
        'in a value',
        OK,
        attributeWith((writer) => {
          writer.bytes(1, Buffer.from('a\xff', 'latin1'));
        }),
        { look: attribute },
      ),
      json('in a value', OK, Buffer.from(jsonAttribute({ stringValue: 'a\xff' }), 'latin1'), { look: attribute }),
    ],
  },
  {
    number: 25,
    input: '`\\u0000` and lone surrogates in strings',
    choice: 'NUL stays; half a surrogate pair, which no UTF-8 can hold, becomes U+FFFD.',
    cases: [
      ...both(
        'NUL',
        OK,
        attributeWith((writer) => {
          writer.string(1, 'a\0b');
        }),
        { look: attribute },
      ),
      json('NUL', OK, jsonAttribute({ stringValue: 'a\0b' }), { look: attribute }),
      json('a lone surrogate', OK, jsonAttribute({ stringValue: 'a?b' }).replace('?', '\\ud83d'), { look: attribute }),
    ],
  },
  {
    number: 26,
    input: 'logs or metrics posted as traces, and traces as logs',
    cases: [
      ...both('logs as traces', BAD, LOGS),
      ...both('metrics as traces', BAD, METRICS),
      json('logs as traces', BAD, '{"resourceLogs":[]}'),
      json('metrics as traces', BAD, '{"resourceMetrics":[]}'),
      protobuf('traces as logs', BAD, VALID, { path: '/v1/logs' }),
      protobuf('traces as metrics', BAD, VALID, { path: '/v1/metrics' }),
      json('traces as metrics', BAD, jsonRequest(jsonSpan()), { path: '/v1/metrics' }),
      grpc('traces as logs', ARGUMENT, { bytes: framed(VALID), path: LOGS_SERVICE }),
    ],
  },
  {
    number: 27,
    input: 'trace id of 15 or 17 bytes, 31 hex digits, not hex',
    choice:
      'Bytes of another length are the fault of one span, which is rejected; text that is no hex cannot be decoded at all.',
    cases: [
      ...both('15 bytes', OK, request({ traceId: TRACE.slice(2) })),
      ...both('17 bytes', OK, request({ traceId: `${TRACE}00` })),
      ...both('15 bytes beside a right one', OK, request({}, { traceId: TRACE.slice(2) })),
      json('30 hex digits beside a right one', OK, jsonRequest(jsonSpan(), jsonSpan({ traceId: TRACE.slice(2) }))),
      json('31 hex digits', BAD, jsonRequest(jsonSpan({ traceId: TRACE.slice(1) }))),
      json('not hex', BAD, jsonRequest(jsonSpan({ traceId: `${TRACE.slice(1)}g` }))),
    ],
  },
  {
    number: 28,
    input: 'empty or all-zero trace and span ids',
    cases: [
      ...both('of zeros, beside a right one', OK, request({}, { traceId: '0'.repeat(32) }, { spanId: '0'.repeat(16) })),
      ...both(
        'none',
        OK,
        rawSpan((writer) => {
          writer.string(5, 'chat');
          writer.fixed64(7, 1n);
        }),
      ),
      json('of zeros, and none', OK, jsonRequest(jsonSpan({ traceId: '0'.repeat(32) }), jsonSpan({ spanId: '' }))),
    ],
  },
  {
    number: 29,
    input: 'base64 ids in JSON',
    cases: [json('Z6z8LqVvEI+kU1/Ci6mXBQ==', BAD, jsonRequest(jsonSpan({ traceId: 'Z6z8LqVvEI+kU1/Ci6mXBQ==' })))],
  },
  {
    number: 30,
    input: 'upper-case hex ids',
    cases: [
      json(
        'beside the lower-case twin',
        OK,
        jsonRequest(jsonSpan({ traceId: TRACE.toUpperCase() }), jsonSpan({ spanId: 'aaa19b7ec3c1b174' })),
      ),
    ],
  },
  {
    number: 31,
    input: 'snake_case JSON',
    choice: 'Accepted, as the Collector does: to ignore the keys would lose the spans without a word.',
    cases: [
      json(
        'all of it',
        OK,
        JSON.stringify({
          resource_spans: [
            { scope_spans: [{ spans: [{ trace_id: TRACE, span_id: SPAN, name: 'chat', start_time_unix_nano: '5' }] }] },
          ],
        }),
        { look: ([span]) => span?.startNs },
      ),
    ],
  },
];
