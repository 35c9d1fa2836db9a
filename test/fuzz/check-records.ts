import { isDeepStrictEqual } from 'node:util';
import { readFeedback, readTrajectory, responseIdsOf } from '../../dialects/index.js';
import { attributeText } from '../../core/attribute-text.js';
import type { Attributes, AttributeValue } from '../../core/attributes.js';
import { joinLogEvents } from '../../core/join-log-events.js';
import { TENANT_HEADER, type StoredRecord } from '../../core/log.js';
import { decodeLogEvents, type OtlpLogEvent } from '../../core/otlp/decode-log-events.js';
import { decodeSpans } from '../../core/otlp/decode-spans.js';
import { RESPONSE_KEY_PREFIX } from '../../core/otlp/log-keys.js';
import { TENANT_ATTRIBUTE } from '../../core/otlp/split-request.js';
import type { Span } from '../../core/span.js';
import type { Trajectory } from '../../core/trajectory.js';
import { asLogRow, asRow, mapAttributes } from '../fixtures/captures/load.js';

/** No trace of a few requests takes as long to read. */
const READ_MS = 1_000;

/** What was acknowledged of one trace. */
export interface AcknowledgedTrace {
  readonly spans: Span[];
  readonly logs: OtlpLogEvent[];
}

/** Something that was acknowledged and cannot be read as it should. */
export class Unreadable extends Error {
  constructor(
    message: string,
    readonly record?: StoredRecord,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Decodes a record to the last value, and adds it to its trace.
 * @throws {Unreadable}
 */
export function takeRecord(record: StoredRecord, into: AcknowledgedTrace): void {
  try {
    if (record.headers[TENANT_HEADER] !== 'default') throw new Error('expected the tenant in the headers, got another');
    if (record.topic === 'spans') takeSpans(record, into);
    else takeLogs(record, into);
  } catch (error) {
    throw new Unreadable(`expected a record of ${record.topic} that decodes, got ${textOf(error)}`, record, {
      cause: error,
    });
  }
}

function takeSpans({ key, value }: StoredRecord, into: AcknowledgedTrace): void {
  const spans = decodeSpans(value);
  if (spans.length === 0) throw new Error('expected at least one span, got none');
  for (const span of spans) {
    if (span.traceId !== key) throw new Error(`expected the trace id ${key}, as the record's key, got ${span.traceId}`);
    visit(
      span.attributes,
      ...span.events.map((event) => event.attributes),
      ...span.links.map((link) => link.attributes),
    );
    checkTenant(span.resource);
    into.spans.push(span);
  }
}

function takeLogs({ key, value }: StoredRecord, into: AcknowledgedTrace): void {
  const logs = decodeLogEvents(value);
  if (logs.length === 0) throw new Error('expected at least one log record, got none');
  for (const log of logs) {
    const isOwn = key.startsWith(RESPONSE_KEY_PREFIX) ? log.traceId === '' : log.traceId === key;
    if (!isOwn) throw new Error(`expected the trace id that the key ${key} says, got ${log.traceId}`);
    visit(log.attributes, log.scopeAttributes, new Map([['body', log.body]]));
    if (typeof log.name !== 'string') throw new Error('expected a name');
    checkTenant(log.resource);
    into.logs.push(log);
  }
}

/** Reads all values. */
function visit(...all: readonly Attributes[]): void {
  for (const attributes of all) for (const value of attributes.values()) attributeText(value);
}

function checkTenant(resource: Attributes): void {
  const tenant = resource.get(TENANT_ATTRIBUTE);
  if (tenant !== 'default') throw new Error(`expected the tenant that admission wrote, got ${JSON.stringify(tenant)}`);
}

/**
 * Reads a trace as the sampler does, out of what came and out of what the store would hold of it: both must give the same.
 * @throws {Unreadable}
 */
export function checkTrace({ spans, logs }: AcknowledgedTrace): void {
  if (spans.length === 0) return;
  const startedMs = performance.now();
  const [came, stored] = [
    read(
      spans.map((span) => mapAttributes(span, withoutInfinities)),
      logs,
    ),
    read(spans.map(asRow), logs.map(asLogRow)),
  ];
  const tookMs = performance.now() - startedMs;
  if (tookMs > READ_MS)
    throw new Unreadable(`expected a trace to be read within ${READ_MS} ms, got ${Math.round(tookMs)} ms`);
  const difference = differenceOf(came, stored);
  if (difference !== undefined)
    throw new Unreadable(`expected the same trajectory from the bus and from rows, got ${difference}`);
}

/** NaN and the infinities, which JSON does not have, are null in the lists and maps of a row. */
function withoutInfinities(attributes: Attributes): Attributes {
  return new Map([...attributes].map(([key, value]) => [key, typeof value === 'number' ? value : finite(value)]));
}

function finite(value: AttributeValue): AttributeValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((item: AttributeValue) => finite(item));
  // Without a prototype, as what is read has none.
  const entries = Object.create(null) as Record<string, AttributeValue>;
  for (const [key, item] of Object.entries(value as Readonly<Record<string, AttributeValue>>))
    entries[key] = finite(item);
  return entries;
}

function read(spans: readonly Span[], logs: OtlpLogEvent[] | readonly ReturnType<typeof asLogRow>[]): Trajectory {
  try {
    const trajectory = readTrajectory(joinLogEvents(spans, logs), { tenant: 'default' });
    readFeedback({ spans, logs }, { traceId: trajectory.traceId, responseIds: responseIdsOf(spans) });
    JSON.stringify(trajectory, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    return trajectory;
  } catch (error) {
    throw new Unreadable(`expected a trace that every dialect can read, got ${textOf(error)}`, undefined, {
      cause: error,
    });
  }
}

function differenceOf(came: Trajectory, stored: Trajectory): string | undefined {
  if (isDeepStrictEqual(came, stored)) return undefined;
  const keys = Object.keys({ ...came, ...stored }) as (keyof Trajectory)[];
  const key = keys.find((name) => !isDeepStrictEqual(came[name], stored[name]));
  return key && `${key}: ${shown(came[key])} and ${shown(stored[key])}`;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) as
    string | undefined;
  return (text ?? 'nothing').slice(0, 700);
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
