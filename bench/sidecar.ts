import { Command } from 'commander';
import { measure } from './intake/measure.js';
import { diskLatencies, paced, type Latencies } from './intake/paced.js';
import { makeBatch, SPANS_PER_BATCH } from './intake/payload.js';
import { watch } from './intake/process-stats.js';
import { createSender } from './intake/sender.js';
import { startOurs, type Server } from './intake/servers.js';
import { percentile } from './percentile.js';
import { writeSection } from './results.js';

interface SidecarOptions {
  readonly seconds: number;
  readonly write: boolean;
}

/** A goal, what was measured, and whether it held. */
interface Line {
  readonly what: string;
  readonly measured: string;
  readonly goal: string;
  readonly held: boolean;
}

const options = new Command('bench:sidecar')
  .description('What a receiver costs its neighbours: start, memory at a pace, and how long an acknowledgement takes.')
  .option('--seconds <n>', 'length of each load', Number, 20)
  .option('--no-write', 'do not write bench/RESULTS.md')
  .addHelpText('after', '\nExample:\n  npm run bench:sidecar -- --seconds 10 --no-write')
  .parse()
  .opts<SidecarOptions>();

const CONNECTIONS = 8;
const STARTS = 5;
/** Distinct requests, sent over and over: a receiver does not look at what it was sent before. */
const DISTINCT = 16;
const bodies = Array.from({ length: DISTINCT }, (_, number) => makeBatch(number, 'protobuf'));

const lines = [await starts(), await memory(1_000, 90), await memory(5_000, 150), await acknowledgements()];
const report = [
  'Requests of 512 spans in protobuf over HTTP, at a pace that does not wait for answers; latencies from when a request was due.',
  '',
  '| | measured | goal | |',
  '| --- | ---: | ---: | --- |',
  ...lines.map(
    ({ what, measured, goal, held }) => `| ${what} | ${measured} | ${goal} | ${held ? 'held' : '**missed**'} |`,
  ),
].join('\n');
process.stdout.write(`${report}\n`);
if (options.write) writeSection('Sidecar', `npm run bench:sidecar -- --seconds ${options.seconds}`, report);

async function starts(): Promise<Line> {
  const tookMs: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const beforeMs = performance.now();
    const server = await startOurs('receive');
    tookMs.push(performance.now() - beforeMs);
    await server.stop();
  }
  const middleMs = percentile(tookMs, 0.5);
  return {
    what: `a receiver alone: from its start to ready, median of ${STARTS}`,
    measured: `${Math.round(middleMs)} ms`,
    goal: '1,000 ms',
    held: middleMs <= 1_000,
  };
}

async function memory(spansPerSecond: number, goalMib: number): Promise<Line> {
  const server = await startOurs('receive');
  try {
    const stop = watch(server.pid);
    await load(server, spansPerSecond);
    const { rssAnonMib, rssFileMib } = stop();
    return {
      what: `a receiver alone: most RssAnon at ${spansPerSecond.toLocaleString('en-US')} spans/s (RssFile ${rssFileMib} MiB)`,
      measured: `${rssAnonMib} MiB`,
      goal: `${goalMib} MiB`,
      held: rssAnonMib <= goalMib,
    };
  } finally {
    await server.stop();
  }
}

async function acknowledgements(): Promise<Line> {
  const server = await startOurs('receive,write');
  try {
    await measure(server, { form: 'protobuf', until: 'queryable', from: 0, batches: 40 });
    const ceiling = await measure(server, { form: 'protobuf', until: 'queryable', from: 40, batches: 80 });
    const half = ceiling.perSecond / 2;
    const perSecond = half / SPANS_PER_BATCH;
    const disk = await diskLatencies(bodies[0]!.length, { perSecond, seconds: options.seconds / 2 });
    const ours = await load(server, half);
    const ratio = ours.p99Ms / disk.p99Ms;
    return {
      what: `receiver and writer: p99 of acknowledgements at half of the ceiling (${Math.round(half).toLocaleString('en-US')} spans/s; p50 ${ours.p50Ms.toFixed(1)} ms), over the disk's own p99 (${disk.p99Ms.toFixed(1)} ms)`,
      measured: `${ours.p99Ms.toFixed(1)} ms, ${ratio.toFixed(1)} times`,
      goal: '10 times',
      held: ratio <= 10,
    };
  } finally {
    await server.stop();
  }
}

async function load(server: Server, spansPerSecond: number): Promise<Latencies> {
  const sender = createSender(server.target, 'protobuf', CONNECTIONS);
  try {
    const pace = { perSecond: spansPerSecond / SPANS_PER_BATCH, seconds: options.seconds };
    return await paced((number) => sender.send(bodies[number % DISTINCT]!), pace);
  } finally {
    sender.close();
  }
}
