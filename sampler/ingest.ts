import type { Clock } from '../core/clock.js';
import { PipelineError } from '../core/errors.js';
import type { LogReader, PollOptions, StoredRecord } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { RESPONSE_KEY_PREFIX } from '../core/otlp/log-keys.js';
import type { Assembly } from './assembly.js';
import type { Ends } from './ends.js';
import type { Holdings } from './holdings.js';
import { persist } from './persist.js';
import type { SamplerMetrics } from './sampler-metrics.js';
import { SOURCE_TOPICS, type SourceTopic } from './source-topic.js';

const POLL = { maxRecords: 512, maxBytes: 8 * 1024 * 1024 };
/** What has room in a poll for sure: keys and headers take some of it too. */
const ROOM_BYTES = POLL.maxBytes / 2;
/** How long spans are waited for, which is how often a turn comes: with traces open, and without. */
const WAIT_MS = 25;
const IDLE_WAIT_MS = 100;

export interface IngestDeps {
  readonly readers: Readonly<Record<SourceTopic, LogReader>>;
  readonly assembly: Assembly;
  readonly holdings: Holdings;
  readonly ends: Ends;
  readonly metrics: SamplerMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/**
 * Reads on in both topics. Spans first: when log events are then found to be read up to their end, those of the spans that
 * came are read too, and the clock may go on.
 */
export async function ingest(deps: IngestDeps): Promise<void> {
  for (const topic of SOURCE_TOPICS) await ingestTopic(topic, deps);
}

async function ingestTopic(topic: SourceTopic, deps: IngestDeps): Promise<void> {
  const { assembly, clock, stopping, readers } = deps;
  const startedMs = clock.nowMs();
  const ends = await deps.ends.whenDue(topic, startedMs);
  const waitMs = topic === 'logs' ? 0 : assembly.openTraces > 0 ? WAIT_MS : IDLE_WAIT_MS;
  const records = await pollTopic(topic, { ...POLL, waitMs }, deps);
  if (records === undefined || stopping.aborted) return;
  take(topic, records, deps);
  const bytes = sizeOf(records);
  if (records.length === POLL.maxRecords || bytes > ROOM_BYTES) return;
  // A record that had no room in that poll is there for this one, whatever its length.
  const rest = records.length === 0 ? [] : await pollTopic(topic, { ...POLL, maxRecords: 1, waitMs: 0 }, deps);
  if (rest === undefined) return;
  take(topic, rest, deps);
  // Only an empty poll says by itself that nothing was left: a short one may be all that had been fetched.
  const isAll = rest.length === 0 || (ends !== undefined && assembly.hasRead(topic, ends, readers[topic].assigned()));
  if (isAll) assembly.clock.caughtUp(topic, startedMs);
}

function pollTopic(
  topic: SourceTopic,
  poll: PollOptions,
  deps: IngestDeps,
): Promise<readonly StoredRecord[] | undefined> {
  const { readers, stopping } = deps;
  return persist(() => readers[topic].poll(poll, stopping), { ...deps, what: `read ${topic}` }, stopping);
}

function take(topic: SourceTopic, records: readonly StoredRecord[], deps: IngestDeps): void {
  const { assembly, clock, holdings, readers } = deps;
  const nowMs = clock.nowMs();
  const turns = readers[topic].assigned();
  for (const record of records) {
    // Of a partition that has just come: it is taken up first, and then read from what is committed.
    if (!holdings.isHeld(record.partition, turns)) continue;
    if (topic === 'spans') assembly.take(record, decoded(record, decodeSpans, deps), nowMs);
    else assembly.takeLogs(record, decoded(record, decodeEvents, deps), nowMs);
  }
}

function sizeOf(records: readonly StoredRecord[]): number {
  return records.reduce((sum, { value }) => sum + value.length, 0);
}

type Decode<T> = (bytes: Uint8Array, key: string) => readonly T[];

/** Feedback that is found by the response that it is about is of no trace yet. */
function decodeEvents(bytes: Uint8Array, key: string): ReturnType<typeof decodeLogEvents> {
  return key.startsWith(RESPONSE_KEY_PREFIX) ? [] : decodeLogEvents(bytes);
}

/**
 * The bytes are copied: what a bus hands out may share memory with much else, and open traces are kept for long. A record that
 * cannot be read is passed by; the writer, who reads it too, puts it in the dead letters.
 */
function decoded<T>(
  record: StoredRecord,
  decode: Decode<T>,
  { metrics, logger }: Pick<IngestDeps, 'metrics' | 'logger'>,
): readonly T[] {
  try {
    return decode(new Uint8Array(record.value), record.key);
  } catch (error) {
    if (!(error instanceof PipelineError) || error.disposition !== 'reject') throw error;
    const { topic, partition, offset } = record;
    metrics.rejected.add(1);
    logger.error(
      { code: error.code, partition, offset },
      `a record of the ${topic} topic is passed by: ${error.message}`,
    );
    return [];
  }
}
