import { checkField } from './check-message.js';
import { type IdPlace, isZero, lengthProblem, readId, SPAN_ID, TRACE_ID, TraceIdText } from './id-place.js';
import { SPAN } from './item-fields.js';
import { ItemSize, NO_LIMITS, type ItemLimits } from './item-limits.js';
import { malformed } from './malformed.js';
import { OTLP } from './schema.js';
import type { ItemReader } from './split-request.js';
import { WIRE, type WireReader } from './wire-reader.js';

/** Reads spans for their ids alone, one after another, and checks all else on the way. Allocates nothing per span. */
export class SpanIds implements ItemReader {
  /** True when there was at least one span and none looked like one: metrics share the field numbers. */
  private allForeign = false;
  private count = 0;
  private readonly trace: IdPlace = { start: 0, length: 0 };
  private readonly span: IdPlace = { start: 0, length: 0 };
  private readonly parent: IdPlace = { start: 0, length: 0 };
  private timed = false;
  private readonly traceIds = new TraceIdText();

  private readonly size: ItemSize;

  constructor(
    private readonly reader: WireReader,
    limits: ItemLimits = NO_LIMITS,
  ) {
    this.size = new ItemSize(reader, limits);
  }

  read(): string {
    const { reader, trace, span, parent } = this;
    trace.length = span.length = parent.length = 0;
    this.timed = false;
    reader.expect(WIRE.bytes);
    const outer = reader.enter();
    this.size.begin();
    while (reader.next()) this.readField();
    reader.leave(outer);
    const problem = this.problem() || this.size.problem('span');
    const foreign = trace.length !== 0 && trace.length !== 16 && !this.timed;
    this.allForeign = foreign && (this.count === 0 || this.allForeign);
    this.count++;
    return problem;
  }

  /** Trace id of the span just read. */
  key(): string {
    return this.traceIds.of(this.reader.bytes, this.trace.start);
  }

  checkForeign(): void {
    if (!this.allForeign) return;
    throw malformed('expected spans, got what looks like metrics, which belong to /v1/metrics,', 'byte 0');
  }

  private readField(): void {
    const { reader } = this;
    const { field } = reader;
    if (OTLP.span.fields[field]?.wireType !== reader.wireType) this.rejectForeign();
    if (field === SPAN.traceId) readId(reader, this.trace);
    else if (field === SPAN.spanId) readId(reader, this.span);
    else if (field === SPAN.parentSpanId) readId(reader, this.parent);
    else {
      if (field === SPAN.startTime) this.timed = true;
      const start = reader.position;
      checkField(reader, OTLP.span);
      if (field === SPAN.attributes) this.size.attribute(start);
      else if (field === SPAN.events || field === SPAN.links) this.size.part();
    }
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
      this.problemOf(this.trace, TRACE_ID) ||
      this.problemOf(this.span, SPAN_ID) ||
      (this.parent.length === 0 || this.parent.length === 8
        ? ''
        : `expected no parent span id or one of 8 bytes, got ${this.parent.length} bytes`)
    );
  }

  private problemOf(place: IdPlace, expected: { readonly name: string; readonly size: number }): string {
    const problem = lengthProblem(place, expected);
    if (problem !== '' || !isZero(this.reader.bytes, place)) return problem;
    return `expected a ${expected.name}, got one of zeros only`;
  }
}
