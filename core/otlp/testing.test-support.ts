import type { AttributeValue } from '../attributes.js';
import type { Span } from '../span.js';
import { OTLP, type Message } from './schema.js';
import { WIRE, WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** A span as plain values, so that two can be compared whatever they were read from. For tests. */
export function toPlainSpan(span: Span): Record<string, unknown> {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    traceState: span.traceState,
    name: span.name,
    kind: span.kind,
    startNs: span.startNs,
    endNs: span.endNs,
    statusCode: span.statusCode,
    statusMessage: span.statusMessage,
    attributes: toPlain(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: toPlain(event.attributes) })),
    links: span.links.map((link) => ({ ...link, attributes: toPlain(link.attributes) })),
    resource: toPlain(span.resource),
    scopeName: span.scopeName,
    scopeVersion: span.scopeVersion,
  };
}

function toPlain(attributes: Span['attributes']): [string, AttributeValue][] {
  return [...attributes];
}

/**
 * The same message with its fields in reverse order, down to the last value, as the OpenTelemetry Collector writes it.
 * The order of repeated fields among themselves is kept, because that has a meaning. For tests.
 */
export function reverseFields(bytes: Uint8Array, message: Message = OTLP.request): Uint8Array {
  const reader = new WireReader(bytes);
  const fields = new Map<number, Uint8Array[]>();
  for (let start = 0; reader.next(); start = reader.position) {
    const { field } = reader;
    reader.skip();
    const inner = message.fields[field]?.message;
    const raw = reader.bytes.subarray(start, reader.position);
    const list = fields.get(field) ?? [];
    fields.set(field, list);
    list.push(inner === undefined ? raw : reverseEmbedded(raw, inner));
  }
  const reversed = [...fields.values()].reverse().flat();
  return Buffer.concat(reversed);
}

function reverseEmbedded(raw: Uint8Array, message: Message): Uint8Array {
  const reader = new WireReader(raw);
  reader.next();
  const { field } = reader;
  reader.expect(WIRE.bytes);
  reader.enter();
  const writer = new WireWriter();
  writer.bytes(field, reverseFields(reader.bytes.subarray(reader.position), message));
  return writer.finish();
}

/** A span to be encoded; all but the ids may be left out. */
export interface SpanModel {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startNs?: bigint;
  readonly endNs?: bigint;
  readonly statusCode?: number;
  readonly statusMessage?: string;
  readonly attributes?: AttributeModel;
  readonly events?: readonly { readonly name: string; readonly timeNs: bigint; readonly attributes: AttributeModel }[];
  readonly links?: readonly {
    readonly traceId: string;
    readonly spanId: string;
    readonly attributes: AttributeModel;
  }[];
}

export type AttributeModel = Readonly<Record<string, AttributeValue>> | readonly (readonly [string, AttributeValue])[];

/** A request to be encoded. */
export type RequestModel = readonly {
  readonly resource?: AttributeModel;
  readonly schemaUrl?: string;
  readonly scopes: readonly {
    readonly name?: string;
    readonly version?: string;
    readonly schemaUrl?: string;
    readonly spans: readonly SpanModel[];
  }[];
}[];

/** Encodes an `ExportTraceServiceRequest`. Numbers that are integers become `intValue`, all others `doubleValue`. For tests. */
export function encodeRequest(request: RequestModel): Uint8Array {
  const writer = new WireWriter();
  for (const group of request) {
    const resourceSpans = writer.open(1);
    if (group.resource !== undefined)
      writeMessage(writer, 1, () => {
        writeAttributes(writer, 1, group.resource);
      });
    for (const scope of group.scopes) {
      const scopeSpans = writer.open(2);
      writeMessage(writer, 1, () => {
        writeText(writer, 1, scope.name);
        writeText(writer, 2, scope.version);
      });
      for (const span of scope.spans)
        writeMessage(writer, 2, () => {
          writeSpan(writer, span);
        });
      writeText(writer, 3, scope.schemaUrl);
      writer.close(scopeSpans);
    }
    writeText(writer, 3, group.schemaUrl);
    writer.close(resourceSpans);
  }
  return writer.finish();
}

export function writeMessage(writer: WireWriter, field: number, body: () => void): void {
  const start = writer.open(field);
  body();
  writer.close(start);
}

export function writeText(writer: WireWriter, field: number, text: string | undefined): void {
  if (text !== undefined) writer.string(field, text);
}

function writeSpan(writer: WireWriter, span: SpanModel): void {
  writer.bytes(1, Buffer.from(span.traceId, 'hex'));
  writer.bytes(2, Buffer.from(span.spanId, 'hex'));
  writeText(writer, 3, span.traceState);
  if (span.parentSpanId !== undefined) writer.bytes(4, Buffer.from(span.parentSpanId, 'hex'));
  writeText(writer, 5, span.name);
  if (span.kind !== undefined) writer.int32(6, span.kind);
  if (span.startNs !== undefined) writer.fixed64(7, span.startNs);
  if (span.endNs !== undefined) writer.fixed64(8, span.endNs);
  writeAttributes(writer, 9, span.attributes);
  for (const event of span.events ?? []) {
    writeMessage(writer, 11, () => {
      writer.fixed64(1, event.timeNs);
      writer.string(2, event.name);
      writeAttributes(writer, 3, event.attributes);
    });
  }
  for (const link of span.links ?? []) {
    writeMessage(writer, 13, () => {
      writer.bytes(1, Buffer.from(link.traceId, 'hex'));
      writer.bytes(2, Buffer.from(link.spanId, 'hex'));
      writeAttributes(writer, 4, link.attributes);
    });
  }
  if (span.statusCode === undefined && span.statusMessage === undefined) return;
  writeMessage(writer, 15, () => {
    writeText(writer, 2, span.statusMessage);
    writer.int32(3, span.statusCode ?? 0);
  });
}

export function writeAttributes(writer: WireWriter, field: number, attributes: AttributeModel = []): void {
  const entries: readonly (readonly [string, AttributeValue])[] = isPairs(attributes)
    ? attributes
    : Object.entries(attributes);
  for (const [key, value] of entries) {
    writeMessage(writer, field, () => {
      writer.string(1, key);
      writeMessage(writer, 2, () => {
        writeValue(writer, value);
      });
    });
  }
}

function isPairs(attributes: AttributeModel): attributes is readonly (readonly [string, AttributeValue])[] {
  return Array.isArray(attributes);
}

export function writeValue(writer: WireWriter, value: AttributeValue): void {
  if (value === null) return;
  if (typeof value === 'string') writer.string(1, value);
  else if (typeof value === 'boolean') writer.bool(2, value);
  else if (typeof value === 'bigint' || Number.isSafeInteger(value)) writer.int64(3, value as number | bigint);
  else if (typeof value === 'number') writer.double(4, value);
  else if (value instanceof Uint8Array) writer.bytes(7, value);
  else if (Array.isArray(value)) {
    writeMessage(writer, 5, () => {
      for (const element of value as readonly AttributeValue[])
        writeMessage(writer, 1, () => {
          writeValue(writer, element);
        });
    });
  } else
    writeMessage(writer, 6, () => {
      writeAttributes(writer, 1, value as AttributeModel);
    });
}
