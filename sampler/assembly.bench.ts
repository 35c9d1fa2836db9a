import { bench, describe } from 'vitest';
import type { StoredRecord } from '../core/log.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import type { Metrics } from '../core/metrics.js';
import { Assembly } from './assembly.js';
import { samplerConfig } from './config.js';
import { logRecord, spanRecord } from './records.test-support.js';
import { createSamplerMetrics } from './sampler-metrics.js';

const TRACES = 1_000;
const SPANS = 10;
const silent = { add: () => undefined, set: () => undefined, observe: () => undefined };
const metrics: Metrics = { counter: () => silent, gauge: () => silent, histogram: () => silent };
const stored = { partition: 0, acceptedAtMs: 1, headers: {} };
const traceId = (at: number): string => (at + 1).toString(16).padStart(32, '0');
const records = Array.from({ length: TRACES }, (_, at): StoredRecord => {
  const spans = Array.from({ length: SPANS }, (_span, id) => ({ id: id + 1, parent: id }));
  return { ...spanRecord(spans, traceId(at)), ...stored, offset: at };
});
const logs = Array.from({ length: TRACES }, (_, at): StoredRecord => {
  const events = Array.from({ length: SPANS }, (_event, id) => ({ span: id + 1, text: `${'x'.repeat(1_000)}${id}` }));
  return { ...logRecord(events, traceId(at)), ...stored, offset: at };
});
const decodedSpans = records.map(({ value }) => decodeSpans(value));
const open = (): Assembly =>
  new Assembly(samplerConfig.parse({}), { index: { find: () => undefined }, metrics: createSamplerMetrics(metrics) });

describe(`assembly, ${TRACES} traces of ${SPANS} a run`, () => {
  bench('spans that are decoded already', () => {
    const assembly = open();
    records.forEach((record, at) => {
      assembly.take(record, decodedSpans[at]!, 0);
    });
  });
  bench('spans and a look at each trace', () => {
    const assembly = open();
    records.forEach((record, at) => {
      assembly.take(record, decodedSpans[at]!, 0);
    });
    assembly.due();
    assembly.firstNeededOffsets();
  });
  bench('log events of 1 KB, with their decoding', () => {
    const assembly = open();
    for (const record of logs) assembly.takeLogs(record, decodeLogEvents(record.value), 0);
  });
});
