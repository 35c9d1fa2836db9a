import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../core/clock.js';
import type { Log, StoredRecord } from '../../core/log.js';
import type { Logger } from '../../core/logger.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import type { Span } from '../../core/span.js';
import { readTrajectory } from '../../dialects/index.js';
import { createStoreReader, createWriter, storeConfig, WRITER_GROUP, type StoreReader } from '../../store/index.js';
import { asRow } from '../fixtures/captures/load.js';
import { temporaryDirectory } from '../helpers/assay-process.js';
import { NEVER, openBus, openState } from './bus-content.js';
import type { AcknowledgedTrace } from './check-records.js';

/** The last time that a DateTime64(9) holds. */
const MAX_TIME_NS = 2n ** 63n - 1n;
const TRACES_AT_ONCE = 2_000;

/** What the store made of what was acknowledged. */
export interface StoreFinding {
  readonly traceId: string;
  readonly message: string;
}

/** The writer tries for ever; this many failures are enough to know. */
const MAX_COMPLAINTS = 2;

/** An open bus, and what is on it. */
export interface BusContent {
  readonly log: Log;
  readonly records: readonly StoredRecord[];
  /** By trace id. */
  readonly traces: ReadonlyMap<string, AcknowledgedTrace>;
}

/** Writes all of a bus into a new store, as the writer does, and reads it back. */
export async function checkStore(data: string, content: BusContent): Promise<readonly StoreFinding[]> {
  const options = { ...storeConfig.parse({ flushMs: 10 }), dataDirectory: join(data, 'store') };
  // Open all the time, so that the engine is.
  const reader = createStoreReader(options);
  await reader.start(NEVER);
  try {
    const complaints = await writeAll({ log: content.log, data, options });
    if (complaints.length > 0) return await blame(content.records, complaints, { data, options });
    return await readBack(content.traces, reader);
  } finally {
    await reader.stop(NEVER);
  }
}

interface Place {
  readonly data: string;
  readonly options: Parameters<typeof createWriter>[0];
}

/** @returns what the writer had to say */
async function writeAll({ log, data, options }: Place & { readonly log: Log }): Promise<readonly string[]> {
  const complaints: string[] = [];
  const say = (fields: object, message: string): void => {
    const { error } = fields as { readonly error?: unknown };
    complaints.push(`expected the writer to take all that was acknowledged, got "${message}": ${String(error)}`);
  };
  const logger: Logger = { ...silentLogger, warn: say, error: say };
  const state = openState(data);
  await state.start(NEVER);
  const writer = createWriter(options, { log, state, clock: systemClock, logger, metrics: noMetrics, readTrajectory });
  await writer.start(NEVER);
  while (complaints.length < MAX_COMPLAINTS) {
    if ((await log.lag('spans', WRITER_GROUP)) + (await log.lag('logs', WRITER_GROUP)) === 0) break;
    await systemClock.sleep(20);
  }
  // What fails is not tried again.
  await writer.stop(complaints.length === 0 ? NEVER : AbortSignal.abort());
  await state.stop(NEVER);
  return complaints;
}

/** Finds one record that the writer does not take, by halves. */
async function blame(
  records: readonly StoredRecord[],
  complaints: readonly string[],
  place: Place,
): Promise<readonly StoreFinding[]> {
  const message = complaints[0] ?? '';
  let suspects = records;
  while (suspects.length > 1) {
    const half = suspects.slice(0, suspects.length >>> 1);
    suspects = (await areTaken(half, place)) ? suspects.slice(half.length) : half;
  }
  const [culprit] = suspects;
  const isAlone = culprit !== undefined && !(await areTaken(suspects, place));
  return [{ traceId: isAlone ? culprit.key : '', message }];
}

/** Puts records on a bus of their own. The store may be the same: it drops what it has, but only once the rows are made. */
async function areTaken(records: readonly StoredRecord[], { options }: Place): Promise<boolean> {
  const data = temporaryDirectory();
  const log = openBus(data);
  await log.start(NEVER);
  try {
    for (let from = 0; from < records.length; from += 500) await log.append(records.slice(from, from + 500));
    return (await writeAll({ log, data, options })).length === 0;
  } finally {
    await log.stop(NEVER);
    rmSync(data, { recursive: true, force: true });
  }
}

async function readBack(
  traces: ReadonlyMap<string, AcknowledgedTrace>,
  reader: StoreReader,
): Promise<readonly StoreFinding[]> {
  const findings: StoreFinding[] = [];
  const ids = [...traces.keys()].filter((id) => (traces.get(id)?.spans.length ?? 0) > 0);
  for (let from = 0; from < ids.length; from += TRACES_AT_ONCE) {
    const some = ids.slice(from, from + TRACES_AT_ONCE);
    const stored = await reader.spansOfMany(some);
    for (const id of some) findings.push(...compare(id, traces.get(id)?.spans ?? [], stored.get(id) ?? []));
  }
  return findings;
}

function compare(traceId: string, came: readonly Span[], stored: readonly Span[]): readonly StoreFinding[] {
  const findings: StoreFinding[] = [];
  const bySpan = new Map<string, Set<string>>();
  const forged = new Set(came.filter(hasNotes).map(({ spanId }) => spanId));
  for (const span of came) {
    const known = bySpan.get(span.spanId) ?? new Set();
    bySpan.set(span.spanId, known.add(plain(asRow(span))));
  }
  for (const span of stored) {
    if (forged.has(span.spanId)) {
      bySpan.delete(span.spanId);
      continue;
    }
    const text = plain(span);
    if (bySpan.get(span.spanId)?.has(text) !== true) {
      const [one = 'no such span'] = bySpan.get(span.spanId) ?? [];
      findings.push({
        traceId,
        message: `expected span ${span.spanId} in the store as it came, ${difference(one, text)}`,
      });
    }
    bySpan.delete(span.spanId);
  }
  for (const spanId of bySpan.keys())
    findings.push({ traceId, message: `expected span ${spanId} in the store, it is missing` });
  return findings;
}

/** A sender that writes the notes of the writer gets the times that it asks for. */
function hasNotes({ attributes }: Span): boolean {
  return [...attributes.keys()].some((key) => key.startsWith('assay.original_'));
}

/** A span as one text, whatever the order of its attributes. */
function plain(span: Span): string {
  const { traceId, spanId, parentSpanId, traceState, name, kind, startNs, endNs, statusCode, statusMessage } = span;
  const own = { traceId, spanId, parentSpanId, traceState, name, kind, startNs, endNs, statusCode, statusMessage };
  return JSON.stringify(
    {
      ...own,
      scopeName: span.scopeName,
      scopeVersion: span.scopeVersion,
      attributes: sorted(span.attributes),
      resource: sorted(span.resource),
      events: span.events.map((event) => ({
        name: event.name,
        timeNs: event.timeNs > MAX_TIME_NS ? MAX_TIME_NS : event.timeNs,
        attributes: sorted(event.attributes),
      })),
      links: span.links.map((link) => ({ ...link, attributes: sorted(link.attributes) })),
    },
    (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  );
}

function sorted(attributes: Span['attributes']): readonly (readonly [string, unknown])[] {
  return [...attributes].sort(([a], [b]) => (a < b ? -1 : 1));
}

function difference(came: string, stored: string): string {
  let at = 0;
  while (at < came.length && came[at] === stored[at]) at++;
  const from = Math.max(0, at - 60);
  return `sent …${came.slice(from, at + 60)}… and got …${stored.slice(from, at + 60)}…`;
}
