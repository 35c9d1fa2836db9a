import { Exception } from './exception.js';
import { keywordOf, nameOf, type Token, tokensOf } from './sql-tokens.js';

/** Bytes of a statement without its data, as a server takes by default. */
const MAX_STATEMENT_BYTES = 256 * 1024;

/** An INSERT whose rows come in a format behind it. */
export interface DataInsert {
  readonly kind: 'data';
  /** The statement up to and with its format. */
  readonly sql: string;
  /** As it is written, with its database if there is one. */
  readonly table: string;
  /** Names; undefined for all. */
  readonly columns: readonly string[] | undefined;
  /** What stands behind SETTINGS; may be empty. */
  readonly settings: string;
  readonly format: string;
  readonly data: Buffer;
}

/** Any other statement. */
export interface PlainStatement {
  readonly kind: 'plain';
  /** Without the format of its answer. */
  readonly sql: string;
  readonly returnsRows: boolean;
  /** Whether the engine can give its rows while it reads them. */
  readonly canStream: boolean;
  /** Of its answer; undefined when it does not say. */
  readonly format: string | undefined;
}

export type Statement = DataInsert | PlainStatement;

const STREAMS = new Set(['SELECT', 'WITH', 'FROM']);
const RETURNS_ROWS = new Set([...STREAMS, 'SHOW', 'DESCRIBE', 'DESC', 'EXISTS', 'EXPLAIN', 'CHECK']);

/**
 * Reads what a request asks for.
 * @param bytes - the statement, with the rows of an insert behind it
 * @throws {Exception} SYNTAX_ERROR for none, several, or one that is too long
 */
export function parseStatement(bytes: Buffer): Statement {
  // One character a byte, so that places in the text are places in the bytes.
  const head = bytes.subarray(0, MAX_STATEMENT_BYTES).toString('latin1');
  const first = tokensOf(head).next().value;
  if (first === undefined) throw new Exception(62, 'SYNTAX_ERROR', 'Empty query');
  const insert = keywordOf(first) === 'INSERT' ? parseInsert(bytes, head) : undefined;
  if (insert !== undefined) return insert;
  if (bytes.length > MAX_STATEMENT_BYTES)
    throw new Exception(62, 'SYNTAX_ERROR', `Max query size exceeded: more than ${MAX_STATEMENT_BYTES} bytes`);
  return parsePlain(bytes.toString('utf8'));
}

function parsePlain(text: string): PlainStatement {
  const tokens = [...tokensOf(text)];
  const end = tokens.findIndex(({ text: symbol, depth }) => symbol === ';' && depth === 0);
  if (end !== -1 && end < tokens.length - 1)
    throw new Exception(62, 'SYNTAX_ERROR', 'Multi-statements are not allowed');
  const stop = tokens[end]?.start ?? text.length;
  const [first] = tokens;
  const verb = first === undefined ? '' : keywordOf(first);
  const canStream = STREAMS.has(verb) || first?.text === '(';
  const returnsRows = canStream || RETURNS_ROWS.has(verb);
  const at = returnsRows ? tokens.findLastIndex((token) => isFormat(token)) : -1;
  const [word, name] = [tokens[at], tokens[at + 1]];
  if (word === undefined || name?.kind !== 'word')
    return { kind: 'plain', sql: text.slice(0, stop), returnsRows, canStream, format: undefined };
  const sql = `${text.slice(0, word.start)} ${text.slice(name.end, stop)}`;
  return { kind: 'plain', sql, returnsRows, canStream, format: name.text };
}

function isFormat(token: Token): boolean {
  return token.depth === 0 && keywordOf(token) === 'FORMAT';
}

/** @returns undefined for an insert of VALUES or of a SELECT, which is a statement like any other */
function parseInsert(bytes: Buffer, head: string): DataInsert | undefined {
  const names: Token[] = [];
  const columns: Token[] = [];
  let [hasColumns, settingsAt] = [false, -1];
  const tokens = tokensOf(head);
  for (const token of tokens) {
    const keyword = token.depth === 0 ? keywordOf(token) : '';
    if (/^(VALUES|SELECT|WITH|FUNCTION|FROM|WATCH)$/.test(keyword)) return undefined;
    if (keyword === 'FORMAT') {
      const format = tokens.next().value;
      if (format?.kind !== 'word') return undefined;
      return {
        kind: 'data',
        sql: toUtf8(head.slice(0, format.end)),
        table: toUtf8(names.map(({ text }) => text).join('')),
        columns: hasColumns ? toNames(columns) : undefined,
        settings: settingsAt === -1 ? '' : toUtf8(head.slice(settingsAt, token.start)).trim(),
        format: format.text,
        data: bytes.subarray(dataStart(head, format.end)),
      };
    }
    if (keyword === 'SETTINGS') settingsAt = token.end;
    else if (settingsAt !== -1 || /^(INSERT|INTO|TABLE)$/.test(keyword)) continue;
    else if (token.depth > 0) columns.push(token);
    else if (token.text === '(') hasColumns = true;
    else if (token.text !== ')') names.push(token);
  }
  return undefined;
}

function toNames(tokens: readonly Token[]): readonly string[] {
  const names = [''];
  for (const token of tokens) {
    if (token.text === ',') names.push('');
    else names.push(`${names.pop() ?? ''}${nameOf(token)}`);
  }
  return names.map(toUtf8);
}

/** Behind the format come blanks, perhaps a semicolon, and the end of the line. */
function dataStart(head: string, formatEnd: number): number {
  const blanks = /[ \t\r]*;?[ \t\r]*\n?/y;
  blanks.lastIndex = formatEnd;
  return formatEnd + (blanks.exec(head)?.[0].length ?? 0);
}

function toUtf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}
