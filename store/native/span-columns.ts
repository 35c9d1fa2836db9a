import { KIND_NAMES, OWN_SPAN_ATTRIBUTES, STATUS_NAMES } from '../span-names.js';
import { ByteColumn } from './byte-column.js';
import { DictionaryColumn } from './dictionary-column.js';
import { MapColumn } from './map-column.js';
import { WideColumn } from './wide-column.js';

const TIME = 'DateTime64(9)';
const TEXT = 'String';
const NAME = 'LowCardinality(String)';
const MAP = 'Map(LowCardinality(String), String)';

/** The columns of `otel_traces` that are written, in the order in which a block has them. */
export const SPAN_TABLE_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ['Timestamp', TIME],
  ['TraceId', TEXT],
  ['SpanId', TEXT],
  ['ParentSpanId', TEXT],
  ['TraceState', TEXT],
  ['SpanName', NAME],
  ['SpanKind', NAME],
  ['ServiceName', NAME],
  ['ResourceAttributes', MAP],
  ['ScopeName', TEXT],
  ['ScopeVersion', TEXT],
  ['SpanAttributes', MAP],
  ['Duration', 'UInt64'],
  ['StatusCode', NAME],
  ['StatusMessage', TEXT],
  ['Events.Timestamp', `Array(${TIME})`],
  ['Events.Name', `Array(${NAME})`],
  ['Events.Attributes', `Array(${MAP})`],
  ['Links.TraceId', `Array(${TEXT})`],
  ['Links.SpanId', `Array(${TEXT})`],
  ['Links.TraceState', `Array(${TEXT})`],
  ['Links.Attributes', `Array(${MAP})`],
];

/** Every `LowCardinality` begins with the version of its form, which is 1: keys may come with each block. */
const VERSION = new Uint8Array(new BigUint64Array([1n]).buffer);

/** The values of the rows of one block, column by column. The buffers are used again for the next block. */
export class SpanColumns {
  readonly timestamp = new WideColumn();
  readonly traceId = new ByteColumn();
  readonly spanId = new ByteColumn();
  readonly parentSpanId = new ByteColumn();
  readonly traceState = new ByteColumn();
  readonly name = new DictionaryColumn();
  readonly kind = new DictionaryColumn(KIND_NAMES);
  readonly service = new DictionaryColumn();
  readonly resource = new MapColumn();
  readonly scopeName = new ByteColumn();
  readonly scopeVersion = new ByteColumn();
  readonly attributes = new MapColumn(OWN_SPAN_ATTRIBUTES);
  readonly duration = new WideColumn();
  readonly statusCode = new DictionaryColumn(STATUS_NAMES);
  readonly statusMessage = new ByteColumn();
  readonly eventEnds = new WideColumn();
  readonly eventTime = new WideColumn();
  readonly eventName = new DictionaryColumn();
  readonly eventAttributes = new MapColumn();
  readonly linkEnds = new WideColumn();
  readonly linkTraceId = new ByteColumn();
  readonly linkSpanId = new ByteColumn();
  readonly linkTraceState = new ByteColumn();
  readonly linkAttributes = new MapColumn();
  readonly #all: readonly { clear(): void }[];
  readonly #sized: readonly { readonly bytes: number }[];

  constructor() {
    this.#all = Object.values(this) as { clear(): void }[];
    this.#sized = [
      ...[this.resource, this.attributes, this.eventAttributes, this.linkAttributes],
      ...[this.name, this.service, this.eventName],
      ...[this.traceState, this.scopeName, this.scopeVersion, this.statusMessage],
      ...[this.linkTraceId, this.linkSpanId, this.linkTraceState],
    ];
  }

  get rows(): number {
    return this.timestamp.rows;
  }

  /** Bytes of all that can be large; the rest is less than 300 bytes a row, and 100 an event or a link. */
  get bytes(): number {
    let bytes = 300 * this.rows + 100 * (this.eventTime.rows + this.linkAttributes.ends.rows);
    for (const column of this.#sized) bytes += column.bytes;
    return bytes;
  }

  clear(): void {
    for (const column of this.#all) column.clear();
  }

  /** A block of ClickHouse's Native format, in pieces; valid until the columns are written to again. */
  toNative(): Uint8Array[] {
    const pieces: Uint8Array[] = [Uint8Array.from([...varint(SPAN_TABLE_COLUMNS.length), ...varint(this.rows)])];
    for (const [index, views] of this.#views().entries()) pieces.push(HEADS[index]!, ...views);
    return pieces;
  }

  #views(): readonly (readonly Uint8Array[])[] {
    const events = this.eventEnds.view();
    const links = this.linkEnds.view();
    return [
      [this.timestamp.view()],
      ...[this.traceId, this.spanId, this.parentSpanId, this.traceState].map((column) => [column.view()]),
      ...[this.name, this.kind, this.service].map(named),
      mapViews(this.resource),
      [this.scopeName.view()],
      [this.scopeVersion.view()],
      mapViews(this.attributes),
      [this.duration.view()],
      named(this.statusCode),
      [this.statusMessage.view()],
      [events, this.eventTime.view()],
      [VERSION, events, ...this.eventName.views()],
      mapViews(this.eventAttributes, events),
      ...[this.linkTraceId, this.linkSpanId, this.linkTraceState].map((column) => [links, column.view()]),
      mapViews(this.linkAttributes, links),
    ];
  }
}

function named(column: DictionaryColumn): readonly Uint8Array[] {
  return [VERSION, ...column.views()];
}

/** @param arrays - where the arrays of maps end, of a column of arrays */
function mapViews(map: MapColumn, ...arrays: readonly Uint8Array[]): readonly Uint8Array[] {
  return [VERSION, ...arrays, map.ends.view(), ...map.keys.views(), map.values.view()];
}

const HEADS = SPAN_TABLE_COLUMNS.map((column) =>
  Buffer.concat(column.flatMap((text) => [Uint8Array.from(varint(text.length)), Buffer.from(text)])),
);

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
