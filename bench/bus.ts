import { randomFillSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busConfig, createLmdbLog } from '../bus/index.js';
import { systemClock } from '../core/clock.js';
import type { Log, LogRecord } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';

// `node dist/bench/bus.js`: what appends and polls of the embedded bus cost, for records of two sizes.

const never = new AbortController().signal;
const BATCH = 64;
const TOTAL_BYTES = 512 * 2 ** 20;

interface Cost {
  readonly recordsPerSecond: number;
  readonly recordsPerCpuSecond: number;
}

async function measure(records: number, work: () => Promise<void>): Promise<Cost> {
  const before = process.cpuUsage();
  const startedMs = performance.now();
  await work();
  const { user, system } = process.cpuUsage(before);
  return {
    recordsPerSecond: Math.round((records / (performance.now() - startedMs)) * 1e3),
    recordsPerCpuSecond: Math.round((records / (user + system)) * 1e6),
  };
}

function makeBatch(valueBytes: number): readonly LogRecord[] {
  return Array.from({ length: BATCH }, (_, index) => ({
    topic: 'spans',
    key: index.toString(16).padStart(32, '0'),
    value: randomFillSync(new Uint8Array(valueBytes)),
    headers: { 'assay.tenant': 'default' },
  }));
}

/** @returns how long each append took, in ms, ascending */
async function append(log: Log, { valueBytes, writers }: Run): Promise<readonly number[]> {
  const batch = makeBatch(valueBytes);
  const tookMs: number[] = [];
  let left = batchesOf(valueBytes);
  const write = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const startedMs = performance.now();
      await log.append(batch);
      tookMs.push(performance.now() - startedMs);
    }
  };
  await Promise.all(Array.from({ length: writers }, write));
  return tookMs.sort((a, b) => a - b);
}

async function poll(log: Log, records: number): Promise<void> {
  const reader = log.reader('spans', 'bench');
  let checksum = 0;
  for (let seen = 0; seen < records;) {
    const polled = await reader.poll({ maxRecords: 1_000, maxBytes: 4 * 2 ** 20, waitMs: 1_000 }, never);
    for (const { value } of polled) checksum += value[0]!;
    seen += polled.length;
    await reader.commit(0, polled.at(-1)!.offset + 1);
  }
  if (checksum === 0) throw new Error('expected records with bytes in them');
}

interface Run {
  readonly valueBytes: number;
  readonly writers: number;
}

function batchesOf(valueBytes: number): number {
  return Math.ceil(TOTAL_BYTES / valueBytes / BATCH);
}

function memoryMib(name: 'RssAnon' | 'RssFile'): number {
  const kib = new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}

async function run(options: Run): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'assay-bench-bus-'));
  const log = createLmdbLog(
    { directory, ...busConfig.parse({}) },
    { clock: systemClock, logger: silentLogger, metrics: noMetrics },
  );
  await log.start(never);
  const records = batchesOf(options.valueBytes) * BATCH;
  let tookMs: readonly number[] = [];
  const appended = await measure(records, async () => {
    tookMs = await append(log, options);
  });
  const polled = await measure(records, () => poll(log, records));
  const quantileMs = (q: number): number => Number(tookMs[Math.floor(q * (tookMs.length - 1))]!.toFixed(1));
  const append50And99Ms = [quantileMs(0.5), quantileMs(0.99)];
  const memory = { rssAnonMib: memoryMib('RssAnon'), rssFileMib: memoryMib('RssFile') };
  console.log(JSON.stringify({ ...options, records, appended, append50And99Ms, polled, ...memory }));
  await log.stop(never);
  await rm(directory, { recursive: true });
}

for (const valueBytes of [2_000, 14_000]) {
  for (const writers of [1, 8]) await run({ valueBytes, writers });
}
