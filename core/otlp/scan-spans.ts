import { checkField } from './check-message.js';
import { decodeEnvelope, type ItemSource } from './decode-envelope.js';
import { SPAN } from './item-fields.js';
import { checkIdSizes } from './id-sizes.js';
import { OTLP, TRACES_ENVELOPE } from './schema.js';
import { WIRE, type WireReader } from './wire-reader.js';

/** Where the spans of a request lie in it. */
export interface SpanPlaces {
  /** Of each span: its resource and scope; one object for all spans of a scope. */
  readonly sources: readonly ItemSource[];
  /** Of each span, two numbers: where its fields start, and where they end. */
  readonly bounds: readonly number[];
}

/**
 * Finds the spans of an OTLP `ExportTraceServiceRequest` in protobuf, in the order they come. It accepts and refuses what
 * `decodeSpans` does, and checks all of it, so that its fields can be read afterwards without an error; but it makes no span.
 *
 * @throws {PipelineError} OTLP_MALFORMED
 */
export function scanSpans(bytes: Uint8Array): SpanPlaces {
  const bounds: number[] = [];
  const sources = decodeEnvelope(bytes, TRACES_ENVELOPE, (reader, source) => {
    scanSpan(reader, bounds);
    return source;
  });
  return { sources, bounds };
}

function scanSpan(reader: WireReader, bounds: number[]): void {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  bounds.push(reader.position, reader.end);
  const ids = { traceId: 0, spanId: 0, parentSpanId: 0 };
  while (reader.next()) {
    switch (reader.field) {
      case SPAN.traceId:
        ids.traceId = scanId(reader);
        break;
      case SPAN.spanId:
        ids.spanId = scanId(reader);
        break;
      case SPAN.parentSpanId:
        ids.parentSpanId = scanId(reader);
        break;
      default:
        checkField(reader, OTLP.span);
    }
  }
  checkIdSizes(ids, reader.position);
  reader.leave(outer);
}

/** @returns its bytes */
function scanId(reader: WireReader): number {
  reader.expect(WIRE.bytes);
  const size = reader.length();
  reader.position += size;
  return size;
}
