import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../percentile.js';

/** How long things took, in ms. */
export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * Sends at a fixed pace whatever the answers: a slow answer delays no other request, so that waiting is counted (open loop).
 * @returns latencies from when a request was due
 */
export async function paced(send: (number: number) => Promise<void>, pace: Pace): Promise<Latencies> {
  const tookMs: number[] = [];
  const underway: Promise<void>[] = [];
  const count = Math.round(pace.perSecond * pace.seconds);
  const startedMs = performance.now();
  for (let number = 0; number < count; number += 1) {
    const dueMs = startedMs + (number / pace.perSecond) * 1_000;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    underway.push(send(number).then(() => void tookMs.push(performance.now() - dueMs)));
  }
  await Promise.all(underway);
  return latencies(tookMs);
}

/** What the disk itself takes to make as much durable: writes of so many bytes, each followed by fdatasync. */
export async function diskLatencies(bytes: number, pace: Pace): Promise<Latencies> {
  const path = join(tmpdir(), `assay-bench-disk-${process.pid}`);
  const file = await open(path, 'w');
  const body = Buffer.alloc(bytes, 'x');
  const tookMs: number[] = [];
  try {
    for (let number = 0; number < pace.perSecond * pace.seconds; number += 1) {
      const startedMs = performance.now();
      await file.write(body);
      await file.datasync();
      tookMs.push(performance.now() - startedMs);
      await sleep(Math.max(0, 1_000 / pace.perSecond - (performance.now() - startedMs)));
    }
  } finally {
    await file.close();
    await rm(path);
  }
  return latencies(tookMs);
}

function latencies(tookMs: readonly number[]): Latencies {
  return { p50Ms: percentile(tookMs, 0.5), p99Ms: percentile(tookMs, 0.99) };
}
