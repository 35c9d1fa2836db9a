import { quoted } from '../quoted.js';
import type { Statement } from './statement.js';
import { keywordOf, type Token, tokensOf } from './sql-tokens.js';

/**
 * A statement for a cluster as its one server can run it: without `ON CLUSTER`, and with plain engines for Replicated ones, which
 * need a ClickHouse Keeper. Returns the same object where there is nothing of these.
 */
export function forOneServer(statement: Statement, cluster: string): Statement {
  if (statement.kind === 'data') return statement;
  const sql = toPlain(statement.sql, cluster);
  return sql === statement.sql ? statement : { ...statement, sql };
}

function toPlain(sql: string, cluster: string): string {
  const tokens = [...tokensOf(sql)];
  let plain = '';
  let at = 0;
  const replace = (from: Token, to: Token, text: string): void => {
    plain += sql.slice(at, from.start) + text;
    at = to.end;
  };
  tokens.forEach((token, index) => {
    const [, second, third] = tokens.slice(index);
    if (keywordOf(token) === 'ON' && second !== undefined && keywordOf(second) === 'CLUSTER') {
      if (third !== undefined && isName(third, cluster)) replace(token, third, '');
    }
    const engine = /^Replicated(\w*MergeTree)$/.exec(token.text)?.[1];
    if (token.kind === 'word' && engine !== undefined) {
      // `( 'path' , 'replica'`, and a comma where there is more.
      const last = tokens[index + 5]?.text === ',' ? tokens[index + 5] : tokens[index + 4];
      if (last !== undefined) replace(token, last, `${engine}(`);
    }
  });
  return plain + sql.slice(at);
}

function isName({ text }: Token, cluster: string): boolean {
  return text === cluster || text === quoted(cluster);
}

/**
 * The statement as far as it may reach beyond the machine: without what it says of the cluster, all of which is this server.
 * Only to look at.
 */
export function withoutCluster(sql: string, cluster: string): string {
  const name = quoted(cluster).replaceAll(/[.\\]/g, '\\$&');
  return sql
    .replaceAll(new RegExp(String.raw`\bcluster(?:AllReplicas)?\(${name}, (system\.\w+)\)`, 'g'), '$1')
    .replaceAll(new RegExp(String.raw`\bENGINE = Distributed\(${name}, '\w+', '\w+', `, 'g'), 'ENGINE = Memory(');
}
