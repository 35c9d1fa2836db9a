import { z } from 'zod';
import { runFleet, type TraceTruth } from './run-fleet.js';

const options = z.strictObject({
  seed: z.int(),
  release: z.string(),
  traces: z.int().positive(),
  otlpUrl: z.url(),
  modelUrl: z.url(),
  concurrency: z.int().positive(),
});

const TRUTHS_A_MESSAGE = 50;

/** What the fleet tells its parent, apart from anything that it exports. */
export type FleetMessage =
  | { readonly kind: 'truths'; readonly truths: readonly TraceTruth[] }
  | { readonly kind: 'done'; readonly spans: number; readonly cpuMs: number }
  | { readonly kind: 'broken'; readonly message: string };

const send = (message: FleetMessage) =>
  new Promise<void>((resolve) => {
    if (process.send)
      process.send(message, () => {
        resolve();
      });
    else resolve();
  });

/** The fleet as a process of its own: options as JSON in the first argument. An interrupt ends it after the runs in progress. */
async function main(): Promise<void> {
  const stop = new AbortController();
  process.once('SIGTERM', () => {
    stop.abort();
  });
  process.on('SIGINT', () => {
    stop.abort();
  });
  let truths: TraceTruth[] = [];
  const flush = () => {
    const sent = send({ kind: 'truths', truths });
    truths = [];
    return sent;
  };
  const counts = await runFleet(
    options.parse(JSON.parse(process.argv[2] ?? '{}')),
    (truth) => {
      truths.push(truth);
      if (truths.length >= TRUTHS_A_MESSAGE) void flush();
    },
    stop.signal,
  );
  await flush();
  const { user, system } = process.cpuUsage();
  await send({ kind: 'done', spans: counts.acknowledged, cpuMs: Math.round((user + system) / 1_000) });
}

try {
  await main();
} catch (error) {
  await send({ kind: 'broken', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
}
if (process.connected) process.disconnect();
