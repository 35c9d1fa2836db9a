import type { StoredRecord } from '../../core/log.js';
import { TENANT_HEADER } from '../../core/log.js';
import { decodeAttributes } from '../../core/otlp/decode-attributes.js';
import type { ItemSource } from '../../core/otlp/decode-envelope.js';
import { SPAN } from '../../core/otlp/item-fields.js';
import { scanSpans, type SpanPlaces } from '../../core/otlp/scan-spans.js';
import { WireReader } from '../../core/otlp/wire-reader.js';
import { ORIGINAL_TIMESTAMP } from '../row-parts.js';
import { ORIGINAL_END, OWN_SPAN_ATTRIBUTES } from '../span-names.js';
import { ByteColumn } from './byte-column.js';
import { textsWith } from './map-column.js';
import { type EncodedResource, ResourceCache } from './resource-cache.js';
import { SpanColumns } from './span-columns.js';
import { SpanFields } from './span-fields.js';
import { SpanItems } from './span-items.js';
import { TimeRange, uint64Text } from './time-range.js';
import { pushTime } from './wide-column.js';

const MAX_SCOPE_TEXTS = 256;
const MAX_SCOPE_TEXT_BYTES = 1_024;
const ORIGINAL_TIMESTAMP_KEY = Buffer.from(ORIGINAL_TIMESTAMP);
const ORIGINAL_END_KEY = Buffer.from(ORIGINAL_END);

interface OpenRecord {
  readonly places: SpanPlaces;
  readonly reader: WireReader;
  readonly tenant: string;
  readonly times: TimeRange;
  /** Of the next span. */
  index: number;
}

/** Spans of one record whose rows wait for `toNative`. */
interface WaitingSpans {
  readonly record: OpenRecord;
  readonly from: number;
  /** Those that could not be written. */
  readonly except: number[];
}

/** A span that no row could be made of, by its place in the record. */
export interface UnwritableSpan {
  readonly index: number;
  readonly error: unknown;
}

/** What all spans of one scope have in their rows, for the block that is being filled. */
interface OpenSource {
  readonly source: ItemSource;
  readonly resource: EncodedResource;
  readonly resourceKeys: readonly number[];
  readonly service: number;
  readonly scopeName: Uint8Array;
  readonly scopeVersion: Uint8Array;
}

/**
 * Writes rows of `otel_traces` straight from the OTLP bytes of the bus into blocks of ClickHouse's Native format: the rows
 * that the OpenTelemetry exporter writes, but for a time that is clamped to bus time ± 7 days. The same records always give
 * the same rows. A record is opened, and then encoded until it is at its end, with a block taken out whenever there is one.
 *
 * No object is made for a span. Cost: bench/RESULTS.md, by bench/writer.ts.
 */
export class SpanEncoder {
  readonly #columns = new SpanColumns();
  readonly #fields = new SpanFields();
  readonly #items = new SpanItems(this.#columns);
  readonly #resources = new ResourceCache();
  readonly #scopeTexts = new Map<string, Uint8Array>();
  #record: OpenRecord | undefined;
  #source: OpenSource | undefined;
  #waiting: WaitingSpans[] = [];
  #unwritable: UnwritableSpan[] = [];

  /** Rows that wait for `toNative`. */
  get rows(): number {
    return this.#columns.rows;
  }

  /** Bytes that wait for `toNative`. */
  get bytes(): number {
    return this.#columns.bytes;
  }

  /** @throws {PipelineError} OTLP_MALFORMED; nothing of the record is then written */
  open({ value, headers, acceptedAtMs }: StoredRecord): void {
    const places = scanSpans(value);
    const tenant = headers[TENANT_HEADER] ?? '';
    this.#record = { places, reader: new WireReader(value), tenant, times: new TimeRange(acceptedAtMs), index: 0 };
    this.#source = undefined;
  }

  /**
   * Writes rows of the open record until there are this many bytes.
   * @returns whether the record is at its end
   */
  encode(maxBytes: number): boolean {
    const record = this.#record;
    if (record === undefined) return true;
    const { sources } = record.places;
    while (record.index < sources.length) {
      if (this.#columns.rows > 0 && this.#columns.bytes >= maxBytes) return false;
      this.#tryEncode(record);
      record.index += 1;
    }
    this.#record = undefined;
    return true;
  }

  /** Spans of the open record, or of the last one, that `encode` left out since this was asked. */
  takeUnwritable(): readonly UnwritableSpan[] {
    const taken = this.#unwritable;
    if (taken.length > 0) this.#unwritable = [];
    return taken;
  }

  /** A block of the rows so far, in pieces that are valid until `clear`. */
  toNative(): Uint8Array[] {
    return this.#columns.toNative();
  }

  /** Makes room for the next block. */
  clear(): void {
    this.#columns.clear();
    this.#source = undefined;
    this.#waiting = [];
  }

  /** Forgets the open record too. */
  reset(): void {
    this.clear();
    this.#record = undefined;
  }

  /** One span must not hold up all those behind it: where one fails, what is half written is made anew without it. */
  #tryEncode(record: OpenRecord): void {
    if (this.#waiting.at(-1)?.record !== record) this.#waiting.push({ record, from: record.index, except: [] });
    try {
      this.#encodeSpan(record);
    } catch (error) {
      this.#unwritable.push({ index: record.index, error });
      this.#waiting.at(-1)!.except.push(record.index);
      this.#encodeAgain(record);
    }
  }

  #encodeAgain(open: OpenRecord): void {
    const end = open.index;
    this.#columns.clear();
    this.#source = undefined;
    for (const { record, from, except } of this.#waiting) {
      const to = record === open ? end : record.places.sources.length;
      for (record.index = from; record.index < to; record.index += 1) {
        if (!except.includes(record.index)) this.#encodeSpan(record);
      }
    }
  }

  #encodeSpan(record: OpenRecord): void {
    const { reader, places } = record;
    const fields = this.#fields;
    const columns = this.#columns;
    const start = places.bounds[2 * record.index]!;
    reader.position = start;
    reader.end = places.bounds[2 * record.index + 1]!;
    fields.clear();
    columns.attributes.begin();
    while (reader.next()) {
      if (reader.field === SPAN.attributes) columns.attributes.addKeyValue(reader);
      else if (reader.field === SPAN.events) this.#items.addEvent(reader);
      else if (reader.field === SPAN.links) this.#items.addLink(reader);
      else fields.read(reader);
    }
    fields.write(reader, columns);
    this.#items.end();
    this.#writeTimes(record, start);
    this.#writeSource(record);
  }

  #writeTimes({ times, reader }: OpenRecord, start: number): void {
    const { startLow, startHigh, endLow, endHigh } = this.#fields;
    const { attributes, duration } = this.#columns;
    const added: (readonly [Buffer, string])[] = [];
    const isClamped = this.#writeTimestamp(times);
    if (isClamped) added.push([ORIGINAL_TIMESTAMP_KEY, uint64Text(startLow, startHigh)]);
    if (endHigh > startHigh || (endHigh === startHigh && endLow >= startLow)) {
      const low = endLow - startLow;
      duration.push(low, endHigh - startHigh - (low < 0 ? 1 : 0));
    } else {
      added.push([ORIGINAL_END_KEY, uint64Text(endLow, endHigh)]);
      duration.push(0);
    }
    for (const [key, text] of added) attributes.add(key, text);
    attributes.end(() =>
      textsWith(decodeAttributes(new WireReader(reader.bytes, start, reader.end), SPAN.attributes), {
        added: added.map(([key, text]) => [key.toString(), text]),
        reserved: OWN_SPAN_ATTRIBUTES,
      }),
    );
  }

  /** @returns whether it is another time than the span's own */
  #writeTimestamp(times: TimeRange): boolean {
    const { startLow, startHigh } = this.#fields;
    const isBefore = times.isBefore(startLow, startHigh);
    const isAfter = times.isAfter(startLow, startHigh);
    const low = isBefore ? times.firstLow : isAfter ? times.lastLow : startLow;
    const high = isBefore ? times.firstHigh : isAfter ? times.lastHigh : startHigh;
    pushTime(this.#columns.timestamp, low, high);
    return isBefore || isAfter;
  }

  #writeSource({ places, index, tenant }: OpenRecord): void {
    const source = places.sources[index]!;
    if (this.#source?.source !== source) this.#source = this.#openSource(source, tenant);
    const open = this.#source;
    const columns = this.#columns;
    columns.resource.addEncoded(open.resource, open.resourceKeys);
    columns.service.push(open.service);
    columns.scopeName.encoded(open.scopeName);
    columns.scopeVersion.encoded(open.scopeVersion);
  }

  #openSource(source: ItemSource, tenant: string): OpenSource {
    const { resource: map, service } = this.#columns;
    const resource = this.#resources.of(source, tenant);
    return {
      source,
      resource,
      resourceKeys: resource.keys.map((key) => map.keys.indexOf(key, 0, key.length)),
      service: service.indexOf(resource.service, 0, resource.service.length),
      scopeName: this.#textOf(source.scopeName),
      scopeVersion: this.#textOf(source.scopeVersion),
    };
  }

  /** Scopes are few, and come with every record. */
  #textOf(text: string): Uint8Array {
    let encoded = this.#scopeTexts.get(text);
    if (encoded === undefined) {
      encoded = encodeText(text);
      if (this.#scopeTexts.size >= MAX_SCOPE_TEXTS) this.#scopeTexts.clear();
      if (encoded.length <= MAX_SCOPE_TEXT_BYTES) this.#scopeTexts.set(text, encoded);
    }
    return encoded;
  }
}

function encodeText(text: string): Uint8Array {
  const column = new ByteColumn(64);
  column.text(text);
  return column.view();
}
