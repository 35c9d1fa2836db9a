import type { ChdbResult, Session } from 'chdb';
import type { BlockFiles } from '../block-files.js';
import { nativeInsert } from '../native-insert.js';
import { quoted } from '../quoted.js';
import { Exception } from './exception.js';
import { type Bound, toBound } from './query-params.js';
import type { DataInsert, PlainStatement, Statement } from './statement.js';

/** How one statement is to run. */
export interface RunOptions {
  readonly database: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
  /** Texts of `{name: Type}`. */
  readonly params: ReadonlyMap<string, string>;
  /** Of an answer whose statement names none. */
  readonly defaultFormat: string;
  /** Whether rows may be sent while they are read, which takes the engine longer. */
  readonly canStream: boolean;
}

/** What a statement answers. */
export interface Answer {
  readonly format: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** What the engine counted; empty for rows that are sent while they are read. */
  readonly summary: Readonly<Record<string, string>>;
}

/** Formats of which a part of the rows is a document too. */
const STREAMED =
  /^(JSONEachRow|JSONLines|NDJSON|JSONCompactEachRow|JSONStringsEachRow|TabSeparated|TSV|TabSeparatedRaw|TSVRaw|CSV|RowBinary)$/;

/** Formats that are text, whose rows stand behind the statement. */
const TEXT = /^(JSON|TabSeparated|TSV|CSV|Values|LineAsString|Regexp|CustomSeparated|Template|TSKV|NDJSON)/;

/** Runs a statement on a session of its own, whose settings it may change. */
export async function runStatement(
  session: Session,
  statement: Statement,
  context: RunOptions & { readonly files: BlockFiles },
): Promise<Answer> {
  await prepare(session, context);
  if (statement.kind === 'data') return toAnswer(await insertData(session, statement, context.files), 'TabSeparated');
  return runPlain(session, statement, context);
}

async function prepare(session: Session, { database, settings }: RunOptions): Promise<void> {
  if (database !== undefined) await session.queryAsync(`USE \`${database.replaceAll(/[\\`]/g, '\\$&')}\``);
  const set = [...settings].map(([name, value]) => `${settingName(name)} = ${quoted(value)}`);
  if (set.length > 0) await session.queryAsync(`SET ${set.join(', ')}`);
}

function settingName(name: string): string {
  if (/^[A-Za-z_]\w*$/.test(name)) return name;
  throw new Exception(
    115,
    'UNKNOWN_SETTING',
    `Setting ${JSON.stringify(name)} is neither a builtin setting nor a parameter`,
  );
}

async function runPlain(session: Session, statement: PlainStatement, options: RunOptions): Promise<Answer> {
  const { sql, canStream } = statement;
  const format = statement.format ?? options.defaultFormat;
  const bound = toBound(sql, options.params);
  const hasParams = options.params.size > 0;
  if (canStream && options.canStream && STREAMED.test(format)) {
    const stream = hasParams ? session.queryStreamBind(sql, bound, { format }) : session.queryStream(sql, { format });
    return { format, summary: {}, chunks: bytesOf(stream) };
  }
  return toAnswer(await queryOnce(session, { sql, format, ...(hasParams ? { bound } : {}) }), format);
}

interface Query {
  readonly sql: string;
  readonly format: string;
  readonly bound?: Readonly<Record<string, Bound>>;
}

function queryOnce(session: Session, { sql, format, bound }: Query): Promise<ChdbResult> {
  return bound === undefined ? session.queryAsync(sql, { format }) : session.queryBindAsync(sql, bound, { format });
}

async function* bytesOf(stream: AsyncIterable<{ raw(): Uint8Array }>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield chunk.raw();
}

function toAnswer(result: ChdbResult, format: string): Answer {
  const bytes = result.bytes();
  const summary = {
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    elapsed_ns: String(Math.round(result.elapsed * 1e9)),
  };
  return { format, summary, chunks: once(bytes) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield Promise.resolve(bytes);
}

/** Text stands in the statement; what is not text goes over a file, because a statement is text. */
async function insertData(session: Session, insert: DataInsert, files: BlockFiles): Promise<ChdbResult> {
  const { sql, data, format, table, settings } = insert;
  if (TEXT.test(format)) return session.queryAsync(`${sql}\n${data.toString('utf8')}`);
  const columns = await columnsOf(session, insert);
  const file = await files.create();
  try {
    await file.write([data]);
    return await session.queryAsync(nativeInsert({ table, columns, path: file.path, format }, settings));
  } finally {
    await file.remove();
  }
}

async function columnsOf(
  session: Session,
  { table, columns }: DataInsert,
): Promise<readonly (readonly [string, string])[]> {
  const described = await session.queryAsync(`DESCRIBE TABLE ${table}`, { format: 'JSONEachRow' });
  const rows = described
    .text()
    .split('\n')
    .filter((line) => line !== '');
  const types = new Map<string, string>();
  for (const line of rows) {
    const { name, type, default_type: kind } = JSON.parse(line) as Record<'name' | 'type' | 'default_type', string>;
    if (kind !== 'ALIAS' && kind !== 'MATERIALIZED') types.set(name, type);
  }
  if (columns === undefined) return [...types];
  return columns.map((name) => {
    const type = types.get(name);
    if (type === undefined)
      throw new Exception(16, 'NO_SUCH_COLUMN_IN_TABLE', `No such column ${name} in table ${table}`);
    return [name, type] as const;
  });
}
