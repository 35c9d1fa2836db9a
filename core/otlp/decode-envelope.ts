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

/** A resource or a scope: its attributes, read once for all its items. */
export class ItemOwner {
  /** More than one when the sender wrote the message in parts; they are one, as protobuf has it. */
  readonly parts: Range[] = [];
  schemaUrl = '';
  private read: Attributes | undefined;

  /** @param field - number of the attributes in the message */
  constructor(
    private readonly bytes: Buffer,
    private readonly field: number,
  ) {}

  get attributes(): Attributes {
    if (this.read === undefined) {
      const into = new Map<string, AttributeValue>();
      for (const { start, end } of this.parts)
        decodeAttributes(new WireReader(this.bytes, start, end), this.field, into);
      this.read = into;
    }
    return this.read;
  }
}

/** What the items of one scope share. Filled in while the request is read: resource and scope may come after the items. */
export interface ItemSource {
  readonly bytes: Buffer;
  readonly resource: ItemOwner;
  readonly scope: ItemOwner;
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
    const resource = new ItemOwner(reader.bytes, 1);
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) resource.parts.push({ start: checkMessage(reader, OTLP.resource), end: reader.position });
      else if (reader.field === 2) this.readScopeItems(resource);
      else if (reader.field === 3) resource.schemaUrl = reader.expectString();
      else checkField(reader, this.envelope.resourceItems);
    }
    reader.leave(outer);
  }

  private readScopeItems(resource: ItemOwner): void {
    const { reader } = this;
    reader.expect(WIRE.bytes);
    const { bytes } = reader;
    const scope = new ItemOwner(bytes, 3);
    const source: ItemSource = { bytes, resource, scope, scopeName: '', scopeVersion: '' };
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) readScope(reader, source);
      else if (reader.field === 2) this.items.push(this.decode(reader, source));
      else if (reader.field === 3) scope.schemaUrl = reader.expectString();
      else checkField(reader, this.envelope.scopeItems);
    }
    reader.leave(outer);
  }
}

function readScope(reader: WireReader, into: ItemSource): void {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  into.scope.parts.push({ start: reader.position, end: reader.end });
  while (reader.next()) {
    if (reader.field === 1) into.scopeName = reader.expectString();
    else if (reader.field === 2) into.scopeVersion = reader.expectString();
    else checkField(reader, OTLP.scope);
  }
  reader.leave(outer);
}
