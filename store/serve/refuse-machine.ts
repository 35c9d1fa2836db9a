import { Exception } from './exception.js';
import { keywordOf, tokensOf } from './sql-tokens.js';

/** What begins with one of these and is called reads or writes something else than tables. */
const REACHES_OUT = [
  ...[
    'file',
    'url',
    's3',
    'gcs',
    'oss',
    'cosn',
    'azure',
    'hdfs',
    'hive',
    'iceberg',
    'deltalake',
    'hudi',
    'paimon',
    'disk',
  ],
  ...[
    'mysql',
    'postgres',
    'mongo',
    'redis',
    'sqlite',
    'odbc',
    'jdbc',
    'xdbc',
    'materializedpostgres',
    'arrowflight',
    'yt',
  ],
  ...['remote', 'cluster', 'executable', 'python', 'kafka', 'nats', 'rabbitmq', 'source', 'catboost'],
];

const GAP = String.raw`(?:\s|/\*[^]*?\*/|--[^\n]*\n)`;
/** Looked for in the whole text, comments and literals too, so that nothing can hide it. */
const CALL = new RegExp(String.raw`\b(?:${REACHES_OUT.join('|')})\w*["${'`'}]?${GAP}*\(`, 'i');
const CLAUSE = new RegExp(String.raw`\b(?:INTO${GAP}+OUTFILE|FROM${GAP}+INFILE)\b`, 'i');

const REFUSED_VERBS = new Set(['BACKUP', 'RESTORE', 'ATTACH', 'DETACH', 'SYSTEM']);

/**
 * Refuses what would reach beyond the tables: table functions and engines of files, networks and programs, INTO OUTFILE,
 * names that are paths. It refuses a little more than that, since it reads the text alone.
 * @throws {Exception} ACCESS_DENIED
 */
export function refuseMachine(sql: string): void {
  const found = CALL.exec(sql)?.[0] ?? CLAUSE.exec(sql)?.[0];
  if (found !== undefined) deny(found.trim());
  let previous = '';
  let isFirst = true;
  for (const token of tokensOf(sql)) {
    const keyword = keywordOf(token);
    if (isFirst && REFUSED_VERBS.has(keyword)) deny(keyword);
    isFirst = false;
    // A table whose name is a path is that file, and an escape may spell one.
    if (token.kind === 'quoted' && /[\\/]/.test(token.text)) deny(token.text);
    if (token.kind === 'string' && /^(FROM|JOIN|INTO|TABLE)$/.test(previous)) deny(token.text);
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
