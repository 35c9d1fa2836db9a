import { createHash } from 'node:crypto';
import { isTooLarge } from './append-fitting.js';
import { PipelineError } from './errors.js';
import { TENANT_HEADER, TOPICS, type Log, type LogRecord, type StoredRecord, type Topic } from './log.js';

/** What Assay adds to the headers that a record had. */
const OWN = 'assay.dead.';
const HEADER = {
  topic: `${OWN}topic`,
  partition: `${OWN}partition`,
  offset: `${OWN}offset`,
  acceptedAtMs: `${OWN}accepted-at-ms`,
  role: `${OWN}role`,
  code: `${OWN}code`,
  reason: `${OWN}reason`,
  bytes: `${OWN}bytes`,
  sha256: `${OWN}sha256`,
  replayed: `${OWN}replayed`,
} as const;

const LONGEST_REASON = 1_000;
const NO_BYTES = new Uint8Array(0);

/** Where a record lay that was on no topic of Assay's: on one of `bus.source`, or nowhere, since its topic never took it. */
export type ElsewherePlace = `source:${string}` | `unsent:${Topic}`;

/** A record that a role gives up, and why. */
export interface GivenUp {
  readonly record: StoredRecord;
  readonly role: string;
  readonly error: unknown;
  /** Left out where it lay on the topic that the record names. */
  readonly place?: ElsewherePlace;
  /** Of bytes that nobody can have any more; the record's value is left alone then. */
  readonly lost?: { readonly bytes: number; readonly sha256: string };
}

/** A record that a role gave up, as its letter tells it. */
export interface DeadRecord {
  /** Where the record lay, such as `judgements/3/1207`: the same in every letter that the record ever gets. */
  readonly id: string;
  /** One of Assay's, or an `ElsewherePlace`. */
  readonly topic: string;
  /** Where it goes when it is replayed; undefined where nobody here could read it. */
  readonly replaysTo: Topic | undefined;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  /** Of the record itself. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bus time of the record. */
  readonly acceptedAtMs: number;
  /** Bus time of the letter. */
  readonly givenUpAtMs: number;
  readonly role: string;
  /** A code of core/errors.ts; the name of the error where it was none of these. */
  readonly code: string;
  readonly reason: string;
  readonly bytes: number;
  readonly sha256: string;
  /** As they were; undefined where the topic took no record of that length. */
  readonly value: Uint8Array | undefined;
}

/** Names a record by where it lies. */
export function recordId(place: Pick<DeadRecord, 'topic' | 'partition' | 'offset'>): string {
  return `${place.topic}/${place.partition}/${place.offset}`;
}

/**
 * Sets records aside in the dead letters. Once this resolves that is durable, and their offsets may be committed. A record that
 * comes again after a crash gets a second letter with the same id.
 * @throws {PipelineError} BUS_UNAVAILABLE; the offsets must then stay where they are
 */
export async function bury(givenUp: readonly GivenUp[], log: Pick<Log, 'append'>): Promise<void> {
  const letters = givenUp.map(toLetter);
  try {
    await log.append(letters);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    for (const letter of letters) await buryAlone(letter, log);
  }
}

/** Kafka compresses otherwise than whoever wrote the record, so that what fitted into its topic may not fit into ours. */
async function buryAlone(letter: LogRecord, log: Pick<Log, 'append'>): Promise<void> {
  try {
    await log.append([letter]);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    await log.append([{ ...letter, value: NO_BYTES }]);
  }
}

/**
 * Appends records, and sets aside those that their topic does not take because they are too large: the rest goes on without them.
 * @throws {PipelineError} BUS_UNAVAILABLE; none, some or all may then have been taken
 */
export async function appendOrBury(
  records: readonly LogRecord[],
  { log, role, nowMs }: { readonly log: Pick<Log, 'append'>; readonly role: string; readonly nowMs: number },
): Promise<void> {
  try {
    await log.append(records);
    return;
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    if (records.length === 1) {
      await bury(
        records.map((record) => unsent(record, { role, error, nowMs })),
        log,
      );
      return;
    }
  }
  for (const record of records) await appendOrBury([record], { log, role, nowMs });
}

/** Gives up a record that its topic never took. Its id comes from its bytes, so that it has the same one when it comes again. */
export function unsent(
  record: LogRecord,
  { role, error, nowMs }: { readonly role: string; readonly error: unknown; readonly nowMs: number },
): GivenUp {
  const offset = Number.parseInt(sha256Of(record.value).slice(0, 12), 16);
  const stored = { headers: {}, ...record, partition: 0, offset, acceptedAtMs: nowMs };
  return { record: stored, role, error, place: `unsent:${record.topic}` };
}

function toLetter({ record, role, error, place, lost }: GivenUp): LogRecord {
  const { topic, partition, offset, acceptedAtMs, key } = record;
  const value = lost === undefined ? record.value : NO_BYTES;
  const own = {
    [HEADER.topic]: place ?? topic,
    [HEADER.partition]: String(partition),
    [HEADER.offset]: String(offset),
    [HEADER.acceptedAtMs]: String(acceptedAtMs),
    [HEADER.role]: role,
    [HEADER.code]: codeOf(error),
    [HEADER.reason]: brief(error instanceof Error ? error.message : String(error)),
    [HEADER.bytes]: String(lost?.bytes ?? value.length),
    [HEADER.sha256]: lost?.sha256 ?? sha256Of(value),
  };
  return { topic: 'dead-letters', key, value, headers: { ...record.headers, ...own } };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function codeOf(error: unknown): string {
  if (error instanceof PipelineError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}

/** One line; cut by whole characters. */
function brief(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line.length <= LONGEST_REASON) return line;
  return `${line.slice(0, LONGEST_REASON).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** @returns undefined when the record is no letter of a record: what says that one was replayed, or something else's */
export function readLetter(letter: StoredRecord): DeadRecord | undefined {
  const { key, value, headers, acceptedAtMs: givenUpAtMs } = letter;
  const topic = headers[HEADER.topic];
  const place = readPlace(topic);
  const [partition, offset, acceptedAtMs, bytes] = (['partition', 'offset', 'acceptedAtMs', 'bytes'] as const).map(
    (name) => wholeNumber(headers[HEADER[name]]),
  );
  if (topic === undefined || place === undefined || partition === undefined || offset === undefined) return undefined;
  if (acceptedAtMs === undefined || bytes === undefined) return undefined;
  return {
    id: recordId({ topic, partition, offset }),
    ...{ topic, ...place, partition, offset, key, acceptedAtMs, givenUpAtMs, bytes },
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(OWN))),
    role: headers[HEADER.role] ?? '',
    code: headers[HEADER.code] ?? '',
    reason: headers[HEADER.reason] ?? '',
    sha256: headers[HEADER.sha256] ?? '',
    value: value.length === bytes ? value : undefined,
  };
}

/** @returns undefined when that is no place that Assay writes of */
function readPlace(text = ''): Pick<DeadRecord, 'replaysTo'> | undefined {
  if (/^source:[\w.-]{1,249}$/.test(text)) return { replaysTo: undefined };
  const replaysTo = TOPICS.find((name) => name === text.replace(/^unsent:/, ''));
  return replaysTo && { replaysTo };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The record as it was, to be appended to its topic again. @returns undefined when it cannot be, or its bytes were not kept */
export function toOriginal({ replaysTo: topic, key, headers, value }: DeadRecord): LogRecord | undefined {
  return value && topic && { topic, key, headers, value };
}

/** What says, beside the letter, that its record was appended to its topic again. It goes with the trace as the letter does. */
export function toReplayMark({ id, key, headers }: DeadRecord): LogRecord {
  const tenant = headers[TENANT_HEADER];
  const kept = tenant === undefined ? {} : { [TENANT_HEADER]: tenant };
  return { topic: 'dead-letters', key, value: NO_BYTES, headers: { ...kept, [HEADER.replayed]: id } };
}

/** The id of the record that this says was replayed; undefined when it says nothing of the kind. */
export function readReplayMark({ headers }: StoredRecord): string | undefined {
  return headers[HEADER.replayed];
}
