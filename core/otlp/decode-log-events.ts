import type { Attributes, AttributeValue } from '../attributes.js';
import type { LogEvent } from '../log-event.js';
import { checkField } from './check-message.js';
import { decodeAnyValue, decodeAttributes } from './decode-attributes.js';
import { decodeEnvelope, type ItemSource, type Range } from './decode-envelope.js';
import { LOG_RECORD } from './item-fields.js';
import { EVENT_NAME_ATTRIBUTE } from './log-keys.js';
import { malformed } from './malformed.js';
import { LOGS_ENVELOPE, OTLP } from './schema.js';
import { WIRE, WireReader } from './wire-reader.js';

/** A log event with what else the OpenTelemetry exporter's table holds of its record. */
export interface OtlpLogEvent extends LogEvent {
  readonly flags: number;
  readonly scopeAttributes: Attributes;
  readonly resourceSchemaUrl: string;
  readonly scopeSchemaUrl: string;
}

/**
 * The log records of an OTLP `ExportLogsServiceRequest` in protobuf, in the order they come, whatever the order of the fields.
 *
 * All of it is checked at once, so that nothing can fail later; attributes and body become objects when they are first asked
 * for. Records of one resource share its attributes. The bytes are kept, and must not change while a record is used.
 *
 * @throws {PipelineError} OTLP_MALFORMED, also for an id that is not of its length: admission lets none of these pass
 */
export function decodeLogEvents(bytes: Uint8Array): OtlpLogEvent[] {
  return decodeEnvelope(bytes, LOGS_ENVELOPE, decodeLogRecord);
}

/** A log record over checked bytes. */
class DecodedLogEvent implements OtlpLogEvent {
  traceId = '';
  spanId = '';
  eventTimeNs = 0n;
  observedTimeNs = 0n;
  severityNumber = 0;
  severityText = '';
  eventName = '';
  flags = 0;
  private readAttributes: Attributes | undefined;
  private readBody: AttributeValue | undefined;

  constructor(
    private readonly source: ItemSource,
    private readonly range: Range,
  ) {}

  get timeNs(): bigint {
    return this.eventTimeNs === 0n ? this.observedTimeNs : this.eventTimeNs;
  }

  get name(): string {
    if (this.eventName !== '') return this.eventName;
    const name = this.attributes.get(EVENT_NAME_ATTRIBUTE);
    return typeof name === 'string' ? name : '';
  }

  get attributes(): Attributes {
    return (this.readAttributes ??= decodeAttributes(this.reader(), LOG_RECORD.attributes));
  }

  get body(): AttributeValue {
    if (this.readBody === undefined) this.readBody = decodeBody(this.reader());
    return this.readBody;
  }

  get resource(): Attributes {
    return this.source.resource.attributes;
  }

  get resourceSchemaUrl(): string {
    return this.source.resource.schemaUrl;
  }

  get scopeAttributes(): Attributes {
    return this.source.scope.attributes;
  }

  get scopeSchemaUrl(): string {
    return this.source.scope.schemaUrl;
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
}

function decodeBody(reader: WireReader): AttributeValue {
  let body: AttributeValue = null;
  while (reader.next()) {
    if (reader.field === LOG_RECORD.body) body = decodeAnyValue(reader);
    else reader.skip();
  }
  return body;
}

function decodeLogRecord(reader: WireReader, source: ItemSource): OtlpLogEvent {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  const log = new DecodedLogEvent(source, { start: reader.position, end: reader.end });
  while (reader.next()) decodeField(reader, log);
  log.traceId = checkId(log.traceId, { name: 'trace id', size: 16 }, reader);
  log.spanId = checkId(log.spanId, { name: 'span id', size: 8 }, reader);
  reader.leave(outer);
  return log;
}

function decodeField(reader: WireReader, log: DecodedLogEvent): void {
  switch (reader.field) {
    case LOG_RECORD.traceId:
      log.traceId = reader.expectHex();
      break;
    case LOG_RECORD.spanId:
      log.spanId = reader.expectHex();
      break;
    case LOG_RECORD.eventName:
      log.eventName = reader.expectString();
      break;
    case LOG_RECORD.severityText:
      log.severityText = reader.expectString();
      break;
    case LOG_RECORD.severityNumber:
      reader.expect(WIRE.varint);
      log.severityNumber = reader.int32();
      break;
    case LOG_RECORD.time:
      reader.expect(WIRE.fixed64);
      log.eventTimeNs = reader.fixed64();
      break;
    case LOG_RECORD.observedTime:
      reader.expect(WIRE.fixed64);
      log.observedTimeNs = reader.fixed64();
      break;
    case LOG_RECORD.flags:
      reader.expect(WIRE.fixed32);
      log.flags = reader.fixed32();
      break;
    default:
      checkField(reader, OTLP.logRecord);
  }
}

/** An id of zeros is none, as the protocol has it for log records. */
function checkId(id: string, expected: { readonly name: string; readonly size: number }, reader: WireReader): string {
  if (/^0*$/.test(id)) return '';
  if (id.length === 2 * expected.size) return id;
  throw malformed(
    `expected a ${expected.name} of ${expected.size} bytes, got ${id.length / 2} bytes in the log record that ends`,
    `byte ${reader.position}`,
  );
}
