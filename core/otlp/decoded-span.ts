import type { Attributes } from '../attributes.js';
import type { Span, SpanEvent, SpanKind, SpanLink, StatusCode } from '../span.js';
import { decodeAttributes } from './decode-attributes.js';
import type { ItemSource, Range } from './decode-envelope.js';
import { SPAN } from './item-fields.js';
import { WireReader } from './wire-reader.js';

/** A span over checked bytes. Attributes, events and links become objects when they are first asked for. */
export class DecodedSpan implements Span {
  traceId = '';
  spanId = '';
  parentSpanId = '';
  traceState = '';
  name = '';
  kind: SpanKind = 0;
  startNs = 0n;
  endNs = 0n;
  statusCode: StatusCode = 0;
  statusMessage = '';
  private readAttributes: Attributes | undefined;
  private readEvents: readonly SpanEvent[] | undefined;
  private readLinks: readonly SpanLink[] | undefined;

  constructor(
    private readonly source: ItemSource,
    private readonly range: Range,
  ) {}

  get attributes(): Attributes {
    return (this.readAttributes ??= decodeAttributes(this.reader(), SPAN.attributes));
  }

  get events(): readonly SpanEvent[] {
    return (this.readEvents ??= this.decodeEach(SPAN.events, decodeEvent));
  }

  get links(): readonly SpanLink[] {
    return (this.readLinks ??= this.decodeEach(SPAN.links, decodeLink));
  }

  get resource(): Attributes {
    return this.source.resource.attributes;
  }

  get scopeName(): string {
    return this.source.scopeName;
  }

  get scopeVersion(): string {
    return this.source.scopeVersion;
  }

  private reader(): WireReader {
    return new WireReader(this.source.bytes, this.range.start, this.range.end);
  }

  private decodeEach<T>(field: number, decode: (reader: WireReader) => T): readonly T[] {
    const reader = this.reader();
    const items: T[] = [];
    while (reader.next()) {
      if (reader.field !== field) {
        reader.skip();
        continue;
      }
      const outer = reader.enter();
      items.push(decode(reader));
      reader.leave(outer);
    }
    return items;
  }
}

function decodeEvent(reader: WireReader): SpanEvent {
  const attributes = decodeAttributes(new WireReader(reader.bytes, reader.position, reader.end), 3);
  let name = '';
  let timeNs = 0n;
  while (reader.next()) {
    if (reader.field === 1) timeNs = reader.fixed64();
    else if (reader.field === 2) name = reader.string();
    else reader.skip();
  }
  return { name, timeNs, attributes };
}

function decodeLink(reader: WireReader): SpanLink {
  const attributes = decodeAttributes(new WireReader(reader.bytes, reader.position, reader.end), 4);
  let traceId = '';
  let spanId = '';
  let traceState = '';
  while (reader.next()) {
    if (reader.field === 1) traceId = reader.hex();
    else if (reader.field === 2) spanId = reader.hex();
    else if (reader.field === 3) traceState = reader.string();
    else reader.skip();
  }
  return { traceId, spanId, traceState, attributes };
}
