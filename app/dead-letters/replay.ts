import { toOriginal, toReplayMark, type DeadRecord } from '../../core/dead-letter.js';
import { PipelineError } from '../../core/errors.js';
import type { LogRecord } from '../../core/log.js';
import type { Bus } from '../open-bus.js';
import type { ReplayedLetters } from './api.js';
import { scanLetters } from './scan.js';
import { spoiltRows } from './spoilt.js';

/** What is appended at once. */
const BATCH_RECORDS = 256;
const BATCH_BYTES = 1_048_576;

type ReplayLog = Pick<Bus, 'scan' | 'append' | 'state'>;

interface Known {
  hasBytes: boolean;
  /** False of what lay on a topic of bus.source: nobody here could read it. */
  readonly isOurs: boolean;
  isReplayed: boolean;
}

/**
 * Appends records to their topics again, as they were, and then marks them. Looks twice: what says that a record was replayed lies
 * behind its letter. A crash between record and mark has the record replayed again, which its readers take as a redelivery.
 */
export async function replay(log: ReplayLog, ids: readonly string[] | 'all'): Promise<ReplayedLetters> {
  const known = await survey(log);
  if (ids !== 'all') for (const id of ids) requireBytes(id, known);
  const waiting = ids === 'all' ? [...known].filter(([, { isReplayed }]) => !isReplayed) : [];
  const idsOf = (kind: (letter: Known) => boolean): readonly string[] =>
    waiting.filter(([, letter]) => kind(letter)).map(([id]) => id);
  const chosen = ids === 'all' ? idsOf(({ hasBytes, isOurs }) => isOurs && hasBytes) : [...new Set(ids)];
  if (chosen.length > 0) await appendAll(log, chosen);
  return {
    replayed: chosen,
    withoutBytes: idsOf(({ hasBytes, isOurs }) => isOurs && !hasBytes),
    ofSource: idsOf(({ isOurs }) => !isOurs),
  };
}

/** What is there of each record that was given up. */
async function survey(log: ReplayLog): Promise<ReadonlyMap<string, Known>> {
  const known = new Map<string, Known>(
    spoiltRows(log).map(({ id, hasBytes }) => [id, { hasBytes, isOurs: true, isReplayed: false }]),
  );
  const marked = new Set<string>();
  for await (const found of scanLetters(log)) {
    if (found.kind === 'replayed') marked.add(found.id);
    if (found.kind !== 'letter') continue;
    const { id, value, replaysTo } = found.letter;
    const hasBytes = value !== undefined || known.get(id)?.hasBytes === true;
    known.set(id, { hasBytes, isOurs: replaysTo !== undefined, isReplayed: false });
  }
  for (const id of marked) {
    const letter = known.get(id);
    if (letter !== undefined) letter.isReplayed = true;
  }
  return known;
}

function requireBytes(id: string, known: ReadonlyMap<string, Known>): void {
  const letter = known.get(id);
  if (letter?.hasBytes === true && letter.isOurs) return;
  const came =
    letter === undefined
      ? 'there is none'
      : letter.isOurs
        ? 'its bytes are not there; assay dead-letters show says why'
        : `the topic is not Assay's; write its bytes with assay dead-letters show ${id} --raw, and send them to /v1/traces or /v1/logs once they can be read`;
  throw new PipelineError(
    'RECORD_UNKNOWN',
    `expected the id of a dead letter of Assay's own topics with its bytes, got ${id}, of which ${came}; nothing was replayed`,
  );
}

async function appendAll(log: ReplayLog, chosen: readonly string[]): Promise<void> {
  const pending = new Set(chosen);
  let batch: DeadRecord[] = [];
  let bytes = 0;
  let done = 0;
  const flush = async (): Promise<void> => {
    await appendBatch(batch, log).catch((error: unknown) => {
      throw interrupted(error, `${done} of ${chosen.length} records were replayed and are marked so`);
    });
    done += batch.length;
    [batch, bytes] = [[], 0];
  };
  for await (const found of scanLetters(log)) {
    if (found.kind !== 'letter' || found.letter.value === undefined || !pending.delete(found.letter.id)) continue;
    batch.push(found.letter);
    bytes += found.letter.bytes;
    if (batch.length >= BATCH_RECORDS || bytes >= BATCH_BYTES) await flush();
  }
  await flush();
}

async function appendBatch(letters: readonly DeadRecord[], log: ReplayLog): Promise<void> {
  const records = letters.map(toOriginal).filter((record): record is LogRecord => record !== undefined);
  await log.append(records);
  await log.append(letters.map(toReplayMark));
}

function interrupted(error: unknown, progress: string): unknown {
  if (!(error instanceof PipelineError)) return error;
  return new PipelineError(error.code, `${progress}, then: ${error.message}`, { cause: error });
}
