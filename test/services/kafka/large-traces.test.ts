import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { DistributedLog, KafkaConfig } from '../../../bus/index.js';
import { collectorConfig, createCollector, type Collector } from '../../../collector/index.js';
import { systemClock } from '../../../core/clock.js';
import { silentLogger } from '../../../core/logger.js';
import { noMetrics } from '../../../core/metrics.js';
import { decodeSpans } from '../../../core/otlp/decode-spans.js';
import { encodeRequest } from '../../../core/otlp/testing.test-support.js';
import { scanned } from '../../contracts/log.js';
import { kafkaSettings, makeTopics, openLog, removeTopics } from './world.js';

const never = new AbortController().signal;
const TRACE = '5b8efff798038103d269b633813fc60c';
const SMALL_TRACE = 'a'.repeat(32);
/** So that compression does not help: base64 has no words that repeat. */
const noise = (bytes: number): string => randomBytes((bytes * 3) / 4).toString('base64');

describe('a trace that is larger than its topic takes', () => {
  const { plain } = inject('broker');
  let config: KafkaConfig;
  let log: DistributedLog;
  let collector: Collector;

  beforeAll(async () => {
    config = kafkaSettings(plain);
    await makeTopics(config, plain);
    log = await openLog(config);
    collector = createCollector(collectorConfig.parse({ http: { port: 0 }, grpc: { enabled: false } }), {
      ...{ log, clock: systemClock, logger: silentLogger, metrics: noMetrics },
    });
    await collector.start(never);
  });

  afterAll(async () => {
    await collector.stop(never);
    await log.stop(never);
    await removeTopics(config, plain);
  });

  it('lies there whole, in several records of one key, beside the small ones that came with it', async () => {
    const texts = [4_000_000, 4_000_000, 4_000_000, 300].map(noise);
    const spans = texts.map((text, n) => ({
      ...{ traceId: n === 3 ? SMALL_TRACE : TRACE, spanId: `${n}`.repeat(16), name: `${n}`, attributes: { text } },
    }));
    spans[0]!.spanId = 'f'.repeat(16);
    const body = encodeRequest([{ scopes: [{ spans }] }]);
    const headers = { 'content-type': 'application/x-protobuf' };
    const answer = await fetch(`${collector.url}/v1/traces`, { method: 'POST', headers, body: Buffer.from(body) });
    expect([answer.status, Buffer.from(await answer.arrayBuffer()).length]).toEqual([200, 0]);
    const records = await scanned(log, 'spans');
    const large = records.filter(({ key }) => key === TRACE);
    expect(large.length).toBeGreaterThan(1);
    expect(new Set(large.map(({ partition }) => partition)).size).toBe(1);
    const read = large.flatMap(({ value }) => decodeSpans(value));
    expect(read.map(({ name, attributes }) => attributes.get('text') === texts[Number(name)])).toEqual([
      true,
      true,
      true,
    ]);
    expect(records.some(({ key }) => key === SMALL_TRACE)).toBe(true);
  });

  it('of one span has its longest text cut, with its size, and its sender is answered 200', async () => {
    const traceId = 'b'.repeat(32);
    const attributes = { 'gen_ai.prompt': noise(11_000_000), 'gen_ai.system': 'openai' };
    const body = encodeRequest([{ scopes: [{ spans: [{ traceId, spanId: 'b'.repeat(16), attributes }] }] }]);
    const headers = { 'content-type': 'application/x-protobuf' };
    const answer = await fetch(`${collector.url}/v1/traces`, { method: 'POST', headers, body: Buffer.from(body) });
    expect(answer.status).toBe(200);
    const records = (await scanned(log, 'spans')).filter(({ key }) => key === traceId);
    expect(records).toHaveLength(1);
    const [span] = decodeSpans(records[0]!.value);
    const text = span?.attributes.get('gen_ai.prompt') as string;
    expect(text.length).toBeGreaterThan(4_000_000);
    expect(text.endsWith('…[cut by Assay: 11000000 bytes]')).toBe(true);
    expect(span?.attributes.get('gen_ai.system')).toBe('openai');
  });
});
