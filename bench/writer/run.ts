import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busConfig, createLmdbLog, createLmdbState } from '../../bus/index.js';
import { systemClock } from '../../core/clock.js';
import type { Log, LogRecord } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import { splitByTrace } from '../../core/otlp/split-by-trace.js';
import { createWriter, migrate, openStoreConnection, storeConfig, type StoreConnection } from '../../store/index.js';
import type { Cost } from '../intake/measure.js';
import { makeBatch, SPANS_PER_BATCH } from '../intake/payload.js';
import { watch } from '../intake/process-stats.js';
import { toJsonLines } from './json-rows.js';

// One run in a process of its own: `node dist/bench/writer/run.js native 20480 120`. Prints its cost as JSON.

const [form = 'native', blockRows = '20480', batches = '120'] = process.argv.slice(2);
const WARM_UP_BATCHES = 20;
const never = new AbortController().signal;
const directory = await mkdtemp(join(tmpdir(), 'assay-bench-writer-'));
const options = {
  ...storeConfig.parse({ maxBlockRows: Number(blockRows), flushMs: 100, retention: { days: 0 } }),
  dataDirectory: join(directory, 'store'),
};
const own = { clock: systemClock, logger: silentLogger, metrics: noMetrics };
const log = createLmdbLog({ directory: join(directory, 'bus'), ...busConfig.parse({}) }, own);
await log.start(never);
const connection = await openStoreConnection(options);
await migrate(connection);
if (form === 'unsynced') {
  await connection.run('ALTER TABLE otel_traces MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0');
}
const reader = log.reader('spans', 'json');
let token = 0;
const spans = Number(batches) * SPANS_PER_BATCH;
const cost = form === 'json' ? await runJson() : await runNative();
const [row] = await connection.rows<{ n: number }>('SELECT count() AS n FROM otel_traces');
const expected = spans + WARM_UP_BATCHES * SPANS_PER_BATCH;
if (row?.n !== expected) throw new Error(`expected ${expected} rows, got ${row?.n}`);
process.stdout.write(`${JSON.stringify(cost)}\n`);
await connection.close();
await log.stop(never);
await rm(directory, { recursive: true });

/** The product's own writer, on what lies on the bus. */
async function runNative(): Promise<Cost> {
  await append(0, WARM_UP_BATCHES);
  let isHeld = false;
  const held: Log = {
    start: (signal) => log.start(signal),
    stop: (signal) => log.stop(signal),
    append: (records) => log.append(records),
    reader: (topic, group) => log.reader(topic, group),
    readers: (topics, group) => log.readers(topics, group),
    lag: (topic, group) => log.lag(topic, group),
    erase: (keys, erases) => log.erase(keys, erases),
    endOffsets: async (topic) => (isHeld ? new Map([[0, 0]]) : log.endOffsets(topic)),
  };
  const state = createLmdbState({ directory: join(directory, 'state'), name: 'write' });
  await state.start(never);
  const writer = createWriter(options, {
    ...own,
    log: held,
    state,
    readTrajectory: () => {
      throw new Error('nothing is erased here');
    },
  });
  await writer.start(never);
  await drained();
  isHeld = true;
  await append(WARM_UP_BATCHES, Number(batches));
  const result = await measured(async () => {
    isHeld = false;
    await drained();
  });
  await writer.stop(never);
  await state.stop(never);
  return result;
}

async function drained(): Promise<void> {
  while ((await log.lag('spans', 'write')) > 0) await systemClock.sleep(10);
}

/** Objects, lines of JSON, one insert after the other. */
async function runJson(): Promise<Cost> {
  await append(0, WARM_UP_BATCHES);
  await writeJson(connection, WARM_UP_BATCHES * SPANS_PER_BATCH);
  await append(WARM_UP_BATCHES, Number(batches));
  return measured(() => writeJson(connection, spans));
}

async function writeJson(into: StoreConnection, count: number): Promise<void> {
  let lines: string[] = [];
  for (let left = count; left > 0;) {
    const records = await reader.poll({ maxRecords: 1_000, maxBytes: 4 * 2 ** 20, waitMs: 1_000 }, never);
    for (const { value } of records) {
      lines.push(...toJsonLines(value));
      if (lines.length < Number(blockRows) && lines.length < left) continue;
      await into.insert({ table: 'otel_traces', lines: lines.join('\n'), token: `json ${token++}` });
      left -= lines.length;
      lines = [];
    }
    await reader.commit(0, records.at(-1)!.offset + 1);
  }
}

async function append(first: number, count: number): Promise<void> {
  for (let number = first; number < first + count; number++) {
    const { records } = splitByTrace(makeBatch(number, 'protobuf'), { tenant: 'default' });
    await log.append(
      records.map(({ key, bytes: value }): LogRecord => ({
        ...{ topic: 'spans', key, value, headers: { 'assay.tenant': 'default' } },
      })),
    );
  }
}

async function measured(work: () => Promise<void>): Promise<Cost> {
  const usage = watch(process.pid);
  const startedMs = performance.now();
  await work();
  const seconds = (performance.now() - startedMs) / 1_000;
  const used = usage();
  const rates = { perSecond: spans / seconds, perCpuSecond: spans / used.cpuSeconds };
  return { ...used, spans, seconds, ...rates, helperCpuSeconds: 0 };
}
