import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gunzip } from 'node:zlib';
import { migrate, openStoreConnection, storeConfig } from '../../store/index.js';
import { openReferenceLog } from './reference-log.js';

// The plain reference: what a good engineer writes with the libraries of the field. HTTP by node:http, a file with group
// commit, the OpenTelemetry project's generated decoder, `client.insert` of objects, decoding and inserting in a thread of
// its own, the same tables. `node reference-server.js <directory> <rows of a block>` prints its port.

const [directory = '', blockRows = '5120'] = process.argv.slice(2);
/** Of its engine. Twice what Assay's has: JSON of 20,480 rows does not go into that. */
const MEMORY = 1_200 * 2 ** 20;
const inflate = promisify(gunzip);

const store = join(directory, 'store');
// The main thread opens the engine too, and first: the end of a worker would take it along.
const connection = await openStoreConnection({
  ...storeConfig.parse({ maxMemoryBytes: MEMORY }),
  dataDirectory: store,
});
await migrate(connection);
const log = await openReferenceLog(join(directory, 'requests.log'));
const writer = new Worker(new URL('./reference-writer.js', import.meta.url), {
  workerData: { path: store, blockRows: Number(blockRows) },
});
let written = 0;
writer.on('message', (rows: number) => (written = rows));

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(String(written));
    return;
  }
  receive(request).then(
    () => response.end(),
    () => response.writeHead(503, { 'retry-after': '1' }).end(),
  );
});

async function receive(request: IncomingMessage): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const sent = Buffer.concat(chunks);
  const bytes = request.headers['content-encoding'] === 'gzip' ? await inflate(sent) : sent;
  await log.append(bytes);
  writer.postMessage({ bytes, isJson: request.headers['content-type'] === 'application/json' });
}

// Polled now and then over a connection that is kept; closing it just then would be taken for a failure.
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listens on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit(0));
