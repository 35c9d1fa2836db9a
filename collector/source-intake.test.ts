import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { readLetter, type DeadRecord } from '../core/dead-letter.js';
import { PipelineError } from '../core/errors.js';
import { TENANT_HEADER, type LogReader, type StoredRecord } from '../core/log.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { encodeRequest } from '../core/otlp/testing.test-support.js';
import { packageRoot } from '../core/package-root.js';
import { startRig, type Rig } from './rig.test-support.js';

const CAPTURES = join(packageRoot(), 'test', 'fixtures', 'otlp', 'kafka');
const BY_TRACE_ID = ['02', '03', '04'].map((number) => `${number}-by-trace-id.value.bin`);

function capture(name: string): Buffer {
  return readFileSync(join(CAPTURES, name));
}

/** A topic in memory with one reader. */
class Topic implements Pick<LogReader, 'poll' | 'commit'> {
  readonly committed = new Map<number, number>();
  /** Gives nothing yet. */
  isShut = false;
  readonly #records: StoredRecord[];
  #next = 0;

  constructor(values: readonly Uint8Array[]) {
    this.#records = values.map((value, offset) => ({
      ...{ topic: 'spans', key: '', value, headers: {}, partition: offset % 2, offset, acceptedAtMs: 0 },
    }));
  }

  async poll({ maxRecords }: { readonly maxRecords: number }): Promise<readonly StoredRecord[]> {
    const polled = this.isShut ? [] : this.#records.slice(this.#next, this.#next + maxRecords);
    this.#next += polled.length;
    if (polled.length === 0) await new Promise((done) => setTimeout(done, 5));
    return polled;
  }

  async commit(partition: number, nextOffset: number): Promise<void> {
    this.committed.set(partition, nextOffset);
  }
}

async function rigWith(topic: Topic, encoding: 'otlp_proto' | 'otlp_json' = 'otlp_proto'): Promise<Rig> {
  return startRig({ tenant: 'acme' }, { sources: [{ topic: 'spans', name: 'otlp_spans', encoding, reader: topic }] });
}

/** By trace id, the ids of its spans; each record has one trace, and its key. */
function spansOf({ log }: Rig): ReadonlyMap<string, readonly string[]> {
  const byTrace = new Map<string, string[]>();
  for (const { topic, key, value, headers = {} } of log.records.filter((record) => record.topic !== 'dead-letters')) {
    expect([topic, headers[TENANT_HEADER]]).toEqual(['spans', 'acme']);
    const spans = decodeSpans(value);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([key]));
    byTrace.set(key, [...(byTrace.get(key) ?? []), ...spans.map(({ spanId }) => spanId)]);
  }
  return byTrace;
}

function lettersOf({ log }: Rig): readonly DeadRecord[] {
  return log.records
    .filter(({ topic }) => topic === 'dead-letters')
    .map((record) => readLetter({ headers: {}, ...record, partition: 0, offset: 0, acceptedAtMs: 0 })!);
}

describe('records as a Collector writes them to Kafka', () => {
  it('are split by trace and keyed by its id, whatever keys they had', async () => {
    const topic = new Topic([capture('01-plain.value.bin'), capture('05-batched.value.bin')]);
    const rig = await rigWith(topic);
    await vi.waitFor(() => {
      expect([...topic.committed]).toEqual([
        [0, 1],
        [1, 2],
      ]);
    });
    // Five traces in the first, six in the second: the README of the captures says so.
    expect(spansOf(rig).size).toBeGreaterThanOrEqual(6);
    const all = ['01-plain.value.bin', '05-batched.value.bin'].flatMap((name) => decodeSpans(capture(name)));
    expect([...spansOf(rig).values()].flat().sort()).toEqual(all.map(({ spanId }) => spanId).sort());
    expect(rig.metrics.values.get('assay_collector_source_records_total traces')).toBe(2);
    await rig.collector.stop(new AbortController().signal);
  });

  it('are one trace when it came as several records, and the same in JSON', async () => {
    const proto = await rigWith(new Topic(BY_TRACE_ID.map(capture)));
    await vi.waitFor(() => {
      expect(proto.metrics.values.get('assay_collector_source_records_total traces')).toBe(3);
    });
    expect(spansOf(proto).size).toBe(1);
    const json = await rigWith(new Topic([capture('06-by-trace-id-json.value.json')]), 'otlp_json');
    await vi.waitFor(() => {
      expect(json.metrics.values.get('assay_collector_source_records_total traces')).toBe(1);
    });
    expect(spansOf(json).size).toBe(1);
  });

  it('that are no OTLP become dead letters, and those behind them are taken', async () => {
    const topic = new Topic([Buffer.alloc(100, 0xff), capture('01-plain.value.bin')]);
    const rig = await rigWith(topic);
    await vi.waitFor(() => {
      expect(topic.committed.size).toBe(2);
    });
    expect(rig.metrics.values.get('assay_collector_source_rejected_total traces')).toBe(1);
    expect(spansOf(rig).size).toBeGreaterThan(0);
    expect(lettersOf(rig)).toMatchObject([
      {
        ...{ id: 'source:otlp_spans/0/0', role: 'receive', code: 'OTLP_MALFORMED', value: Buffer.alloc(100, 0xff) },
        headers: { [TENANT_HEADER]: 'acme' },
        replaysTo: undefined,
      },
    ]);
  });

  it('of which one trace is too large for the bus give it all others, and become dead letters whole', async () => {
    const names = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`attribute ${n} ${'k'.repeat(100)}`, n]));
    const spans = ['a', 'b', 'c'].map((digit) => ({
      ...{ traceId: digit.repeat(32), spanId: digit.repeat(16), name: digit },
      attributes: digit === 'b' ? names : {},
    }));
    const value = encodeRequest([{ scopes: [{ spans }] }]);
    const topic = new Topic([value, capture('01-plain.value.bin')]);
    const rig = await rigWith(topic);
    rig.log.largestBytes = 20_000;
    await vi.waitFor(() => {
      expect(topic.committed.size).toBe(2);
    });
    expect([...spansOf(rig).keys()]).toEqual(expect.arrayContaining(['a'.repeat(32), 'c'.repeat(32)]));
    expect(spansOf(rig).has('b'.repeat(32))).toBe(false);
    const reason = /^1 of its items left out, the rest taken: .*got 1 that is larger still$/;
    expect(lettersOf(rig)).toMatchObject([
      { id: 'source:otlp_spans/0/0', code: 'RECORD_TOO_LARGE', reason: expect.stringMatching(reason) as string },
    ]);
    expect(lettersOf(rig)[0]?.sha256).toBe(createHash('sha256').update(value).digest('hex'));
  });

  it('that should become dead letters wait while the bus is away', async () => {
    const topic = new Topic([Buffer.alloc(100, 0xff)]);
    topic.isShut = true;
    const rig = await rigWith(topic);
    let tried = 0;
    rig.log.onAppend = async () => {
      tried += 1;
      if (tried === 1) throw new PipelineError('BUS_UNAVAILABLE', 'the broker is away');
    };
    topic.isShut = false;
    await vi.waitFor(() => {
      expect(tried).toBe(1);
    });
    expect(topic.committed.size).toBe(0);
    await vi.waitFor(() => {
      expect([...topic.committed]).toEqual([[0, 1]]);
    }, 5_000);
    expect(lettersOf(rig)).toHaveLength(1);
  });

  it('wait while the bus is away, and are not committed before it has them', async () => {
    const topic = new Topic([capture('01-plain.value.bin')]);
    topic.isShut = true;
    let isAway = true;
    let tried = 0;
    const rig = await startRig(
      { tenant: 'acme' },
      {
        sources: [{ topic: 'spans', name: 'otlp_spans', encoding: 'otlp_proto', reader: topic }],
        clock: { nowMs: () => Date.now(), sleep: () => new Promise((done) => setTimeout(done, 5)) },
      },
    );
    rig.log.onAppend = async () => {
      tried += 1;
      if (isAway) throw new PipelineError('BUS_UNAVAILABLE', 'the broker is away');
    };
    topic.isShut = false;
    await vi.waitFor(() => {
      expect(tried).toBeGreaterThan(3);
    });
    expect(topic.committed.size).toBe(0);
    isAway = false;
    await vi.waitFor(() => {
      expect([...topic.committed]).toEqual([[0, 1]]);
    });
    expect(rig.metrics.values.get('assay_collector_in_flight_bytes')).toBe(0);
  });

  it('are left for the next start when it is stopped meanwhile', async () => {
    const topic = new Topic([capture('01-plain.value.bin')]);
    topic.isShut = true;
    const rig = await rigWith(topic);
    let tried = 0;
    rig.log.onAppend = async () => {
      tried += 1;
      throw new PipelineError('BUS_UNAVAILABLE', 'the broker is away');
    };
    topic.isShut = false;
    await vi.waitFor(() => {
      expect(tried).toBeGreaterThan(0);
    });
    await rig.collector.stop(new AbortController().signal);
    expect(topic.committed.size).toBe(0);
  });
});
