import { expect, vi } from 'vitest';
import { systemClock, type Clock } from '../core/clock.js';
import { readLetter } from '../core/dead-letter.js';
import type { Decision } from '../core/decision.js';
import { PipelineError, type ErrorCode } from '../core/errors.js';
import type { Evidence, Judgement } from '../core/evidence.js';
import { readersOf, type Log, type LogReader, type LogRecord, type StoredRecord, type Topic } from '../core/log.js';
import { silentLogger } from '../core/logger.js';
import { noMetrics } from '../core/metrics.js';
import type { Model, ModelFailure, ModelReply, ModelRequest } from '../core/model.js';
import type { State } from '../core/state.js';
import type { Spend, Verdict } from '../core/verdict.js';
import { judgesConfig } from './config.js';
import type { JudgeDeps } from './judge-deps.js';
import { createJudge } from './judge.js';
import { loadRubrics } from './load-rubrics.js';

export const RUBRICS = loadRubrics(judgesConfig.parse({ rubricsDirectory: '' }));
export const NEVER = new AbortController().signal;
export const DAY = '2026-11-21';

type Hook = (records: readonly LogRecord[]) => Promise<void>;

interface Reading {
  readonly records: () => readonly StoredRecord[];
  readonly group: string;
  readonly committed: Map<string, number>;
  /** Aborts when the next record comes. */
  readonly arrived: () => AbortSignal;
}

function createMemoryReader({ records, group, committed, arrived }: Reading): LogReader {
  const done = (): number => committed.get(group) ?? 0;
  let next = done();
  return {
    async poll({ maxRecords, waitMs }, signal) {
      if (records().length <= next && !signal.aborted)
        await systemClock.sleep(waitMs, AbortSignal.any([signal, arrived()]));
      if (signal.aborted) return [];
      const polled = records().slice(next, next + maxRecords);
      next += polled.length;
      return polled;
    },
    commit(_, nextOffset) {
      committed.set(group, Math.max(done(), nextOffset));
      return Promise.resolve();
    },
    committed: () => Promise.resolve(new Map([[0, done()]])),
    assigned: () => new Map([[0, 1]]),
    seek: () => undefined,
    pause: () => undefined,
    resume: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** A log in memory: one partition a topic, one committed offset a group. */
function createMemoryLog() {
  const topics = new Map<Topic, StoredRecord[]>();
  const committed = new Map<string, number>();
  let refuse: Hook | undefined;
  let arrived = new AbortController();
  const of = (topic: Topic): StoredRecord[] => topics.get(topic) ?? topics.set(topic, []).get(topic)!;
  const reader = (topic: Topic, group: string): LogReader =>
    createMemoryReader({ records: () => of(topic), group, committed, arrived: () => arrived.signal });
  const log: Log = {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    async append(records) {
      await refuse?.(records);
      for (const record of records) {
        const list = of(record.topic);
        list.push({ headers: {}, ...record, partition: 0, offset: list.length, acceptedAtMs: 0 });
      }
      arrived.abort();
      arrived = new AbortController();
    },
    reader,
    readers: (topics, group) => readersOf(topics, (topic) => reader(topic, group)),
    endOffsets: (topic) => Promise.resolve(new Map([[0, of(topic).length]])),
    lag: (topic, group) => Promise.resolve(of(topic).length - (committed.get(group) ?? 0)),
    erase: () => Promise.reject(new Error('this log erases nothing')),
  };
  const read = (topic: Topic): readonly unknown[] =>
    of(topic).map((record) => JSON.parse(new TextDecoder().decode(record.value)) as unknown);
  return {
    log,
    verdicts: () => read('verdicts') as readonly Verdict[],
    spend: () => read('spend') as readonly Spend[],
    committed: () => committed.get('judge') ?? 0,
    letters: () => of('dead-letters').map((record) => readLetter(record)),
    beforeAppend: (hook?: Hook): void => {
      refuse = hook;
    },
  };
}

function createMemoryState(): State & { readonly entries: Map<string, string> } {
  const entries = new Map<string, string>();
  return {
    entries,
    get: (key) => entries.get(key),
    put(changes) {
      for (const [key, value] of changes) entries.set(key, value);
      return Promise.resolve();
    },
    delete(keys) {
      for (const key of keys) entries.delete(key);
      return Promise.resolve();
    },
    range: (prefix) => [...entries].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)),
  };
}

type Script = (request: ModelRequest, call: number) => Promise<ModelReply> | ModelReply;

const PRICE = { inputUsdPerMillion: 1, outputUsdPerMillion: 5, version: 'test' };

export function createScriptedModel(script: Script): Model & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = [];
  return {
    ...{ provider: 'openai', name: 'scripted', baseUrl: 'http://127.0.0.1:1/v1', price: PRICE, requests },
    parameters: { temperature: 0.3, maxOutputTokens: 100 },
    complete(request) {
      requests.push(request);
      return Promise.resolve().then(() => script(request, requests.length));
    },
  };
}

export const QUOTE = 'refund 40 EUR on order A-1';

export const says = (verdict: string, change: object = {}): ModelReply => ({
  value: { explanation: `It is a ${verdict}.`, quotes: [QUOTE], verdict, confidence: 0.9, ...change },
  ...{ model: 'scripted-2026', inputTokens: 1000, outputTokens: 20 },
});

export const breaks = (code: ErrorCode, cause: ModelFailure = { unbilled: true }): never => {
  throw new PipelineError(code, `the provider said ${code}`, { cause });
};

export const EVIDENCE: Evidence = {
  truncated: false,
  sections: [
    { title: 'user request', text: 'Please refund 40 EUR on order A-1' },
    { title: 'final answer', text: 'I have paid you 40 EUR back.' },
  ],
};

/** What is to be judged of a trace of tenant `acme`. */
export const judgementOf = (traceId: string, change: Partial<Judgement> = {}): Judgement => {
  const decision = {
    ...{
      tenant: 'acme',
      traceId,
      version: 1,
      rootSpanId: '00f067aa0ba902b7',
      service: 'shop',
      release: '1.1',
      stratum: 'suspected',
      pi: 0.5,
      audit: false,
    },
    ...{ decidedAtMs: 1000, criteria: ['task-completion'] },
  } as unknown as Decision;
  return { decision, criteria: ['task-completion'], evidence: EVIDENCE, own: false, ...change };
};

/** The record of a judgement on the bus. */
export const judgement = (traceId: string, change: Partial<Judgement> = {}): LogRecord => ({
  ...{ topic: 'judgements', key: traceId },
  value: new TextEncoder().encode(JSON.stringify(judgementOf(traceId, change))),
});

/** The machine's clock, set to another day. */
export function clockFrom(text: string): Clock & { shiftMs: number } {
  const began = Date.now();
  const clock = {
    shiftMs: Date.parse(text) - began,
    nowMs: () => Date.now() + clock.shiftMs,
    sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms, signal),
  };
  return clock;
}

/** Judges that run; {@link stopJudges} ends them. */
export const running: { stop(signal: AbortSignal): Promise<void> }[] = [];

export interface World {
  readonly bus: ReturnType<typeof createMemoryLog>;
  readonly state: ReturnType<typeof createMemoryState>;
}

export const newWorld = (): World => ({ bus: createMemoryLog(), state: createMemoryState() });

/** What a test changes of the judge that it starts. */
export interface Change extends Partial<
  Pick<JudgeDeps, 'clock' | 'log' | 'metrics' | 'rubrics' | 'attends' | 'shared' | 'confirm'>
> {
  readonly settings?: object;
}

/** Starts a judge, its cache off unless the test switches it on: most judge the same evidence again and again. */
export async function startJudge(world: World, model: Model | undefined, change: Change = {}) {
  const announced: string[] = [];
  const { settings = {}, ...deps } = change;
  const defaults = { backoffMs: 1, maxBackoffMs: 5, pollWaitMs: 5000, cache: { enabled: false } };
  const judge = createJudge(judgesConfig.parse({ ...defaults, ...settings }), {
    ...{ log: world.bus.log, state: world.state, model, rubrics: RUBRICS },
    ...{ clock: clockFrom(`${DAY}T12:00:00Z`), random: Math.random, logger: silentLogger, metrics: noMetrics },
    announce: (text) => announced.push(text),
    ...deps,
  });
  await judge.start(NEVER);
  running.push(judge);
  return { judge, announced };
}

/** To be called after each test. */
export async function stopJudges(): Promise<void> {
  for (const judge of running.splice(0)) await judge.stop(AbortSignal.abort());
}

export const verdictCount = ({ bus }: World, count: number) =>
  vi.waitFor(() => {
    expect(bus.verdicts()).toHaveLength(count);
  }, 10_000);

export const allCommitted = ({ bus }: World, count: number) =>
  vi.waitFor(() => {
    expect(bus.committed()).toBe(count);
  }, 10_000);
