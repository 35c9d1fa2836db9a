import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import type { Refusal } from './exception.js';
import type { Answer } from './run-statement.js';

/** How an answer goes out. */
export interface SendOptions {
  readonly queryId: string;
  readonly isCompressed: boolean;
  /** Sends nothing before all of it is there, so that an error on the way has its own status. */
  readonly isWhole: boolean;
}

/** Sends an answer; resolves when it has left. */
export async function sendAnswer(response: ServerResponse, answer: Answer, options: SendOptions): Promise<void> {
  const chunks = answer.chunks[Symbol.asyncIterator]();
  // An error that comes before the first row has a status of its own.
  const held = await take(chunks, options.isWhole ? Infinity : 1);
  response.writeHead(200, {
    'content-type': contentTypeOf(answer.format),
    'x-clickhouse-query-id': options.queryId,
    'x-clickhouse-format': answer.format,
    'x-clickhouse-timezone': 'UTC',
    'x-clickhouse-summary': JSON.stringify(answer.summary),
    ...(options.isCompressed ? { 'content-encoding': 'gzip' } : {}),
  });
  const body = Readable.from(rest(held, chunks));
  if (options.isCompressed) await pipeline(body, createGzip(), response);
  else await pipeline(body, response);
}

async function take(chunks: AsyncIterator<Uint8Array>, count: number): Promise<readonly Uint8Array[]> {
  const held: Uint8Array[] = [];
  while (held.length < count) {
    const next = await chunks.next();
    if (next.done === true) break;
    held.push(next.value);
  }
  return held;
}

async function* rest(
  held: readonly Uint8Array[],
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* held;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  } finally {
    await chunks.return?.();
  }
}

/** Sends why there is no answer, as a ClickHouse server does. */
export function sendRefusal(
  response: ServerResponse,
  { code, status, text }: Refusal,
  { queryId, isCompressed }: Omit<SendOptions, 'isWhole'>,
): void {
  if (response.headersSent) {
    // Half an answer that ends well would be taken for a whole one.
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'content-type': 'text/plain; charset=UTF-8',
    'x-clickhouse-query-id': queryId,
    'x-clickhouse-exception-code': String(code),
    ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(isCompressed ? gzipSync(text) : text);
}

function contentTypeOf(format: string): string {
  if (/^JSON(EachRow|Lines)|^NDJSON|^JSONCompactEachRow/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8; header=absent';
  if (/^(TabSeparated|TSV)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  return /^(Pretty|Values|Markdown|Vertical|XML)/.test(format)
    ? 'text/plain; charset=UTF-8'
    : 'application/octet-stream';
}
