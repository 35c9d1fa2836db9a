import type { Span, SpanKind, StatusCode } from '../span.js';
import { checkField } from './check-message.js';
import { decodeEnvelope, type ItemSource } from './decode-envelope.js';
import { DecodedSpan } from './decoded-span.js';
import { checkIdSizes } from './id-sizes.js';
import { SPAN } from './item-fields.js';
import { OTLP, TRACES_ENVELOPE } from './schema.js';
import { WIRE, type WireReader } from './wire-reader.js';

const NO_PARENT = '0000000000000000';

/**
 * The spans of an OTLP `ExportTraceServiceRequest` in protobuf, in the order they come, whatever the order of the fields.
 *
 * All of it is checked at once, so that nothing can fail later; attributes, events and links become objects when they are
 * first asked for. Spans of one resource share its attributes. The bytes are kept, and must not change while a span is used.
 *
 * 1.5 µs of CPU for a span of 1.7 KB with 20 attributes, 6 µs when all of these are read. Benchmark: otlp.bench.ts.
 *
 * @throws {PipelineError} OTLP_MALFORMED, also for an id that is not of its length: admission lets none of these pass
 */
export function decodeSpans(bytes: Uint8Array): Span[] {
  return decodeEnvelope(bytes, TRACES_ENVELOPE, decodeSpan);
}

function decodeSpan(reader: WireReader, source: ItemSource): Span {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  const span = new DecodedSpan(source, { start: reader.position, end: reader.end });
  while (reader.next()) decodeSpanField(reader, span);
  const { traceId, spanId, parentSpanId } = span;
  const sizes = { traceId: traceId.length / 2, spanId: spanId.length / 2, parentSpanId: parentSpanId.length / 2 };
  checkIdSizes(sizes, reader.position);
  if (parentSpanId === NO_PARENT) span.parentSpanId = '';
  reader.leave(outer);
  return span;
}

function decodeSpanField(reader: WireReader, span: DecodedSpan): void {
  switch (reader.field) {
    case SPAN.traceId:
      span.traceId = reader.expectHex();
      break;
    case SPAN.spanId:
      span.spanId = reader.expectHex();
      break;
    case SPAN.parentSpanId:
      span.parentSpanId = reader.expectHex();
      break;
    case SPAN.traceState:
      span.traceState = reader.expectString();
      break;
    case SPAN.name:
      span.name = reader.expectString();
      break;
    case SPAN.kind:
      reader.expect(WIRE.varint);
      span.kind = toSpanKind(reader.int32());
      break;
    case SPAN.startTime:
      reader.expect(WIRE.fixed64);
      span.startNs = reader.fixed64();
      break;
    case SPAN.endTime:
      reader.expect(WIRE.fixed64);
      span.endNs = reader.fixed64();
      break;
    case SPAN.status:
      decodeStatus(reader, span);
      break;
    default:
      checkField(reader, OTLP.span);
  }
}

function decodeStatus(reader: WireReader, span: DecodedSpan): void {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 2) span.statusMessage = reader.expectString();
    else if (reader.field === 3) {
      reader.expect(WIRE.varint);
      span.statusCode = toStatusCode(reader.int32());
    } else checkField(reader, OTLP.status);
  }
  reader.leave(outer);
}

function toSpanKind(value: number): SpanKind {
  return value >= 0 && value <= 5 ? (value as SpanKind) : 0;
}

function toStatusCode(value: number): StatusCode {
  return value === 1 || value === 2 ? value : 0;
}
