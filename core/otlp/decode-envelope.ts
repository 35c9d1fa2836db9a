import type { Attributes, AttributeValue } from '../attributes.js';
import { checkField, checkMessage } from './check-message.js';
import { decodeAttributes } from './decode-attributes.js';
import { OTLP, type Envelope } from './schema.js';
import { WIRE, WireReader } from './wire-reader.js';

/** Part of a buffer: a message that is read later. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Attributes of a resource, read once for all its items. */
class Resource {
  /** More than one when the sender wrote the resource in parts; they are one message, as protobuf has it. */
  readonly parts: Range[] = [];
  private read: Attributes | undefined;

  constructor(private readonly bytes: Buffer) {}

  get attributes(): Attributes {
    if (this.read === undefined) {
      const into = new Map<string, AttributeValue>();
      for (const part of this.parts) decodeAttributes(new WireReader(this.bytes, part.start, part.end), 1, into);
      this.read = into;
    }
    return this.read;
  }
}

/** What the items of one scope share. Filled in while the request is read: resource and scope may come after the items. */
export interface ItemSource {
  readonly bytes: Buffer;
  readonly resource: { readonly attributes: Attributes };
  scopeName: string;
  scopeVersion: string;
}

/** Consumes the item that the reader is at. */
export type DecodeItem<T> = (reader: WireReader, source: ItemSource) => T;

/**
 * The items of an OTLP request, spans or log records, in the order they come.
 * @throws {PipelineError} OTLP_MALFORMED
 */
export function decodeEnvelope<T>(bytes: Uint8Array, envelope: Envelope, decode: DecodeItem<T>): T[] {
  const decoder = new EnvelopeDecoder(new WireReader(bytes), envelope, decode);
  decoder.readRequest();
  return decoder.items;
}

class EnvelopeDecoder<T> {
  readonly items: T[] = [];

  constructor(
    private readonly reader: WireReader,
    private readonly envelope: Envelope,
    private readonly decode: DecodeItem<T>,
  ) {}

  readRequest(): void {
    const { reader } = this;
    while (reader.next()) {
      if (reader.field === 1) this.readResourceItems();
      else checkField(reader, this.envelope.request);
    }
  }

  private readResourceItems(): void {
    const { reader } = this;
    reader.expect(WIRE.bytes);
    const resource = new Resource(reader.bytes);
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) resource.parts.push({ start: checkMessage(reader, OTLP.resource), end: reader.position });
      else if (reader.field === 2) this.readScopeItems(resource);
      else checkField(reader, this.envelope.resourceItems);
    }
    reader.leave(outer);
  }

  private readScopeItems(resource: Resource): void {
    const { reader } = this;
    reader.expect(WIRE.bytes);
    const source: ItemSource = { bytes: reader.bytes, resource, scopeName: '', scopeVersion: '' };
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) readScope(reader, source);
      else if (reader.field === 2) this.items.push(this.decode(reader, source));
      else checkField(reader, this.envelope.scopeItems);
    }
    reader.leave(outer);
  }
}

function readScope(reader: WireReader, into: ItemSource): void {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) into.scopeName = reader.expectString();
    else if (reader.field === 2) into.scopeVersion = reader.expectString();
    else checkField(reader, OTLP.scope);
  }
  reader.leave(outer);
}
