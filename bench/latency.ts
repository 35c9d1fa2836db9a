import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { loadConfig, startAssay, type RunningAssay } from '../app/index.js';
import { agentRun, SPANS_PER_RUN, traceIdOf } from './agent-run.js';
import { percentile } from './percentile.js';
import { writeSection } from './results.js';
import { verdictReply } from './verdict-reply.js';

interface LatencyOptions {
  readonly seconds: number;
  readonly spansPerSecond: number;
  readonly modelMs: number;
  readonly write: boolean;
}

/** How often the store is asked for new verdicts: what is measured is at most this much too long. */
const LOOK_MS = 100;

const options = new Command('bench:latency')
  .description(
    'From the acknowledgement of a trace’s last span to its verdict row, with a scripted model of fixed latency.',
  )
  .option('--seconds <n>', 'length of the load', Number, 60)
  .option('--spans-per-second <n>', 'offered load', Number, 500)
  .option('--model-ms <n>', 'how long the scripted model takes to answer', Number, 200)
  .option('--no-write', 'do not write bench/RESULTS.md')
  .addHelpText('after', '\nExample:\n  npm run bench:latency -- --seconds 20')
  .parse()
  .opts<LatencyOptions>();

await main();

async function main(): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'assay-latency-'));
  const model = await startModel(options.modelMs);
  const loaded = loadConfig({
    env: {},
    overrides: {
      dataDirectory: data,
      collector: { http: { port: 0 } },
      judges: { dailyBudgetUsd: 100, weeklyBudgetUsd: 500 },
      models: {
        judge: { provider: 'openai', model: 'scripted', baseUrl: urlOf(model), apiKey: 'none' },
        prices: { scripted: { inputUsdPerMillion: 0.1, outputUsdPerMillion: 0.5 } },
      },
    },
  });
  const before = performance.now();
  const assay = await startAssay({ loaded, env: {} });
  const readyMs = performance.now() - before;
  try {
    const measured = await measure(assay);
    report({ ...measured, readyMs, quietMs: loaded.config.sampler.quietMs });
  } finally {
    await assay.stop();
    model.close();
    model.closeAllConnections();
    rmSync(data, { recursive: true });
  }
}

interface Measured {
  readonly latenciesMs: readonly number[];
  readonly acknowledged: number;
  readonly unjudged: number;
  readonly rss: string;
}

async function measure(assay: RunningAssay): Promise<Measured> {
  const acknowledgedAt = new Map<string, number>();
  const latenciesMs: number[] = [];
  const seen = new Set<string>();
  const over = new AbortController();
  const look = async (): Promise<void> => {
    const rows = await assay.queries.traces({ limit: 2_000 });
    const now = performance.now();
    for (const row of rows) {
      const at = acknowledgedAt.get(row.traceId);
      if (row.outcome !== 'judged' || seen.has(row.traceId) || at === undefined) continue;
      seen.add(row.traceId);
      latenciesMs.push(now - at);
    }
  };
  const watcher = (async () => {
    while (!over.signal.aborted) {
      await look();
      await new Promise((done) => setTimeout(done, LOOK_MS));
    }
  })();
  await offerLoad(assay.url, acknowledgedAt);
  await assay.settled(AbortSignal.timeout(120_000));
  over.abort();
  await watcher;
  await look();
  const report = await assay.queries.report();
  return {
    latenciesMs,
    acknowledged: acknowledgedAt.size,
    unjudged: report.coverage.judged - latenciesMs.length,
    rss: memory(),
  };
}

/** Open loop: a slow answer delays no later request. */
async function offerLoad(url: string, acknowledgedAt: Map<string, number>): Promise<void> {
  const everyMs = (1_000 * SPANS_PER_RUN) / options.spansPerSecond;
  const total = Math.round((options.seconds * 1_000) / everyMs);
  const started = performance.now();
  const posts: Promise<void>[] = [];
  for (let number = 0; number < total; number += 1) {
    const wait = started + number * everyMs - performance.now();
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    posts.push(
      fetch(`${url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(agentRun({ number })),
      }).then(async (response) => {
        if (!response.ok) throw new Error(`expected 200, got ${response.status}: ${await response.text()}`);
        await response.arrayBuffer();
        acknowledgedAt.set(traceIdOf(number), performance.now());
      }),
    );
  }
  await Promise.all(posts);
}

function report(measured: Measured & { readonly readyMs: number; readonly quietMs: number }): void {
  const p95 = percentile(measured.latenciesMs, 0.95);
  const limit = measured.quietMs + 2_000;
  const lines = [
    `| measure | value |`,
    `| --- | --- |`,
    `| offered | ${options.spansPerSecond} spans/s for ${options.seconds} s, ${measured.acknowledged} traces acknowledged |`,
    `| verdicts seen | ${measured.latenciesMs.length} (${measured.unjudged} judged but not seen in time) |`,
    `| acknowledgement to verdict row, p50 | ${Math.round(percentile(measured.latenciesMs, 0.5))} ms |`,
    `| p95 | ${Math.round(p95)} ms (goal: at most ${limit} ms, which is the quiet period of ${measured.quietMs} ms plus 2 s) |`,
    `| max | ${Math.round(percentile(measured.latenciesMs, 1))} ms |`,
    `| ready to receive after | ${Math.round(measured.readyMs)} ms |`,
    `| memory, loader included | ${measured.rss} |`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (options.write) {
    writeSection(
      'Latency',
      `npm run bench:latency -- --seconds ${options.seconds} --spans-per-second ${options.spansPerSecond} --model-ms ${options.modelMs}`,
      lines.join('\n'),
    );
  }
  if (p95 > limit || measured.latenciesMs.length === 0) process.exitCode = 1;
}

function memory(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  return ['VmHWM', 'RssAnon', 'RssFile']
    .map((name) => `${name} ${Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)} MB`)
    .join(', ');
}

/** Answers every request with a pass after `latencyMs`. */
async function startModel(latencyMs: number): Promise<Server> {
  const server = createServer((request, response) => {
    void text(request).then((prompt) => {
      setTimeout(() => {
        response.setHeader('content-type', 'application/json');
        response.end(verdictReply(prompt, 'pass'));
      }, latencyMs);
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}
