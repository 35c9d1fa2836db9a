import { JsonReader } from './json-reader.js';
import { malformed } from './malformed.js';
import { WIRE, WireReader } from './wire-reader.js';

/** Numbers of a metric's fields that hold data points, each as its field 1. @see opentelemetry-proto, metrics/v1/metrics.proto */
const METRIC_DATA = new Set([5, 7, 9, 10, 11]);
/** The deepest that objects and arrays may lie inside one another. */
const MAX_DEPTH = 256;
const DATA_POINTS = [Buffer.from('dataPoints'), Buffer.from('data_points')];

/**
 * Counts the data points of an OTLP `ExportMetricsServiceRequest`. What they hold is not looked at.
 * @throws {PipelineError} OTLP_MALFORMED
 */
export function countDataPoints(bytes: Uint8Array): number {
  const reader = new WireReader(bytes);
  return countIn(reader, (resourceMetrics) => {
    if (resourceMetrics !== 1) return 0;
    return countInside(reader, (scopeMetrics) => {
      if (scopeMetrics !== 2) return 0;
      return countInside(reader, (metric) =>
        metric === 2 ? countInside(reader, (field) => countData(reader, field)) : 0,
      );
    });
  });
}

function countData(reader: WireReader, field: number): number {
  if (field === 1) checkName(reader);
  if (!METRIC_DATA.has(field)) return 0;
  return countInside(reader, (data) => {
    if (data !== 1) return 0;
    reader.expect(WIRE.bytes);
    reader.skip();
    return 1;
  });
}

/** A metric begins with its name, a log record with a time, and a span with an id of random bytes. */
function checkName(reader: WireReader): void {
  const { position, wireType } = reader;
  let other = wireType === WIRE.fixed64 ? 'logs' : '';
  if (wireType === WIRE.bytes) {
    const size = reader.length();
    const isText = reader.bytes.subarray(reader.position, reader.position + size).every((byte) => byte >= 0x20);
    if (!isText) other = 'traces';
    reader.position = position;
  }
  if (other === '') return;
  throw malformed(`expected metrics, got what looks like ${other}, which belong to /v1/${other},`, `byte ${position}`);
}

/** Sums over the fields of the embedded message that the reader is at. */
function countInside(reader: WireReader, count: (field: number) => number): number {
  reader.expect(WIRE.bytes);
  const outer = reader.enter();
  const total = countIn(reader, count);
  reader.leave(outer);
  return total;
}

/** @param count - consumes the field, or leaves it as it is */
function countIn(reader: WireReader, count: (field: number) => number): number {
  let total = 0;
  while (reader.next()) {
    const { position } = reader;
    total += count(reader.field);
    if (reader.position === position) reader.skip();
  }
  return total;
}

/**
 * Counts the data points of an OTLP/JSON `ExportMetricsServiceRequest`.
 * @throws {PipelineError} OTLP_MALFORMED
 */
export function countDataPointsInJson(json: Uint8Array): number {
  const reader = new JsonReader(Buffer.from(json.buffer, json.byteOffset, json.byteLength));
  const type = reader.peek();
  if (type !== 'object') throw malformed(`expected an object, got a ${type}`, 'the top of the request');
  const count = countInValue(reader, 0);
  reader.finish();
  return count;
}

function countInValue(reader: JsonReader, depth: number): number {
  if (depth > MAX_DEPTH) throw reader.malformed(`expected at most ${MAX_DEPTH} nested values, got more`);
  const type = reader.peek();
  let count = 0;
  if (type === 'object') {
    for (let more = reader.openObject(); more; more = reader.nextMember()) {
      reader.key();
      if (depth === 0) checkSignal(reader.text());
      count += DATA_POINTS.some((name) => reader.stringIs(name))
        ? countElements(reader)
        : countInValue(reader, depth + 1);
    }
  } else if (type === 'array') {
    for (let more = reader.openArray(); more; more = reader.nextElement()) count += countInValue(reader, depth + 1);
  } else reader.skip();
  return count;
}

function countElements(reader: JsonReader): number {
  if (reader.peek() !== 'array') throw reader.malformed('expected an array of data points, got something else');
  let count = 0;
  for (let more = reader.openArray(); more; more = reader.nextElement()) {
    reader.skip();
    count++;
  }
  return count;
}

function checkSignal(key: string): void {
  const other = /^resource_?(spans|logs)$/i.exec(key)?.[1]?.toLowerCase();
  if (other === undefined) return;
  const signal = other === 'spans' ? 'traces' : other;
  throw malformed(`expected metrics, got ${signal}, which belong to /v1/${signal},`, key);
}
