import { parentPort, workerData } from 'node:worker_threads';
import { createClient, type ClickHouseClientConfigOptions } from '@clickhouse/client';
import { createChdbConnection } from 'chdb/connection';
import { decodeRequest, toRows, type OtlpRequest } from './reference-rows.js';

const { path, blockRows } = workerData as { readonly path: string; readonly blockRows: number };
const FLUSH_MS = 1_000;

const connection = createChdbConnection({ path }) as unknown as NonNullable<
  ClickHouseClientConfigOptions['connection']
>;
const client = createClient({ connection });
const rows: object[] = [];
let inserting = false;
let written = 0;

parentPort!.on('message', ({ bytes, isJson }: { readonly bytes: Uint8Array; readonly isJson: boolean }) => {
  const request = isJson ? (JSON.parse(Buffer.from(bytes).toString()) as OtlpRequest) : decodeRequest(bytes);
  rows.push(...toRows(request));
  if (rows.length >= blockRows) void insert();
});
setInterval(() => void insert(), FLUSH_MS);

async function insert(): Promise<void> {
  if (inserting || rows.length === 0) return;
  inserting = true;
  const block = rows.splice(0, blockRows);
  await client.insert({ table: 'otel_traces', values: block, format: 'JSONEachRow' });
  written += block.length;
  parentPort!.postMessage(written);
  inserting = false;
  if (rows.length >= blockRows) void insert();
}
