import { PipelineError, type ErrorCode } from '../../core/errors.js';
import { REFUSED_CODES } from '../refused-codes.js';
import type { Server } from './client.js';

/** Longest text of a server that is told on. */
const MAX_TEXT = 500;

type Explanation = readonly [code: ErrorCode, message: string];

/** What the client threw as one sentence: what was expected of which server, what came, and what to do. */
export function toServerError(cause: unknown, server: Server): PipelineError {
  if (cause instanceof PipelineError) return cause;
  const [code, message] = explain(cause, server);
  return new PipelineError(code, message, { cause });
}

function explain(cause: unknown, server: Server): Explanation {
  const { code, message, type } = cause as { code?: unknown; message?: unknown; type?: unknown };
  const text = cut(typeof message === 'string' ? message : String(cause));
  if (typeof type === 'string' && typeof code === 'string' && /^\d+$/.test(code))
    return ofClickHouse({ code, type, text }, server);
  return ofNetwork(typeof code === 'string' ? code : undefined, text, server);
}

interface Exception {
  readonly code: string;
  readonly type: string;
  readonly text: string;
}

function ofClickHouse({ code, type, text }: Exception, { url, database, username }: Server): Explanation {
  const got = `${type} (code ${code}): ${text}`;
  switch (type) {
    case 'AUTHENTICATION_FAILED':
    case 'REQUIRED_PASSWORD':
    case 'WRONG_PASSWORD':
    case 'UNKNOWN_USER':
      return [
        'STORE_REFUSED',
        `expected ClickHouse at ${url} to let the user "${username}" in, got ${type} (code ${code}); correct store.clickhouse.username and store.clickhouse.password`,
      ];
    case 'ACCESS_DENIED':
      return [
        'STORE_REFUSED',
        `expected the user "${username}" of ClickHouse at ${url} to be allowed what Assay does, got ${got}; ${grantFor(text, username)}`,
      ];
    case 'UNKNOWN_DATABASE':
      return [
        'STORE_REFUSED',
        `expected ClickHouse at ${url} to have the database "${database}", got ${type} (code ${code}); create it with CREATE DATABASE ${database}, or correct store.clickhouse.database`,
      ];
    case 'TOO_MANY_PARTS':
      return [
        'STORE_UNAVAILABLE',
        `expected ClickHouse at ${url} to take a block, got ${got}; it is tried again, and when this stays, look at the merges of that table and raise store.flushMs`,
      ];
    default: {
      const refused = REFUSED_CODES.has(code);
      return [
        refused ? 'STORE_REFUSED' : 'STORE_UNAVAILABLE',
        `expected ClickHouse at ${url} to carry out a statement, got ${got}; ${refused ? 'see that its version is one that Assay is meant for, and that the migrations ran' : 'look at the log of ClickHouse'}`,
      ];
    }
  }
}

/** ClickHouse names the grant that is missing; an administrator can say it back. */
function grantFor(text: string, username: string): string {
  const grant = /necessary to have the grant (.+? ON [^\s,;]+)/s.exec(text)?.[1]?.replaceAll(/\s+/g, ' ');
  return grant === undefined
    ? `give it the grants that docs/guides/clickhouse.md lists`
    : `let an administrator run: GRANT ${grant.replace(/\.$/, '')} TO ${username}`;
}

const TLS_CODES = /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO)/;

function ofNetwork(code: string | undefined, text: string, { url, requestTimeoutMs }: Server): Explanation {
  const expected = `expected ClickHouse at ${url} (store.clickhouse.url) to answer`;
  if (code !== undefined && TLS_CODES.test(code)) {
    return [
      'STORE_UNAVAILABLE',
      `${expected} over TLS with a certificate that can be trusted, got ${code}; check the address, and give the authority in store.clickhouse.tls.ca`,
    ];
  }
  if (text === 'Timeout error.') {
    return [
      'STORE_UNAVAILABLE',
      `${expected} within ${requestTimeoutMs} ms, got nothing; look at its load, or raise store.clickhouse.requestTimeoutMs`,
    ];
  }
  if (code !== undefined) {
    return [
      'STORE_UNAVAILABLE',
      `${expected}, got ${code}; check the address, and that ClickHouse runs and listens for HTTP there`,
    ];
  }
  return [
    'STORE_UNAVAILABLE',
    `${expected} as ClickHouse does, got: ${text === '' ? 'an empty answer' : text}; check that the address is that of its HTTP interface`,
  ];
}

function cut(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}
