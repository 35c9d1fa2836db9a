import { join } from 'node:path';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { core, tracing } from '@opentelemetry/sdk-node';
import { afterAll, describe, expect, it } from 'vitest';
import { busConfig, createLmdbLog } from '../../bus/index.js';
import { systemClock } from '../../core/clock.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import { decodeSpans } from '../../core/otlp/decode-spans.js';
import { startAssayProcess, temporaryDirectory, type AssayProcess } from '../helpers/assay-process.js';
import { freePort } from '../helpers/free-port.js';
import { until } from '../helpers/until.js';

type SpanExporter = tracing.SpanExporter;

const DATA = temporaryDirectory();
const SPANS_BETWEEN = 150;

/** An agent's tracing, and what became of its spans. */
interface Sender {
  readonly name: string;
  readonly ended: Set<string>;
  readonly acknowledged: Set<string>;
  readonly failed: () => number;
  readonly resent: () => number;
  stop(): Promise<void>;
}

/** @param resends - for an exporter that gives up at the first failure: hands it the same spans again, as its user has to */
function startSender(name: string, exporter: SpanExporter, resends: boolean): Sender {
  const ended = new Set<string>();
  const acknowledged = new Set<string>();
  let [failed, resent, isOver] = [0, 0, false];
  const observed: SpanExporter = {
    export(spans, done) {
      exporter.export(spans, (result) => {
        if (result.code === core.ExportResultCode.SUCCESS) {
          for (const span of spans) acknowledged.add(span.spanContext().spanId);
          done(result);
        } else if (resends) {
          resent++;
          setTimeout(() => {
            observed.export(spans, done);
          }, 200);
        } else {
          failed++;
          done(result);
        }
      });
    },
    shutdown: () => exporter.shutdown(),
  };
  const processor = new tracing.BatchSpanProcessor(observed, {
    maxExportBatchSize: 20,
    scheduledDelayMillis: 50,
    maxQueueSize: 1_000_000,
    exportTimeoutMillis: 60_000,
  });
  const provider = new tracing.BasicTracerProvider({ spanProcessors: [processor] });
  const tracer = provider.getTracer(name);
  const timer = setInterval(() => {
    if (isOver) return;
    const span = tracer.startSpan('chat', { attributes: { sender: name } });
    span.end();
    ended.add(span.spanContext().spanId);
  }, 5);
  return {
    name,
    ended,
    acknowledged,
    failed: () => failed,
    resent: () => resent,
    async stop() {
      isOver = true;
      clearInterval(timer);
      await provider.forceFlush();
      await provider.shutdown();
    },
  };
}

/** Ids of all spans that lie on the bus of a data directory that nobody else has open. */
async function spanIdsOnBus(): Promise<ReadonlySet<string>> {
  const never = new AbortController().signal;
  const log = createLmdbLog(
    { directory: join(DATA, 'bus'), ...busConfig.parse({}) },
    { clock: systemClock, logger: silentLogger, metrics: noMetrics },
  );
  await log.start(never);
  const reader = log.reader('spans', 'test');
  const ids = new Set<string>();
  const poll = { maxRecords: 1_000, maxBytes: 64 * 1024 * 1024, waitMs: 0 };
  for (let records = await reader.poll(poll, never); records.length > 0; records = await reader.poll(poll, never))
    for (const record of records) for (const span of decodeSpans(record.value)) ids.add(span.spanId);
  await reader.close();
  await log.stop(never);
  return ids;
}

describe('the JavaScript exporters', () => {
  const children: AssayProcess[] = [];
  afterAll(async () => {
    for (const child of children) await child.stop();
  });

  it('deliver every span through a clean restart and a kill -9 of Assay', { timeout: 180_000 }, async () => {
    const [http, grpc] = [await freePort(), await freePort()];
    const args = ['--http', `127.0.0.1:${http}`, '--grpc', `127.0.0.1:${grpc}`];
    const start = async (): Promise<AssayProcess> => {
      const child = await startAssayProcess({ data: DATA, args });
      children.push(child);
      return child;
    };
    let running = await start();
    const url = `http://127.0.0.1:${http}/v1/traces`;
    // The last flush hands over all that waits at once.
    const limits = { timeoutMillis: 60_000, concurrencyLimit: 1_000 };
    const options = { url, ...limits };
    const senders = [
      startSender('HTTP protobuf', new ProtobufExporter(options), false),
      startSender('HTTP JSON', new JsonExporter(options), false),
      startSender('gRPC', new GrpcExporter({ url: `http://127.0.0.1:${grpc}`, ...limits }), true),
    ];
    const delivered = (): Promise<unknown> => {
      const goals = senders.map((sender) => sender.acknowledged.size + SPANS_BETWEEN);
      return until(
        async () => senders.map((sender) => sender.acknowledged.size),
        (sizes) => sizes.every((size, index) => size >= (goals[index] ?? 0)),
      );
    };
    await delivered();
    await running.stop();
    running = await start();
    await delivered();
    running.child.kill('SIGKILL');
    await running.ended;
    running = await start();
    await delivered();
    await Promise.all(senders.map((sender) => sender.stop()));
    await running.stop();

    const onBus = await spanIdsOnBus();
    for (const { name, ended, acknowledged, failed } of senders) {
      expect([name, failed(), acknowledged.size]).toEqual([name, 0, ended.size]);
      expect([...ended].filter((id) => !onBus.has(id))).toEqual([]);
    }
    // It does not send again by itself: had it not been made to, this is what would have been lost.
    expect(senders[2]?.resent()).toBeGreaterThan(0);
  });
});
