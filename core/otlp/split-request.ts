import { PipelineError } from '../errors.js';
import { checkField, checkMessage } from './check-message.js';
import { NO_LIMITS, type ItemLimits } from './item-limits.js';
import { OTLP, type Envelope, type Message } from './schema.js';
import { Rejections } from './rejections.js';
import { addPiece, TraceGroups, type Owner, type Place } from './trace-frame.js';
import { WIRE, WireReader } from './wire-reader.js';
import { WireWriter } from './wire-writer.js';

/** The resource attribute that says whose span or log record it is. Only Assay writes it. */
export const TENANT_ATTRIBUTE = 'assay.tenant';

/** How a request is split. */
export interface SplitOptions {
  /** Written into every resource as `assay.tenant`; the sender's own is dropped. */
  readonly tenant: string;
  /** Bound of all records together; none by default. A resource is repeated for every trace, so they can outgrow the request. */
  readonly maxBytes?: number;
  /** Bound of the traces; none by default. Each costs time and memory beyond its bytes. */
  readonly maxTraces?: number;
  /** Bounds of each item; none by default. */
  readonly items?: ItemLimits;
  /** Gives the memory of all records together, at least so many bytes; by default it is made anew. */
  readonly allocate?: (bytes: number) => Buffer;
}

/** What one trace has of a request, as an OTLP export request of its own. */
export interface SplitRecord {
  /** The trace id, in 32 lower-case hex digits; of log records without one, the key of what they are about. */
  readonly key: string;
  /** Spans or log records in it. */
  readonly count: number;
  /** Shares memory with the other records of the request. */
  readonly bytes: Uint8Array;
}

/** A request, split. Counts are of spans or of log records. */
export interface SplitResult {
  readonly records: readonly SplitRecord[];
  /** Those in the records. */
  readonly accepted: number;
  /** Those left out because they are of no interest. */
  readonly ignored: number;
  /** Those left out because of an id that is none, or because they are too large. */
  readonly rejected: number;
  /** What was wrong with them, each reason with its count when there are several; empty when there is none. */
  readonly rejectedMessage: string;
}

/** Reads the items of one signal, spans or log records, one after another. */
export interface ItemReader {
  /**
   * Consumes the item that the reader is at, and checks it down to the last byte.
   * @returns what is wrong with its ids or its size, or an empty string
   * @throws {PipelineError} OTLP_MALFORMED
   */
  read(): string;
  /** Key of the record that the item just read goes to; empty when it is of no interest. */
  key(): string;
  /** @throws {PipelineError} OTLP_MALFORMED when all that was read looks like another signal. Called when no item was right. */
  checkForeign(): void;
}

/** A signal that can be split. */
export interface SplitSignal {
  readonly envelope: Envelope;
  readonly noun: { readonly one: string; readonly many: string };
  readonly createItems: (reader: WireReader, limits: ItemLimits) => ItemReader;
}

/**
 * Splits an OTLP request by trace. Every item keeps its resource and its scope; its bytes are copied as they are, in one pass
 * that makes no objects of what it passes on. All bytes are checked, down to the attributes.
 *
 * @throws {PipelineError} OTLP_MALFORMED; OTLP_TOO_LARGE when there would be more than `maxBytes` or `maxTraces`
 */
export function splitRequest(bytes: Uint8Array, options: SplitOptions, signal: SplitSignal): SplitResult {
  const splitter = new Splitter(bytes, options, signal);
  splitter.readRequest();
  return splitter.finish();
}

/** The writer asks for room for the longest varint before it writes a short one. */
const SLACK_BYTES = 8;

class Splitter {
  private readonly reader: WireReader;
  private readonly items: ItemReader;
  private readonly envelope: Envelope;
  private readonly traces = new Map<string, TraceGroups>();
  private readonly maxTraces: number;
  private accepted = 0;
  private ignored = 0;
  private readonly rejections: Rejections;

  constructor(
    bytes: Uint8Array,
    private readonly options: SplitOptions,
    private readonly signal: SplitSignal,
  ) {
    this.reader = new WireReader(bytes);
    this.items = signal.createItems(this.reader, options.items ?? NO_LIMITS);
    this.envelope = signal.envelope;
    this.maxTraces = options.maxTraces ?? Infinity;
    this.rejections = new Rejections(signal.noun);
  }

  readRequest(): void {
    const { reader } = this;
    while (reader.next()) {
      if (reader.field === 1) this.readResourceItems();
      else checkField(reader, this.envelope.request);
    }
    if (this.accepted === 0) this.items.checkForeign();
  }

  finish(): SplitResult {
    const { traces, accepted, ignored, rejections } = this;
    const { tenant, maxBytes, allocate } = this.options;
    const tenantField = encodeTenant(tenant);
    let size = 0;
    for (const trace of traces.values()) size += trace.size(tenantField);
    if (maxBytes !== undefined && size > maxBytes) throw tooLarge(size, maxBytes);
    // One buffer for all: as many as there are traces would cost more to collect than to fill.
    const writer = new WireWriter(size + SLACK_BYTES, allocate);
    const ends: number[] = [];
    for (const trace of traces.values()) {
      trace.write(writer, this.reader.bytes, tenantField);
      ends.push(writer.size);
    }
    const bytes = writer.finish();
    const records = Array.from(traces, ([key, { count }], index): SplitRecord => {
      return { key, count, bytes: bytes.subarray(ends[index - 1] ?? 0, ends[index]) };
    });
    return { records, accepted, ignored, rejected: rejections.count, rejectedMessage: rejections.message() };
  }

  private readResourceItems(): void {
    const { reader } = this;
    reader.expect(WIRE.bytes);
    const resource: Owner = { own: [], beside: [] };
    const outer = reader.enter();
    for (let start = reader.position; reader.next(); start = reader.position) {
      if (reader.field === 1) readResource(reader, resource);
      else if (reader.field === 2) this.readScopeItems(resource);
      else readBeside({ reader, message: this.envelope.resourceItems, owner: resource }, start);
    }
    reader.leave(outer);
  }

  private readScopeItems(resource: Owner): void {
    const { reader } = this;
    reader.expect(WIRE.bytes);
    const place = { resource, scope: { own: [], beside: [] } satisfies Owner };
    const outer = reader.enter();
    for (let start = reader.position; reader.next(); start = reader.position) {
      if (reader.field === 1) addPiece(place.scope.own, checkMessage(reader, OTLP.scope), reader.position);
      else if (reader.field === 2) this.readItem(place, start);
      else readBeside({ reader, message: this.envelope.scopeItems, owner: place.scope }, start);
    }
    reader.leave(outer);
  }

  private readItem(place: Place, start: number): void {
    const problem = this.items.read();
    if (problem !== '') {
      this.rejections.add(problem);
      return;
    }
    const key = this.items.key();
    if (key === '') {
      this.ignored++;
      return;
    }
    let trace = this.traces.get(key);
    if (trace === undefined) {
      if (this.traces.size >= this.maxTraces) throw this.tooManyTraces();
      trace = new TraceGroups();
      this.traces.set(key, trace);
    }
    this.accepted++;
    trace.add(place, start, this.reader.position);
  }

  private tooManyTraces(): PipelineError {
    return new PipelineError(
      'OTLP_TOO_LARGE',
      `expected a request with ${this.signal.noun.many} of at most ${this.maxTraces} traces, got more; send smaller batches.`,
    );
  }
}

/** Reads a resource, or a part of one, without the sender's word on the tenant. */
function readResource(reader: WireReader, into: Owner): void {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  for (let start = reader.position; reader.next(); start = reader.position) {
    if (reader.field !== 1) {
      checkField(reader, OTLP.resource);
      addPiece(into.own, start, reader.position);
      continue;
    }
    const attribute = checkMessage(reader, OTLP.keyValue);
    if (!isTenant(reader, attribute)) addPiece(into.own, start, reader.position);
  }
  reader.leave(outer);
}

/** True when the checked attribute that starts there, and ends where the reader is, has the tenant's key. */
function isTenant(reader: WireReader, start: number): boolean {
  const attribute = new WireReader(reader.bytes, start, reader.position);
  let key = '';
  while (attribute.next()) {
    if (attribute.field === 1) key = attribute.string();
    else attribute.skip();
  }
  return key === TENANT_ATTRIBUTE;
}

interface BesideField {
  readonly reader: WireReader;
  readonly message: Message;
  readonly owner: Owner;
}

/** Keeps a field that we know, such as the schema URL, and drops one that we do not: it would be repeated per trace. */
function readBeside({ reader, message, owner }: BesideField, start: number): void {
  const known = message.fields[reader.field] !== undefined;
  checkField(reader, message);
  if (known) addPiece(owner.beside, start, reader.position);
}

function encodeTenant(tenant: string): Uint8Array {
  const writer = new WireWriter(64);
  const attribute = writer.open(1);
  writer.string(1, TENANT_ATTRIBUTE);
  const value = writer.open(2);
  writer.string(1, tenant);
  writer.close(value);
  writer.close(attribute);
  return writer.finish();
}

function tooLarge(size: number, maxBytes: number): PipelineError {
  return new PipelineError(
    'OTLP_TOO_LARGE',
    `expected a request of at most ${maxBytes} bytes once split by trace, got ${size}; send fewer traces at once, or a smaller resource.`,
  );
}
