import { checkField } from './check-message.js';
import { type IdPlace, isZero, lengthProblem, readId, SPAN_ID, TRACE_ID, TraceIdText } from './id-place.js';
import { LOG_RECORD } from './item-fields.js';
import { ItemSize, NO_LIMITS, type ItemLimits } from './item-limits.js';
import { malformed } from './malformed.js';
import { OTLP } from './schema.js';
import type { ItemReader } from './split-request.js';
import { WIRE, WireReader } from './wire-reader.js';

/** Attribute that holds the event's name where an older emitter sent it. */
export const EVENT_NAME_ATTRIBUTE = 'event.name';
/** What the key of a record without a trace id begins with; the id of the response that it is about follows. */
export const RESPONSE_KEY_PREFIX = 'response:';

const EVENT_NAME_KEY = Buffer.from(EVENT_NAME_ATTRIBUTE);
const RESPONSE_ID_KEY = Buffer.from('gen_ai.response.id');
const AGENT_EVENTS = Buffer.from('gen_ai.');
const EVALUATION = Buffer.from('gen_ai.evaluation.result');
/** It becomes a key on the bus. */
const MAX_RESPONSE_ID_BYTES = 512;

/** Reads log records for the trace that each belongs to, and checks all else on the way. Allocates nothing per record. */
export class LogKeys implements ItemReader {
  private readonly trace: IdPlace = { start: 0, length: 0 };
  private readonly span: IdPlace = { start: 0, length: 0 };
  private readonly name: IdPlace = { start: 0, length: 0 };
  private readonly response: IdPlace = { start: 0, length: 0 };
  private hasAttributes = false;
  private start = 0;
  private of: 'trace' | 'response' | 'nothing' = 'nothing';
  private readonly attribute: WireReader;
  private readonly traceIds = new TraceIdText();

  private readonly size: ItemSize;

  constructor(
    private readonly reader: WireReader,
    limits: ItemLimits = NO_LIMITS,
  ) {
    this.size = new ItemSize(reader, limits);
    this.attribute = new WireReader(reader.bytes);
  }

  read(): string {
    const { reader, trace, span, name } = this;
    trace.length = span.length = name.length = 0;
    this.hasAttributes = false;
    this.of = 'nothing';
    reader.expect(WIRE.bytes);
    const outer = reader.enter();
    this.start = reader.position;
    this.size.begin();
    while (reader.next()) this.readField();
    reader.leave(outer);
    if (name.length === 0) this.find(EVENT_NAME_KEY, name);
    if (!startsWith(reader.bytes, name, AGENT_EVENTS)) return '';
    return this.place() || this.size.problem('log record');
  }

  /** Trace id of the record just read, the key of the response that it is about, or an empty string when it is of no interest. */
  key(): string {
    const { bytes } = this.reader;
    if (this.of === 'trace') return this.traceIds.of(bytes, this.trace.start);
    if (this.of === 'nothing') return '';
    const { start, length } = this.response;
    return `${RESPONSE_KEY_PREFIX}${bytes.toString('utf8', start, start + length)}`;
  }

  /** Spans and metrics show by their first field. */
  checkForeign(): void {}

  private readField(): void {
    const { reader } = this;
    const { field } = reader;
    const known = OTLP.logRecord.fields[field];
    if (known !== undefined && known.wireType !== reader.wireType) this.rejectForeign();
    if (field === LOG_RECORD.traceId) readId(reader, this.trace);
    else if (field === LOG_RECORD.spanId) readId(reader, this.span);
    else if (field === LOG_RECORD.eventName) readId(reader, this.name);
    else {
      const start = reader.position;
      checkField(reader, OTLP.logRecord);
      if (field !== LOG_RECORD.attributes) return;
      this.hasAttributes = true;
      this.size.attribute(start);
    }
  }

  /** Decides what the record just read belongs to. An id of zeros is none, as the protocol has it. */
  private place(): string {
    const { reader, trace, span, response } = this;
    if (span.length !== 0 && span.length !== SPAN_ID.size) return lengthProblem(span, SPAN_ID);
    if (!isZero(reader.bytes, trace)) {
      this.of = 'trace';
      return lengthProblem(trace, TRACE_ID);
    }
    if (this.name.length !== EVALUATION.length || !startsWith(reader.bytes, this.name, EVALUATION)) return '';
    this.find(RESPONSE_ID_KEY, response);
    if (response.length > MAX_RESPONSE_ID_BYTES)
      return `expected a gen_ai.response.id of at most ${MAX_RESPONSE_ID_BYTES} bytes, got ${response.length} bytes`;
    if (response.length > 0) this.of = 'response';
    return '';
  }

  /** Finds the text of an attribute of the record just read; of several the last. */
  private find(key: Buffer, into: IdPlace): void {
    const { attribute, reader } = this;
    into.length = 0;
    if (!this.hasAttributes) return;
    attribute.position = this.start;
    attribute.end = reader.position;
    while (attribute.next()) {
      if (attribute.field !== LOG_RECORD.attributes) {
        attribute.skip();
        continue;
      }
      const outer = attribute.enter();
      readAttribute(attribute, key, into);
      attribute.leave(outer);
    }
  }

  private rejectForeign(): void {
    const { reader } = this;
    const signal = foreignSignal(reader);
    if (signal === '') return;
    throw malformed(
      `expected log records, got what looks like ${signal}, which belong to /v1/${signal},`,
      `byte ${reader.position}`,
    );
  }
}

/** Reads a checked attribute: where its text lies, when it has this key. Key and value come in any order. */
function readAttribute(reader: WireReader, key: Buffer, into: IdPlace): void {
  const { start, length } = into;
  let found = false;
  into.length = 0;
  while (reader.next()) {
    if (reader.field === 1) found = readsAs(reader, key);
    else if (reader.field === 2) readText(reader, into);
    else reader.skip();
  }
  if (found) return;
  into.start = start;
  into.length = length;
}

/** Consumes a text. True when it is this one. */
function readsAs(reader: WireReader, text: Buffer): boolean {
  const size = reader.length();
  const start = reader.position;
  reader.position += size;
  return size === text.length && reader.bytes.compare(text, 0, size, start, start + size) === 0;
}

/** Consumes an attribute value, and tells where its text lies. */
function readText(reader: WireReader, into: IdPlace): void {
  const outer = reader.enter();
  into.length = 0;
  while (reader.next()) {
    if (reader.field === 1) readId(reader, into);
    else reader.skip();
  }
  reader.leave(outer);
}

function startsWith(bytes: Buffer, { start, length }: IdPlace, prefix: Buffer): boolean {
  const size = prefix.length;
  return length >= size && bytes.compare(prefix, 0, size, start, start + size) === 0;
}

/**
 * Which signal a field belongs to that came in another wire type than a log record's. A span begins with two ids and a metric
 * with two texts, and the OpenTelemetry Collector writes both backwards.
 */
function foreignSignal(reader: WireReader): '' | 'traces' | 'metrics' {
  const { field, wireType } = reader;
  if (wireType === WIRE.bytes) {
    if (field === 1 || field === 2) return isText(reader) ? 'metrics' : 'traces';
    if (field === 7) return 'metrics';
    return field === 11 ? 'traces' : '';
  }
  const span = (wireType === WIRE.varint && field === 6) || (wireType === WIRE.fixed64 && (field === 7 || field === 8));
  return span ? 'traces' : '';
}

/** True when the value here is printable, which an id of random bytes hardly is. */
function isText(reader: WireReader): boolean {
  const start = reader.position;
  const size = reader.length();
  const value = reader.bytes.subarray(reader.position, reader.position + size);
  reader.position = start;
  return value.every((byte) => byte >= 0x20 && byte < 0x7f);
}
