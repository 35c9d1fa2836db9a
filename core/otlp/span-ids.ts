import { checkField } from './check-message.js';
import { malformed } from './malformed.js';
import { OTLP } from './schema.js';
import { SPAN } from './span-fields.js';
import { WIRE, type WireReader } from './wire-reader.js';

/** Where an id lies in the bytes. */
interface IdPlace {
  start: number;
  length: number;
}

/** Reads spans for their ids alone, one after another, and checks all else on the way. Allocates nothing per span. */
export class SpanIds {
  /** True when there was at least one span and none looked like one: metrics share the field numbers. */
  allForeign = false;
  private count = 0;
  private readonly trace: IdPlace = { start: 0, length: 0 };
  private readonly span: IdPlace = { start: 0, length: 0 };
  private readonly parent: IdPlace = { start: 0, length: 0 };
  private timed = false;
  private lastTraceId = '';
  private lastTraceStart = 0;

  constructor(private readonly reader: WireReader) {}

  /**
   * Consumes the span that the reader is at.
   * @returns what is wrong with its ids, or an empty string
   * @throws {PipelineError} OTLP_MALFORMED
   */
  read(): string {
    const { reader, trace, span, parent } = this;
    trace.length = span.length = parent.length = 0;
    this.timed = false;
    reader.expect(WIRE.bytes);
    const outer = reader.enter();
    while (reader.next()) this.readField();
    reader.leave(outer);
    const problem = this.problem();
    const foreign = trace.length !== 0 && trace.length !== 16 && !this.timed;
    this.allForeign = foreign && (this.count === 0 || this.allForeign);
    this.count++;
    return problem;
  }

  /** Trace id of the span just read, in lower-case hex. Most spans share it with the one before. */
  traceId(): string {
    const { bytes } = this.reader;
    const { start } = this.trace;
    const last = this.lastTraceStart;
    if (this.lastTraceId !== '' && bytes.compare(bytes, last, last + 16, start, start + 16) === 0)
      return this.lastTraceId;
    this.lastTraceStart = start;
    this.lastTraceId = bytes.toString('hex', start, start + 16);
    return this.lastTraceId;
  }

  private readField(): void {
    const { reader } = this;
    const { field } = reader;
    if (OTLP.span.fields[field]?.wireType !== reader.wireType) this.rejectForeign();
    if (field === SPAN.traceId) this.readId(this.trace);
    else if (field === SPAN.spanId) this.readId(this.span);
    else if (field === SPAN.parentSpanId) this.readId(this.parent);
    else {
      if (field === SPAN.startTime) this.timed = true;
      checkField(reader, OTLP.span);
    }
  }

  private readId(place: IdPlace): void {
    const { reader } = this;
    reader.expect(WIRE.bytes);
    place.length = reader.length();
    place.start = reader.position;
    reader.position += place.length;
  }

  private rejectForeign(): void {
    const { field, wireType, position } = this.reader;
    const logs = wireType === WIRE.fixed64 && (field === SPAN.traceId || field === SPAN.events);
    const metrics = wireType === WIRE.bytes && field === SPAN.startTime;
    if (!logs && !metrics) return;
    const signal = logs ? 'logs' : 'metrics';
    throw malformed(
      `expected spans, got what looks like ${signal}, which belong to /v1/${signal},`,
      `byte ${position}`,
    );
  }

  private problem(): string {
    return (
      this.problemOf(this.trace, { name: 'trace id', size: 16 }) ||
      this.problemOf(this.span, { name: 'span id', size: 8 }) ||
      (this.parent.length === 0 || this.parent.length === 8
        ? ''
        : `expected no parent span id or one of 8 bytes, got ${this.parent.length} bytes`)
    );
  }

  private problemOf(place: IdPlace, expected: { readonly name: string; readonly size: number }): string {
    const { name, size } = expected;
    if (place.length !== size) return `expected a ${name} of ${size} bytes, got ${place.length} bytes`;
    const { bytes } = this.reader;
    for (let index = place.start; index < place.start + size; index++) {
      if (bytes[index] !== 0) return '';
    }
    return `expected a ${name}, got one of zeros only`;
  }
}
