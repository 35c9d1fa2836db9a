import type { DeadRecord } from '../../core/dead-letter.js';
import { PipelineError } from '../../core/errors.js';
import { TENANT_HEADER } from '../../core/log.js';
import type { Bus } from '../open-bus.js';
import type { DeadLetter, DeadLetterCalls, DeadLetterList, DeadLetterRow } from './api.js';
import { replay } from './replay.js';
import { scanLetters } from './scan.js';
import { spoiltRows } from './spoilt.js';

/** What the dead letters are read from, and replayed to. */
export type LetterLog = Pick<Bus, 'scan' | 'append' | 'state'>;

/** The calls on dead letters, which whoever has the bus open can answer. */
export function deadLetterCalls(log: LetterLog): DeadLetterCalls {
  return {
    deadLetters: (limit) => list(log, limit),
    deadLetter: (id) => show(log, id),
    replayDeadLetters: (ids) => replay(log, ids),
  };
}

async function list(log: LetterLog, limit: number): Promise<DeadLetterList> {
  const rows = new Map<string, DeadLetterRow>();
  const seen = new Set<string>();
  const marks = new Map<string, number>();
  let unreadable = 0;
  for await (const found of scanLetters(log)) {
    if (found.kind === 'replayed') marks.set(found.id, found.atMs);
    else if (found.kind === 'unreadable') unreadable += 1;
    else if (!seen.has(found.letter.id)) {
      seen.add(found.letter.id);
      rows.set(found.letter.id, toRow(found.letter));
      const [oldest] = rows.keys();
      if (rows.size > limit && oldest !== undefined) rows.delete(oldest);
    }
  }
  const spoilt = spoiltRows(log).filter(({ id }) => !seen.has(id));
  const letters = [...spoilt, ...rows.values()]
    .reverse()
    .sort((a, b) => b.givenUpAt.localeCompare(a.givenUpAt))
    .slice(0, limit)
    .map((row) => withMark(row, marks.get(row.id)));
  const replayed = [...marks.keys()].filter((id) => seen.has(id)).length;
  return { letters, total: seen.size + spoilt.length, replayed, unreadable };
}

async function show(log: LetterLog, id: string): Promise<DeadLetter> {
  let content: DeadLetter | undefined;
  let markedAtMs: number | undefined;
  for await (const found of scanLetters(log)) {
    if (found.kind === 'replayed' && found.id === id) markedAtMs = found.atMs;
    if (found.kind !== 'letter' || found.letter.id !== id || content !== undefined) continue;
    const { value, headers } = found.letter;
    const base64 = value === undefined ? null : Buffer.from(value).toString('base64');
    content = { ...toRow(found.letter), headers, base64 };
  }
  if (content !== undefined) return withMark(content, markedAtMs);
  const spoilt = spoiltRows(log).find((row) => row.id === id);
  if (spoilt !== undefined) return { ...spoilt, headers: {}, base64: null };
  throw new PipelineError(
    'RECORD_UNKNOWN',
    `expected the id of a dead letter, got ${id}, of which there is none; assay dead-letters list shows those that are there`,
  );
}

function toRow({ headers, acceptedAtMs, givenUpAtMs, value, replaysTo, ...letter }: DeadRecord): DeadLetterRow {
  return {
    ...letter,
    replaysTo: replaysTo ?? null,
    tenant: headers[TENANT_HEADER] ?? null,
    acceptedAt: new Date(acceptedAtMs).toISOString(),
    givenUpAt: new Date(givenUpAtMs).toISOString(),
    hasBytes: value !== undefined,
    replayedAt: null,
  };
}

function withMark<Row extends DeadLetterRow>(row: Row, markedAtMs: number | undefined): Row {
  return markedAtMs === undefined ? row : { ...row, replayedAt: new Date(markedAtMs).toISOString() };
}
