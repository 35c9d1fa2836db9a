import { Exception } from './exception.js';
import { keywordOf, type Token, tokensOf } from './sql-tokens.js';

/** What begins with one of these and is called reads or writes something else than tables. */
const REACHES_OUT = [
  ...['file', 'url', 's3', 'gcs', 'oss', 'cosn', 'azure', 'hdfs', 'hive', 'iceberg', 'deltalake', 'hudi', 'paimon'],
  ...['mysql', 'postgres', 'mongo', 'redis', 'sqlite', 'odbc', 'jdbc', 'xdbc', 'materializedpostgres', 'arrowflight'],
  ...['remote', 'cluster', 'executable', 'python', 'kafka', 'nats', 'rabbitmq', 'source', 'catboost', 'disk', 'yt'],
];

const GAP = String.raw`(?:\s|/\*[^]*?\*/|--[^\n]*\n)`;
/** Looked for in the whole text, comments and literals too, so that nothing can hide it. */
const CALL = new RegExp(String.raw`\b(?:${REACHES_OUT.join('|')})\w*["${'`'}]?${GAP}*\(`, 'i');
const CLAUSE = new RegExp(String.raw`\b(?:INTO${GAP}+OUTFILE|FROM${GAP}+INFILE)\b`, 'i');

/** Settings by which a table, or another language, comes into a statement. */
const SETTING = /\b(?:implicit_table_at_top_level|dialect)\b/i;
/** A parameter that is a name. */
const IDENTIFIER = /:\s*Identifier\b/i;

const REFUSED_VERBS = new Set(['BACKUP', 'RESTORE', 'ATTACH', 'DETACH', 'SYSTEM']);
/** Of tables and databases. */
const ENGINES = /MergeTree$|^(Null|Memory|Log|TinyLog|StripeLog|Set|Join|Buffer|Merge|Atomic)$/i;
/** Behind each of these stands a table; behind FROM and JOIN a list of them, until one of the others comes. */
const BEFORE_TABLE = /^(FROM|JOIN|INTO|TABLE|DESCRIBE|DESC)$/;
const LIST_BEGINS = /^(FROM|JOIN)$/;
const LIST_ENDS =
  /^(SELECT|WHERE|PREWHERE|GROUP|HAVING|ORDER|LIMIT|SETTINGS|FORMAT|UNION|ON|USING|LIKE|ILIKE|NOT|WINDOW|SAMPLE|ARRAY)$/;

/** What comes with a statement. */
export interface Beside {
  readonly settings: ReadonlyMap<string, string>;
  readonly params: ReadonlyMap<string, string>;
}

const NOTHING: Beside = { settings: new Map(), params: new Map() };

/**
 * Refuses what would reach beyond the tables: table functions and engines of files, networks and programs, INTO OUTFILE, a
 * literal or a path in the place of a table, which the embedded engine takes for a file. It refuses a little more than that,
 * since it reads the text alone.
 * @throws {Exception} ACCESS_DENIED
 */
export function refuseMachine(sql: string, beside: Beside = NOTHING): void {
  const texts = [sql, ...beside.settings.keys(), ...beside.settings.values()];
  const found = texts.map((text) => (CALL.exec(text) ?? CLAUSE.exec(text) ?? SETTING.exec(text))?.[0]).find(Boolean);
  if (found !== undefined) deny(found.trim());
  const path = [...beside.params.values()].find((value) => /[\\/]/.test(value));
  if (path !== undefined && IDENTIFIER.test(sql)) deny(path);
  const tokens = [...tokensOf(sql)];
  const verb = tokens[0] === undefined ? '' : keywordOf(tokens[0]);
  if (REFUSED_VERBS.has(verb)) deny(verb);
  if (verb === 'CREATE' || verb === 'REPLACE') refuseEngines(tokens);
  refuseFiles(tokens);
}

function refuseEngines(tokens: readonly Token[]): void {
  tokens.forEach((token, at) => {
    if (keywordOf(token) !== 'ENGINE') return;
    const next = tokens[at + 1];
    const engine = next?.text === '=' ? tokens[at + 2] : next;
    if (engine !== undefined && engine.kind !== 'symbol' && !ENGINES.test(engine.text)) deny(`ENGINE ${engine.text}`);
  });
}

function refuseFiles(tokens: readonly Token[]): void {
  /** Depths at which tables are listed just now. */
  const open = new Set<number>();
  let previous = '';
  for (const token of tokens) {
    const keyword = keywordOf(token);
    if (LIST_BEGINS.test(keyword)) open.add(token.depth);
    else if (LIST_ENDS.test(keyword)) open.delete(token.depth);
    else if (/^[([]$/.test(token.text)) open.delete(token.depth + 1);
    // A table whose name is a path is that file, and an escape may spell one.
    else if (token.kind === 'quoted' && /[\\/]/.test(token.text)) deny(token.text);
    else if (token.kind === 'string' && (open.has(token.depth) || BEFORE_TABLE.test(previous))) deny(token.text);
    previous = keyword;
  }
}

function deny(what: string): never {
  throw new Exception(
    497,
    'ACCESS_DENIED',
    `assay store serve reaches nothing but its own tables, and the statement has ${JSON.stringify(what.slice(0, 80))}`,
  );
}
