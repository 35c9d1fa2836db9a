import type { Decision } from '../core/decision.js';
import type { Evidence, Judgement } from '../core/evidence.js';
import type { Clock } from '../core/clock.js';
import type { LogEvent } from '../core/log-event.js';
import { readersOf, type Log, type LogReader, type LogRecord, type StoredRecord, type Topic } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import type { Metrics } from '../core/metrics.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import type { Span } from '../core/span.js';
import type { State } from '../core/state.js';
import type { Trajectory } from '../core/trajectory.js';
import { samplerConfig } from './config.js';
import { asStored, TRACE } from './records.test-support.js';
import { createSampler } from './sampler.js';

const ROUND_MS = 25;
const never = new AbortController().signal;

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function deferred(): Deferred {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Thrown where a test lets the process die: what was not durable is gone, and nothing is cleaned up. */
export class Crash extends Error {}

/** Bus, state, store and clock in memory. They outlive a sampler, as the disk outlives a process. */
export class World implements Log, State, Clock {
  readonly records = new Map<Topic, StoredRecord[]>();
  readonly offsets = new Map<string, number>();
  readonly entries = new Map<string, string>();
  readonly counted = new Map<string, number>();
  readonly archived = new Map<string, readonly Span[]>();
  /** Which partitions come to the sampler: see `LogReader.assigned`. */
  turns: ReadonlyMap<number, number> = new Map([[0, 1]]);
  readonly archivedLogs = new Map<string, readonly LogEvent[]>();
  /** Called before each effect; throws where a test wants it to. */
  before: (effect: 'append' | 'put' | 'commit') => void = () => undefined;
  readTrajectory: (spans: readonly Span[]) => Partial<Trajectory> = () => ({});
  #nowMs = 1_000_000;
  #untilMs = 0;
  #released = deferred();
  #arrived = deferred();

  nowMs(): number {
    return this.#nowMs;
  }

  async sleep(ms: number): Promise<void> {
    this.#nowMs += ms;
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  /** Lets this much time pass: resolves when all that was due in it has been done. */
  async pass(ms: number): Promise<void> {
    this.#untilMs = this.#nowMs + ms;
    this.#arrived = deferred();
    this.#released.resolve();
    await this.#arrived.promise;
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    if (records.some(({ topic }) => topic === 'decisions')) this.before('append');
    for (const record of records) {
      const stored = this.of(record.topic);
      stored.push({ headers: {}, ...record, partition: 0, offset: stored.length, acceptedAtMs: this.#nowMs });
    }
  }

  readers<Name extends Topic>(topics: readonly Name[], group: string): Readonly<Record<Name, LogReader>> {
    return readersOf(topics, (topic) => this.reader(topic, group));
  }

  reader(topic: Topic, group: string): LogReader {
    const key = `${topic}/${group}`;
    let position = this.offsets.get(key) ?? 0;
    return {
      poll: async ({ maxRecords, maxBytes, waitMs }, signal) => {
        const there = this.turns.has(0) ? this.of(topic).slice(position, position + maxRecords) : [];
        const found = fitting(there, maxBytes);
        position += found.length;
        if (found.length === 0 && topic === 'spans' && waitMs > 0) await this.#wait(waitMs, signal);
        return found;
      },
      commit: async (_partition, nextOffset) => {
        if (topic === 'spans') this.before('commit');
        this.offsets.set(key, Math.max(nextOffset, this.offsets.get(key) ?? 0));
      },
      committed: async () => new Map([[0, this.offsets.get(key) ?? 0]]),
      assigned: () => this.turns,
      seek: (_partition, offset) => void (position = offset),
      pause: () => undefined,
      resume: () => undefined,
      close: async () => undefined,
    };
  }

  async endOffsets(topic: Topic): Promise<ReadonlyMap<number, number>> {
    return new Map([[0, this.of(topic).length]]);
  }

  async erase(): Promise<number> {
    throw new Error('expected the sampler to take nothing out of the bus');
  }

  async lag(topic: Topic, group: string): Promise<number> {
    return this.of(topic).length - (this.offsets.get(`${topic}/${group}`) ?? 0);
  }

  get(key: string): string | undefined {
    return this.entries.get(key);
  }

  async put(entries: readonly (readonly [string, string])[]): Promise<void> {
    if (entries.some(([key]) => key.startsWith('decided/'))) this.before('put');
    for (const [key, value] of entries) this.entries.set(key, value);
  }

  async delete(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.entries.delete(key);
  }

  *range(prefix: string): Iterable<readonly [string, string]> {
    for (const key of [...this.entries.keys()].sort()) {
      const value = this.entries.get(key);
      if (key.startsWith(prefix) && value !== undefined) yield [key, value];
    }
  }

  of(topic: Topic): StoredRecord[] {
    let records = this.records.get(topic);
    if (records === undefined) this.records.set(topic, (records = []));
    return records;
  }

  get decisions(): readonly Decision[] {
    return this.of('decisions').map(({ value }) => JSON.parse(Buffer.from(value).toString()) as Decision);
  }

  get judgements(): readonly Judgement[] {
    return this.of('judgements').map(({ value }) => JSON.parse(Buffer.from(value).toString()) as Judgement);
  }

  /** The first offset of `spans` that the sampler still needs. */
  get committed(): number {
    return this.offsets.get('spans/sample') ?? 0;
  }

  get committedLogs(): number {
    return this.offsets.get('logs/sample') ?? 0;
  }

  /** Puts what is on the bus into the store. */
  archiveAll(): void {
    const spans = this.of('spans').flatMap(({ value }) => decodeSpans(value));
    for (const { traceId } of spans) {
      const ofTrace = new Map(spans.filter((span) => span.traceId === traceId).map((span) => [span.spanId, span]));
      this.archived.set(traceId, [...ofTrace.values()]);
    }
    const logs = this.of('logs').flatMap(({ value }) => decodeLogEvents(value).map(asStored));
    for (const { traceId } of logs)
      this.archivedLogs.set(
        traceId,
        logs.filter((log) => log.traceId === traceId),
      );
  }

  /** A started sampler on this world. `crashed` resolves when an effect that the test made fail has ended it. */
  async life(options: object = {}): Promise<{ stop(): Promise<void>; readonly crashed: Promise<void> }> {
    const crash = deferred();
    const effects = <T extends readonly unknown[]>(act: (...args: T) => Promise<void>) => {
      return async (...args: T): Promise<void> => {
        try {
          await act(...args);
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
          crash.resolve();
          // A dead process does not go on.
          await new Promise<never>(() => undefined);
        }
      };
    };
    const reader = (topic: Topic, group: string): LogReader => {
      const made = this.reader(topic, group);
      return { ...made, commit: effects((partition: number, next: number) => made.commit(partition, next)) };
    };
    const log: Log = {
      start: async () => undefined,
      stop: async () => undefined,
      append: effects((records: readonly LogRecord[]) => this.append(records)),
      reader,
      readers: (topics, group) => readersOf(topics, (topic) => reader(topic, group)),
      endOffsets: (topic) => this.endOffsets(topic),
      erase: () => this.erase(),
      lag: (topic, group) => this.lag(topic, group),
    };
    const state: State = {
      get: (key) => this.get(key),
      put: effects((entries: readonly (readonly [string, string])[]) => this.put(entries)),
      delete: (keys) => this.delete(keys),
      range: (prefix) => this.range(prefix),
    };
    const sampler = createSampler(samplerConfig.parse({ salt: 'a salt of a test', ...options }), {
      log,
      state,
      archive: {
        spansOf: async (_tenant, traceId) => this.archived.get(traceId) ?? [],
        logsOf: async (_tenant, traceId) => this.archivedLogs.get(traceId) ?? [],
      },
      readTrajectory: (spans, { tenant }) => ({ ...trajectoryOf(spans, tenant), ...this.readTrajectory(spans) }),
      renderEvidence: (trajectory) => ({ evidence: evidenceOf(trajectory), tokens: 7 }),
      criteria: [{ criterion: 'task-completion', applies: () => true }],
      clock: this,
      logger: silentLogger,
      metrics: this.#metrics(),
    });
    await sampler.start(never);
    return { stop: () => sampler.stop(never), crashed: crash.promise };
  }

  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#nowMs >= this.#untilMs) {
      this.#released = deferred();
      this.#arrived.resolve();
      const release = this.#released.resolve;
      signal.addEventListener('abort', release);
      if (!signal.aborted) await this.#released.promise;
      signal.removeEventListener('abort', release);
      if (signal.aborted) return;
    }
    // Reads of the store that were begun get their turn.
    await new Promise((done) => setImmediate(done));
    this.#nowMs += Math.min(ms, ROUND_MS);
  }

  #metrics(): Metrics {
    const add = (name: string, amount: number): void =>
      void this.counted.set(name, (this.counted.get(name) ?? 0) + amount);
    return {
      counter: (name) => ({
        add: (amount) => {
          add(name, amount);
        },
      }),
      gauge: (name) => ({
        set: (value) => {
          this.counted.set(name, value);
        },
      }),
      histogram: () => ({ observe: () => undefined }),
    };
  }
}

/** As many as fit, one at least. */
function fitting(records: readonly StoredRecord[], maxBytes: number): readonly StoredRecord[] {
  let bytes = 0;
  const end = records.findIndex(({ value }, index) => (bytes += value.length) > maxBytes && index > 0);
  return end < 0 ? records : records.slice(0, end);
}

/** A trajectory that answers what it was asked, of as many spans as it was given. */
export function trajectoryOf(spans: readonly Span[], tenant = 't'): Trajectory {
  return {
    tenant,
    traceId: spans[0]?.traceId ?? TRACE,
    service: 'shop',
    release: '1.0',
    environment: '',
    input: 'please refund',
    output: 'refunded',
    steps: [],
    tools: [],
    dialects: ['otel-genai'],
    hasContent: true,
    spanCount: spans.length,
    durationMs: 1,
  };
}

function evidenceOf(trajectory: Trajectory): Evidence {
  return { sections: [{ title: 'user request', text: trajectory.input ?? '' }], truncated: false };
}
