import { describe, expect, it } from 'vitest';
import { parseStatement } from './statement.js';

const parse = (text: string | Buffer): ReturnType<typeof parseStatement> => parseStatement(Buffer.from(text));

describe('a statement', () => {
  it.each([
    ['SELECT 1 FORMAT JSON', 'SELECT 1', 'JSON'],
    ['  -- why\n/* FORMAT x */ SELECT 1 format TSV;\n', 'SELECT 1', 'TSV'],
    ['SELECT 1 FORMAT CSV SETTINGS max_threads = 1', 'SELECT 1   SETTINGS max_threads = 1', 'CSV'],
    ["SELECT ' FORMAT JSON '", "SELECT ' FORMAT JSON '", undefined],
    ['SELECT * FROM (SELECT 1 AS format)', 'SELECT * FROM (SELECT 1 AS format)', undefined],
    ['WITH 1 AS x SELECT x FORMAT Native', 'WITH 1 AS x SELECT x', 'Native'],
  ])('says the format of its answer: %s', (text, sql, format) => {
    const statement = parse(text);
    expect(statement).toMatchObject({ kind: 'plain', returnsRows: true, format });
    expect(statement.sql.replace(/^[^]*?(?=SELECT|WITH)/, '').trim()).toBe(sql);
  });

  it.each([
    'CREATE TABLE t (format String) ENGINE = Memory',
    'ALTER TABLE t DELETE WHERE 1',
    'INSERT INTO t VALUES (1)',
  ])('answers nothing: %s', (text) => {
    expect(parse(text)).toMatchObject({ kind: 'plain', sql: text, returnsRows: false, format: undefined });
  });

  it.each(['INSERT INTO t SELECT 1 FORMAT JSON', 'INSERT INTO t VALUES (1)', 'INSERT INTO t WITH 1 AS x SELECT x'])(
    'brings no rows behind it: %s',
    (text) => {
      expect(parse(text).kind).toBe('plain');
    },
  );

  it('brings rows behind its format, whatever bytes they are', () => {
    const rows = Buffer.from([0x0a, 0x27, 0xff, 0x3b, 0x00]);
    const sql = "INSERT INTO db.`t 1` (a, `b.c`, Events.Name) SETTINGS async_insert = 0, token = 'x' FORMAT Native";
    expect(parse(Buffer.concat([Buffer.from(`${sql}\n`), rows]))).toEqual({
      ...{ kind: 'data', sql, table: 'db.`t 1`', columns: ['a', 'b.c', 'Events.Name'] },
      ...{ settings: "async_insert = 0, token = 'x'", format: 'Native', data: rows },
    });
  });

  it('takes all columns when it names none', () => {
    expect(parse('insert into table t format JSONEachRow {"a":1}')).toMatchObject({
      ...{ kind: 'data', table: 't', columns: undefined, settings: '', format: 'JSONEachRow' },
      data: Buffer.from('{"a":1}'),
    });
  });

  it.each([
    ['', 'Empty query'],
    [' -- nothing\n', 'Empty query'],
    ['SELECT 1; DROP TABLE t', 'Multi-statements'],
    [`SELECT '${'x'.repeat(300_000)}'`, 'Max query size'],
  ])('is refused: %.40s', (text, reason) => {
    expect(() => parse(text)).toThrow(reason);
  });
});
