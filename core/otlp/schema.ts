import { WIRE } from './wire-reader.js';

/** What a field holds. `id` is bytes that OTLP/JSON writes in hex; all other bytes are base64 there. */
export type FieldKind =
  'string' | 'bytes' | 'id' | 'bool' | 'int64' | 'uint32' | 'enum' | 'fixed32' | 'fixed64' | 'double' | 'message';

/** One field of an OTLP message. */
export interface Field {
  readonly number: number;
  /** In lowerCamelCase, as OTLP/JSON has it. */
  readonly name: string;
  readonly kind: FieldKind;
  readonly wireType: number;
  readonly repeated: boolean;
  readonly message?: Message;
  /** Names of an enum's values. */
  readonly names?: ReadonlyMap<string, number>;
  /** True for the arrays and lists that attribute values can be nested with. */
  readonly nests: boolean;
}

/** One OTLP message. Fields that are not here are unknown, and ignored. */
export interface Message {
  readonly name: string;
  /** By field number. */
  readonly fields: readonly (Field | undefined)[];
  /** Names in OTLP/JSON: lowerCamelCase, and snake_case where that differs. */
  readonly names: readonly { readonly bytes: Uint8Array; readonly field: Field }[];
}

const WIRE_TYPES: Readonly<Record<FieldKind, number>> = {
  string: WIRE.bytes,
  bytes: WIRE.bytes,
  id: WIRE.bytes,
  message: WIRE.bytes,
  bool: WIRE.varint,
  int64: WIRE.varint,
  uint32: WIRE.varint,
  enum: WIRE.varint,
  fixed32: WIRE.fixed32,
  fixed64: WIRE.fixed64,
  double: WIRE.fixed64,
};

type FieldSpec = readonly [number: number, name: string, kind: FieldKind | Message, more?: Partial<Field>];

/** Fills in a message; apart from its making, because attribute values hold attribute values. */
function define(name: string, specs: readonly FieldSpec[], into: Partial<Message> = {}): Message {
  const fields: (Field | undefined)[] = [];
  const names: { readonly bytes: Uint8Array; readonly field: Field }[] = [];
  for (const [number, fieldName, kind, more] of specs) {
    const type = typeof kind === 'string' ? { kind } : { kind: 'message' as const, message: kind };
    const field: Field = {
      number,
      name: fieldName,
      repeated: false,
      nests: false,
      wireType: WIRE_TYPES[type.kind],
      ...type,
      ...more,
    };
    fields[number] = field;
    const snakeCase = fieldName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const key of new Set([fieldName, snakeCase])) names.push({ bytes: new TextEncoder().encode(key), field });
  }
  return Object.assign(into, { name, fields: Array.from(fields), names });
}

const repeated = { repeated: true };

const anyValueSlot = {} as Message;
const keyValue = define('KeyValue', [
  [1, 'key', 'string'],
  [2, 'value', anyValueSlot],
]);
const arrayValue = define('ArrayValue', [[1, 'values', anyValueSlot, repeated]]);
const keyValueList = define('KeyValueList', [[1, 'values', keyValue, repeated]]);
const anyValue = define(
  'AnyValue',
  [
    [1, 'stringValue', 'string'],
    [2, 'boolValue', 'bool'],
    [3, 'intValue', 'int64'],
    [4, 'doubleValue', 'double'],
    [5, 'arrayValue', arrayValue, { nests: true }],
    [6, 'kvlistValue', keyValueList, { nests: true }],
    [7, 'bytesValue', 'bytes'],
  ],
  anyValueSlot,
);

const entityRef = define('EntityRef', [
  [1, 'schemaUrl', 'string'],
  [2, 'type', 'string'],
  [3, 'idKeys', 'string', repeated],
  [4, 'descriptionKeys', 'string', repeated],
]);
const resource = define('Resource', [
  [1, 'attributes', keyValue, repeated],
  [2, 'droppedAttributesCount', 'uint32'],
  [3, 'entityRefs', entityRef, repeated],
]);
const scope = define('InstrumentationScope', [
  [1, 'name', 'string'],
  [2, 'version', 'string'],
  [3, 'attributes', keyValue, repeated],
  [4, 'droppedAttributesCount', 'uint32'],
]);
const event = define('Span.Event', [
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'name', 'string'],
  [3, 'attributes', keyValue, repeated],
  [4, 'droppedAttributesCount', 'uint32'],
]);
const link = define('Span.Link', [
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'attributes', keyValue, repeated],
  [5, 'droppedAttributesCount', 'uint32'],
  [6, 'flags', 'fixed32'],
]);

const STATUS_CODES = new Map([
  ['STATUS_CODE_UNSET', 0],
  ['STATUS_CODE_OK', 1],
  ['STATUS_CODE_ERROR', 2],
]);
const SPAN_KINDS = new Map([
  ['SPAN_KIND_UNSPECIFIED', 0],
  ['SPAN_KIND_INTERNAL', 1],
  ['SPAN_KIND_SERVER', 2],
  ['SPAN_KIND_CLIENT', 3],
  ['SPAN_KIND_PRODUCER', 4],
  ['SPAN_KIND_CONSUMER', 5],
]);

const status = define('Status', [
  [2, 'message', 'string'],
  [3, 'code', 'enum', { names: STATUS_CODES }],
]);
const span = define('Span', [
  [1, 'traceId', 'id'],
  [2, 'spanId', 'id'],
  [3, 'traceState', 'string'],
  [4, 'parentSpanId', 'id'],
  [5, 'name', 'string'],
  [6, 'kind', 'enum', { names: SPAN_KINDS }],
  [7, 'startTimeUnixNano', 'fixed64'],
  [8, 'endTimeUnixNano', 'fixed64'],
  [9, 'attributes', keyValue, repeated],
  [10, 'droppedAttributesCount', 'uint32'],
  [11, 'events', event, repeated],
  [12, 'droppedEventsCount', 'uint32'],
  [13, 'links', link, repeated],
  [14, 'droppedLinksCount', 'uint32'],
  [15, 'status', status],
  [16, 'flags', 'fixed32'],
]);
const scopeSpans = define('ScopeSpans', [
  [1, 'scope', scope],
  [2, 'spans', span, repeated],
  [3, 'schemaUrl', 'string'],
]);
const resourceSpans = define('ResourceSpans', [
  [1, 'resource', resource],
  [2, 'scopeSpans', scopeSpans, repeated],
  [3, 'schemaUrl', 'string'],
]);
const request = define('ExportTraceServiceRequest', [[1, 'resourceSpans', resourceSpans, repeated]]);

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const SEVERITY_NUMBERS = new Map([
  ['SEVERITY_NUMBER_UNSPECIFIED', 0],
  ...SEVERITIES.flatMap((name, level) =>
    ['', '2', '3', '4'].map((grade, step) => [`SEVERITY_NUMBER_${name}${grade}`, 4 * level + step + 1] as const),
  ),
]);

const logRecord = define('LogRecord', [
  [1, 'timeUnixNano', 'fixed64'],
  [2, 'severityNumber', 'enum', { names: SEVERITY_NUMBERS }],
  [3, 'severityText', 'string'],
  [5, 'body', anyValue],
  [6, 'attributes', keyValue, repeated],
  [7, 'droppedAttributesCount', 'uint32'],
  [8, 'flags', 'fixed32'],
  [9, 'traceId', 'id'],
  [10, 'spanId', 'id'],
  [11, 'observedTimeUnixNano', 'fixed64'],
  [12, 'eventName', 'string'],
]);
const scopeLogs = define('ScopeLogs', [
  [1, 'scope', scope],
  [2, 'logRecords', logRecord, repeated],
  [3, 'schemaUrl', 'string'],
]);
const resourceLogs = define('ResourceLogs', [
  [1, 'resource', resource],
  [2, 'scopeLogs', scopeLogs, repeated],
  [3, 'schemaUrl', 'string'],
]);
const logsRequest = define('ExportLogsServiceRequest', [[1, 'resourceLogs', resourceLogs, repeated]]);

/**
 * The messages of OTLP trace and logs requests.
 * @see opentelemetry-proto 1.9.0, trace/v1/trace.proto, logs/v1/logs.proto, common/v1/common.proto, resource/v1/resource.proto
 */
export const OTLP = {
  request,
  resourceSpans,
  resource,
  scopeSpans,
  scope,
  span,
  event,
  link,
  status,
  keyValue,
  anyValue,
  arrayValue,
  keyValueList,
  logsRequest,
  logRecord,
} as const;

/** The messages around the items of a signal. In all signals they have the same field numbers. */
export interface Envelope {
  /** Name of the signal, as in the path that its requests are posted to. */
  readonly signal: 'traces' | 'logs';
  readonly request: Message;
  readonly resourceItems: Message;
  readonly scopeItems: Message;
}

export const TRACES_ENVELOPE: Envelope = {
  signal: 'traces',
  request,
  resourceItems: resourceSpans,
  scopeItems: scopeSpans,
};

export const LOGS_ENVELOPE: Envelope = {
  signal: 'logs',
  request: logsRequest,
  resourceItems: resourceLogs,
  scopeItems: scopeLogs,
};
