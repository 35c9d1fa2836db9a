import { decodeAttributes } from '../../core/otlp/decode-attributes.js';
import { WireReader } from '../../core/otlp/wire-reader.js';
import { textsWith } from './map-column.js';
import type { SpanColumns } from './span-columns.js';
import { readBounds } from './span-fields.js';
import { pushTime } from './wide-column.js';

/** Numbers of an event's fields, and of a link's. @see opentelemetry-proto, trace/v1/trace.proto */
const EVENT = { time: 1, name: 2, attributes: 3 } as const;
const LINK = { traceId: 1, spanId: 2, traceState: 3, attributes: 4 } as const;

/** Writes the events and links of spans. The reader must be at one that has been checked. */
export class SpanItems {
  readonly #name = [0, 0];
  readonly #traceId = [0, 0];
  readonly #spanId = [0, 0];
  readonly #traceState = [0, 0];

  constructor(private readonly columns: SpanColumns) {}

  addEvent(reader: WireReader): void {
    const { eventTime, eventName, eventAttributes } = this.columns;
    const outer = reader.enter();
    const start = reader.position;
    const name = cleared(this.#name);
    let low = 0;
    let high = 0;
    eventAttributes.begin();
    while (reader.next()) {
      if (reader.field === EVENT.time) {
        low = reader.fixed32();
        high = reader.fixed32();
      } else if (reader.field === EVENT.name) readBounds(reader, name);
      else if (reader.field === EVENT.attributes) eventAttributes.addKeyValue(reader);
      else reader.skip();
    }
    pushTime(eventTime, low, high);
    eventName.push(eventName.indexOf(reader.bytes, name[0]!, name[1]!));
    eventAttributes.end(() => textsOf(reader, start, EVENT.attributes));
    reader.leave(outer);
  }

  addLink(reader: WireReader): void {
    const { linkTraceId, linkSpanId, linkTraceState, linkAttributes } = this.columns;
    const outer = reader.enter();
    const start = reader.position;
    const traceId = cleared(this.#traceId);
    const spanId = cleared(this.#spanId);
    const traceState = cleared(this.#traceState);
    linkAttributes.begin();
    while (reader.next()) {
      if (reader.field === LINK.traceId) readBounds(reader, traceId);
      else if (reader.field === LINK.spanId) readBounds(reader, spanId);
      else if (reader.field === LINK.traceState) readBounds(reader, traceState);
      else if (reader.field === LINK.attributes) linkAttributes.addKeyValue(reader);
      else reader.skip();
    }
    linkTraceId.hex(reader.bytes, traceId[0]!, traceId[1]!);
    linkSpanId.hex(reader.bytes, spanId[0]!, spanId[1]!);
    linkTraceState.slice(reader.bytes, traceState[0]!, traceState[1]!);
    linkAttributes.end(() => textsOf(reader, start, LINK.attributes));
    reader.leave(outer);
  }

  /** Ends the events and links of one span. */
  end(): void {
    const { eventEnds, eventTime, linkEnds, linkAttributes } = this.columns;
    eventEnds.push(eventTime.rows);
    linkEnds.push(linkAttributes.ends.rows);
  }
}

/** Of the message that the reader is at the end of. */
function textsOf(reader: WireReader, start: number, field: number): Record<string, string> {
  return textsWith(decodeAttributes(new WireReader(reader.bytes, start, reader.end), field));
}

function cleared(bounds: number[]): number[] {
  bounds[0] = bounds[1] = 0;
  return bounds;
}
