import type { DeadLetter, DeadLetterList, DeadLetterRow, ReplayedLetters } from '../dead-letters/api.js';
import { count, FREE_TEXT, safeLine, safeText, table, type Paint } from './format.js';

/** Of text, and of what is none. */
const SHOWN_CHARACTERS = 4_000;
const SHOWN_BYTES = 512;
const BYTES_A_LINE = 16;
const LONGEST_KEY = 200;

/** A line a record, given up last first. */
export function renderLetters({ letters, total, replayed, unreadable }: DeadLetterList, paint: Paint): string {
  const strange = unreadable === 0 ? [] : [`${count(unreadable)} records of the topic are no dead letters of Assay’s.`];
  if (total === 0) return ['No dead letters.', ...strange].join('\n');
  const header = ['id', 'given up', 'by', 'code', 'bytes', 'state', 'reason'].map((name) => paint.dim(name));
  const rows = letters.map((row) => [
    row.id,
    row.givenUpAt.slice(0, 19).replace('T', ' '),
    safeLine(row.role),
    safeLine(row.code),
    count(row.bytes),
    stateOf(row, paint),
    safeLine(row.reason, FREE_TEXT),
  ]);
  const rest = letters.length < total ? `, the last ${count(letters.length)} of them above` : '';
  const summary = `${count(total)} ${total === 1 ? 'dead letter' : 'dead letters'}${rest}; ${count(replayed)} replayed`;
  return [table([header, ...rows], new Set([4])), paint.dim(summary), ...strange].join('\n');
}

function stateOf({ replayedAt, hasBytes, replaysTo }: DeadLetterRow, paint: Paint): string {
  if (replayedAt !== null) return paint.green('replayed');
  if (!hasBytes) return paint.dim('no bytes');
  return replaysTo === null ? 'kept' : 'waits';
}

/** All that is known of one, and how its bytes begin. */
export function renderLetter(letter: DeadLetter, paint: Paint): string {
  const rows: readonly (readonly [name: string, value: string | null])[] = [
    ['key', letter.key === null ? null : safeLine(letter.key, LONGEST_KEY)],
    ['tenant', letter.tenant === null ? null : safeLine(letter.tenant)],
    ['accepted', letter.acceptedAt],
    ['given up', `${letter.givenUpAt} by ${safeLine(letter.role)}`],
    ['code', safeLine(letter.code)],
    ['reason', safeText(letter.reason)],
    ['bytes', count(letter.bytes)],
    ['SHA-256', letter.sha256],
    ['replayed', letter.replayedAt ?? 'no'],
    ...Object.entries(letter.headers).map(([name, value]) => ['header', safeLine(`${name}: ${value}`)] as const),
  ];
  const lines = rows.flatMap(([name, value]) => (value === null ? [] : [`  ${paint.dim(name.padEnd(9))} ${value}`]));
  const content = letter.base64 === null ? noBytes(letter) : renderBytes(Buffer.from(letter.base64, 'base64'));
  return [paint.bold(letter.id), ...lines, '', content].join('\n');
}

function noBytes({ role }: DeadLetter): string {
  return role === 'bus'
    ? 'Its bytes cannot be read, or had from here.'
    : 'Its bytes were not kept: the topic takes no record of that length. Raise max.message.bytes of it.';
}

/** Text where it is some, else a dump of the first bytes. */
export function renderBytes(bytes: Buffer): string {
  const text = textOf(bytes);
  if (text === undefined) {
    const rest = bytes.length - SHOWN_BYTES;
    return hexdump(bytes.subarray(0, SHOWN_BYTES)) + (rest > 0 ? `\n… ${count(rest)} more; --raw writes all` : '');
  }
  const rest = text.length - SHOWN_CHARACTERS;
  return safeText(text.slice(0, SHOWN_CHARACTERS)) + (rest > 0 ? `\n… ${count(rest)} more; --raw writes all` : '');
}

/** Undefined for what is no UTF-8, or has characters that no text has. */
function textOf(bytes: Buffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/** As `hexdump -C` writes it. */
function hexdump(bytes: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) {
    const line = bytes.subarray(at, at + BYTES_A_LINE);
    const hex = [...line].map((byte) => byte.toString(16).padStart(2, '0'));
    const printed = line.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
    const halves = [hex.slice(0, 8).join(' '), hex.slice(8).join(' ')].map((half) => half.padEnd(23)).join('  ');
    lines.push(`${at.toString(16).padStart(8, '0')}  ${halves}  |${printed}|`);
  }
  return lines.join('\n');
}

/** How many went where. */
export function renderReplayed({ replayed, withoutBytes, ofSource }: ReplayedLetters): string {
  const byTopic = new Map<string, number>();
  for (const id of replayed) {
    const topic = id.slice(0, id.indexOf('/')).replace(/^unsent:/, '');
    byTopic.set(topic, (byTopic.get(topic) ?? 0) + 1);
  }
  const where = [...byTopic].map(([topic, records]) => `${count(records)} to ${topic}`).join(', ');
  const done = replayed.length === 0 ? 'Nothing was replayed' : `Replayed ${where}`;
  const left = withoutBytes.length === 0 ? '' : `; of ${count(withoutBytes.length)} more the bytes are not there`;
  const foreign = ofSource.length === 0 ? '' : `; ${count(ofSource.length)} of bus.source cannot be`;
  return `${done}${left}${foreign}.`;
}
