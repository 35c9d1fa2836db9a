import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Report, TraceRow } from '../../../app/index.js';
import { decodeSpans } from '../../../core/otlp/decode-spans.js';
import { packageRoot } from '../../../core/package-root.js';
import {
  askAssay,
  runAssay,
  startAssayProcess,
  temporaryDirectory,
  type AssayProcess,
} from '../../helpers/assay-process.js';
import { until } from '../../helpers/until.js';
import { withAdmin } from './world.js';

const CAPTURES = join(packageRoot(), 'test', 'fixtures', 'otlp', 'kafka');
const NAMES = ['01-plain', '02-by-trace-id', '03-by-trace-id', '04-by-trace-id', '05-batched'];
const TOPIC = 'otlp_spans_of_a_test';

describe('a topic that a Collector writes, as a source of the embedded bus', { timeout: 120_000 }, () => {
  const { plain } = inject('broker');
  const data = temporaryDirectory();
  const settings = ['quietMs=500', 'orphanQuietMs=500'].flatMap((value) => ['--set', `sampler.${value}`]);
  let assay: AssayProcess;

  beforeAll(async () => {
    await withAdmin(plain, (admin) => admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 3 }] }));
    const producer = new kafkajs.Kafka({ brokers: [plain], logLevel: kafkajs.logLevel.NOTHING }).producer();
    await producer.connect();
    for (const name of NAMES) {
      const meta = JSON.parse(readFileSync(join(CAPTURES, `${name}.meta.json`), 'utf8')) as { key: string | null };
      const value = readFileSync(join(CAPTURES, `${name}.value.bin`));
      await producer.send({ topic: TOPIC, messages: [{ key: meta.key, value }] });
    }
    await producer.disconnect();
  }, 60_000);

  afterAll(async () => {
    await assay.stop();
    await withAdmin(plain, (admin) => admin.deleteTopics({ topics: [TOPIC] }));
    rmSync(data, { recursive: true, force: true });
  });

  const sourceOf = (topic: string): readonly string[] => [
    '--set',
    `bus.source={ brokers: ["${plain}"], tracesTopic: ${topic}, sessionTimeoutMs: 6000 }`,
  ];

  it('is taken in: each trace once, whole, whatever its records were', async () => {
    assay = await startAssayProcess({ data, args: [...settings, ...sourceOf(TOPIC)] });
    const spans = NAMES.flatMap((name) => decodeSpans(readFileSync(join(CAPTURES, `${name}.value.bin`))));
    const traceIds = [...new Set(spans.map(({ traceId }) => traceId))].sort();
    const { coverage } = await until(
      () => askAssay<Report>(data, 'report'),
      (report) => report.coverage.received === traceIds.length && report.coverage.open === 0,
    );
    expect(coverage.received).toBe(traceIds.length);
    const rows = await askAssay<readonly TraceRow[]>(data, 'traces', '--limit', '100');
    expect(rows.map(({ traceId }) => traceId).sort()).toEqual(traceIds);
  });

  it('that is missing ends Assay at its start, in one sentence with what to do', async () => {
    const other = temporaryDirectory();
    const { code, stderr } = await runAssay([
      'up',
      '--data',
      other,
      '--http',
      '127.0.0.1:0',
      '--grpc',
      '127.0.0.1:0',
      ...sourceOf('nobody_made_it'),
    ]);
    rmSync(other, { recursive: true, force: true });
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /to have the topics nobody_made_it, but it has not; create them, or correct the names in bus\.source/,
    );
  });
});
