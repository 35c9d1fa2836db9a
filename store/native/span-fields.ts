import { SPAN } from '../../core/otlp/item-fields.js';
import type { WireReader } from '../../core/otlp/wire-reader.js';
import type { SpanColumns } from './span-columns.js';

/** What is not repeated of a span, as places in its bytes and as halves of 64-bit numbers; one object for all spans. */
export class SpanFields {
  traceId = 0;
  spanId = 0;
  /** -1 for a root. */
  parentSpanId = -1;
  traceState = [0, 0];
  name = [0, 0];
  message = [0, 0];
  kind = 0;
  statusCode = 0;
  startLow = 0;
  startHigh = 0;
  endLow = 0;
  endHigh = 0;

  clear(): void {
    this.parentSpanId = -1;
    this.traceState[1] = this.traceState[0] = 0;
    this.name[1] = this.name[0] = 0;
    this.message[1] = this.message[0] = 0;
    this.kind = this.statusCode = 0;
    this.startLow = this.startHigh = this.endLow = this.endHigh = 0;
  }

  /** Reads the field that the reader is at, which must have been checked. Attributes, events and links are not among these. */
  read(reader: WireReader): void {
    switch (reader.field) {
      case SPAN.traceId:
        this.traceId = skipBytes(reader);
        break;
      case SPAN.spanId:
        this.spanId = skipBytes(reader);
        break;
      case SPAN.parentSpanId:
        this.#readParent(reader);
        break;
      case SPAN.traceState:
        readBounds(reader, this.traceState);
        break;
      case SPAN.name:
        readBounds(reader, this.name);
        break;
      case SPAN.kind: {
        const kind = reader.int32();
        this.kind = kind >= 0 && kind <= 5 ? kind : 0;
        break;
      }
      case SPAN.startTime:
        this.startLow = reader.fixed32();
        this.startHigh = reader.fixed32();
        break;
      case SPAN.endTime:
        this.endLow = reader.fixed32();
        this.endHigh = reader.fixed32();
        break;
      case SPAN.status:
        this.#readStatus(reader);
        break;
      default:
        reader.skip();
    }
  }

  /** Writes all but the times. */
  write({ bytes }: WireReader, columns: SpanColumns): void {
    columns.traceId.hex(bytes, this.traceId, this.traceId + 16);
    columns.spanId.hex(bytes, this.spanId, this.spanId + 8);
    if (this.parentSpanId === -1) columns.parentSpanId.empty();
    else columns.parentSpanId.hex(bytes, this.parentSpanId, this.parentSpanId + 8);
    columns.traceState.slice(bytes, this.traceState[0]!, this.traceState[1]!);
    columns.name.push(columns.name.indexOf(bytes, this.name[0]!, this.name[1]!));
    // The empty text comes before the fixed names.
    columns.kind.push(1 + this.kind);
    columns.statusCode.push(1 + this.statusCode);
    columns.statusMessage.slice(bytes, this.message[0]!, this.message[1]!);
  }

  /** A parent of zeros is none. */
  #readParent(reader: WireReader): void {
    const size = reader.length();
    const at = reader.position;
    reader.position = at + size;
    let bits = 0;
    for (let index = at; index < at + size; index++) bits |= reader.bytes[index]!;
    this.parentSpanId = bits === 0 ? -1 : at;
  }

  #readStatus(reader: WireReader): void {
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 2) readBounds(reader, this.message);
      else if (reader.field === 3) {
        const code = reader.int32();
        this.statusCode = code === 1 || code === 2 ? code : 0;
      } else reader.skip();
    }
    reader.leave(outer);
  }
}

/** Consumes bytes; of an id that comes twice only the last has the size of one. @returns where they start */
function skipBytes(reader: WireReader): number {
  const size = reader.length();
  const at = reader.position;
  reader.position = at + size;
  return at;
}

/** Consumes bytes, and notes where they start and end. */
export function readBounds(reader: WireReader, into: number[]): void {
  const size = reader.length();
  into[0] = reader.position;
  into[1] = reader.position += size;
}
