import { describe, expect, it } from 'vitest';
import { readMigrations } from '../migrate.js';
import { SERVER_TABLES } from '../table-form.js';
import { refuseMachine } from './refuse-machine.js';

describe('assay store serve', () => {
  it.each([
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM FILE ('/etc/passwd')",
    "SELECT * FROM file/* */('/etc/passwd')",
    "SELECT * FROM `file`('/etc/passwd')",
    'SELECT * FROM "fi\\x6ce"(\'/etc/passwd\')',
    "SELECT (SELECT count() FROM t, url('http://localhost/'))",
    "// '\n SELECT * FROM file('x') -- '",
    "INSERT INTO FUNCTION file('x.csv') SELECT 1",
    "SELECT 1 INTO OUTFILE 'x'",
    "INSERT INTO t FROM INFILE 'x' FORMAT CSV",
    'CREATE TABLE t (a Int8) ENGINE = File(CSV)',
    "CREATE TABLE t (a Int8) ENGINE = URL('http://localhost/', CSV)",
    "CREATE TABLE t (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '/tmp/x/')",
    "CREATE DICTIONARY d (a Int8) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND 'id' FORMAT TSV))",
    "SELECT * FROM executable('id', TSV, 'a String')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM s3('http://localhost/x')",
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM `/etc/passwd`',
    "BACKUP TABLE t TO Disk('x', 'y')",
    "SELECT count() FROM system.one, '/etc/passwd'",
    "SELECT count() FROM system.one AS o JOIN '/etc/passwd' AS p ON 1",
    "DESCRIBE '/etc/passwd'",
    "TABLE '/etc/passwd'",
    'CREATE DATABASE f ENGINE = Filesystem',
    'CREATE DATABASE f ENGINE Overlay',
    'SYSTEM SHUTDOWN',
  ])('refuses %s', (sql) => {
    expect(() => {
      refuseMachine(sql);
    }).toThrow(/ACCESS_DENIED/);
  });

  it.each([
    ['SELECT 1', 'implicit_table_at_top_level', '/etc/passwd'],
    ['SELECT 1', 'dialect', 'kusto'],
    ['SELECT 1', 'additional_table_filters', "{'system.one': 'file(\\'/etc/passwd\\') != 1'}"],
  ])('refuses %s with the setting %s', (sql, name, value) => {
    expect(() => {
      refuseMachine(sql, { settings: new Map([[name, value]]), params: new Map() });
    }).toThrow(/ACCESS_DENIED/);
  });

  it('refuses a path as the name of a table, and takes one as text', () => {
    const beside = { settings: new Map<string, string>(), params: new Map([['t', '/etc/passwd']]) };
    expect(() => {
      refuseMachine('SELECT * FROM {t: Identifier}', beside);
    }).toThrow(/ACCESS_DENIED/);
    expect(() => {
      refuseMachine('SELECT {t: String}', beside);
    }).not.toThrow();
  });

  it('lets every migration through', async () => {
    for (const { statements } of await readMigrations(SERVER_TABLES))
      for (const statement of statements)
        expect(() => {
          refuseMachine(statement);
        }).not.toThrow();
  });

  it.each([
    'SELECT file, url FROM profiles ORDER BY file',
    "SHOW TABLES FROM system LIKE '%one%'",
    "CREATE TABLE t (a String DEFAULT '/x') ENGINE = MergeTree ORDER BY a COMMENT 'b'",
    "SELECT 'the file' FROM numbers(3)",
    "SELECT engine FROM system.databases WHERE name LIKE '%/x' OR name IN ('/', 'b')",
    "SELECT count() FROM a WHERE b = 'x' AND c IN (SELECT d FROM e WHERE f = '/') ORDER BY 1",
    "SELECT EXTRACT(YEAR FROM toDate('2026-01-01')), concat('a', '/b') FROM t",
    "ALTER TABLE t DROP PARTITION ID '19700101'",
  ])('lets through %s', (sql) => {
    expect(() => {
      refuseMachine(sql);
    }).not.toThrow();
  });
});
