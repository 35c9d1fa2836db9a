import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Chunk, ChunkDone } from './worker.js';
import { ROWS, type Row } from './rows.js';
import { addTallies, EMPTY_TALLY, type Tally } from './tally.js';

/** Traces that a worker simulates between two messages. */
const CHUNK_TRACES = 500_000;

export interface SimulationOptions {
  readonly seed: number;
  /** Days of each row; the row's own number when absent. */
  readonly days?: number;
  /** Hears of progress, as a share of all traces. */
  readonly onProgress: (share: number) => void;
}

/** Simulates all rows on all cores. The same seed gives the same tallies on any number of cores. */
export async function simulate({ seed, days, onProgress }: SimulationOptions): Promise<readonly Tally[]> {
  const chunks = ROWS.flatMap((row, index) => chunksOf(row, index, { seed, days: days ?? row.days }));
  const tracesOf = (chunk: Chunk): number => (chunk.toDay - chunk.fromDay) * ROWS[chunk.row]!.tracesPerDay;
  const total = chunks.reduce((sum, chunk) => sum + tracesOf(chunk), 0);
  const tallies: Tally[] = chunks.map(() => EMPTY_TALLY);
  let next = 0;
  let done = 0;
  const drain = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.js', import.meta.url));
    try {
      while (next < chunks.length) {
        const index = next;
        next += 1;
        tallies[index] = await ask(worker, chunks[index]!);
        done += tracesOf(chunks[index]!);
        onProgress(done / total);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), chunks.length) }, drain));
  // In the order of the chunks: sums of floats depend on it.
  return ROWS.map((_, row) =>
    tallies.filter((_tally, index) => chunks[index]!.row === row).reduce(addTallies, EMPTY_TALLY),
  );
}

function chunksOf(row: Row, index: number, { seed, days }: { seed: number; days: number }): readonly Chunk[] {
  const size = Math.max(1, Math.floor(CHUNK_TRACES / row.tracesPerDay));
  return Array.from({ length: Math.ceil(days / size) }, (_, part) => ({
    seed,
    row: index,
    fromDay: part * size,
    toDay: Math.min(days, (part + 1) * size),
  }));
}

function ask(worker: Worker, chunk: Chunk): Promise<Tally> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', ({ tally }: ChunkDone) => {
      worker.off('error', reject);
      resolve(tally);
    });
    worker.postMessage(chunk);
  });
}
