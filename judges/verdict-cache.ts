import { LRUCache } from 'lru-cache';
import type { Clock } from '../core/clock.js';
import type { Judgement } from '../core/evidence.js';
import { contentHash } from '../core/keyed-hash.js';
import type { State, StateEntry } from '../core/state.js';
import type { Verdict, Vote } from '../core/verdict.js';
import type { JudgesConfig } from './config.js';

const ENTRY = 'cache/entry/';
/** Keys by age, and by the trace that a verdict was reached on: what is too old or to be erased is found without a search. */
const AGE = 'cache/age/';
const ORIGIN = 'cache/origin/';
/** Traces that were forgotten, and when: what is judged of them later is not kept. */
const FORGOTTEN = 'cache/forgotten/';
const MARK = '1';

/** Text of entries that is held in memory, in characters. */
const MEMORY_CHARS = 4 * 1024 * 1024;

/** A verdict that may be used again, and where it comes from. Only passes and fails are kept. */
export interface KeptVerdict extends Pick<Verdict, 'tenant' | 'traceId' | 'confidence' | 'model' | 'provider'> {
  readonly outcome: 'pass' | 'fail';
  /** Left out by a version before there was a second judge. */
  readonly disputed?: boolean;
  /** With their quotes and explanations. */
  readonly votes: readonly Vote[];
  /** When the judge said so: a hit does not make it younger. */
  readonly judgedAtMs: number;
}

/** Verdicts by exactly what was judged. Durable, with the ones used last in memory. */
export interface VerdictCache {
  /** None when the cache is off, or what is kept is too old. */
  find(key: string): KeptVerdict | undefined;
  /**
   * Keeps a pass or a fail of a judge, in place of an older one; of any other verdict it keeps nothing.
   * @param write - makes the entries durable, together with what the caller has to write
   */
  keep(key: string, verdict: Verdict, write: (entries: readonly StateEntry[]) => Promise<void>): Promise<void>;
  /**
   * Removes what was judged on these traces, and keeps nothing that is judged on them later: the sampler may still hold one
   * of them open.
   * @returns how many verdicts were removed
   */
  forget(traceIds: readonly string[]): Promise<number>;
  /** Removes what is too old, and the oldest that are too many. */
  sweep(): Promise<void>;
}

export interface VerdictCacheDeps {
  readonly state: State;
  readonly clock: Clock;
}

/** Who judges what of the evidence. */
export interface Judged {
  readonly criterion: string;
  readonly judgeHash: string;
  /** Whether a fail goes to a second judge: a part of the instrument that depends on the trace. */
  readonly isConfirmed: boolean;
}

/**
 * Names everything that a verdict follows from: whose it is, what the judge was shown, and the whole instrument. Ids and times
 * of spans are not in the evidence, so a replay has the key of the original.
 */
export function cacheKey({ decision, evidence }: Judgement, { criterion, judgeHash, isConfirmed }: Judged): string {
  const shown = JSON.stringify(evidence.sections.map(({ title, text }) => [title, text]));
  return contentHash(decision.tenant, shown, criterion, judgeHash, ...(isConfirmed ? ['fails confirmed'] : []));
}

/** A cache in durable state. */
export function createVerdictCache(options: JudgesConfig['cache'], deps: VerdictCacheDeps): VerdictCache {
  const { state, clock } = deps;
  const ttlMs = options.ttlHours * 3_600_000;
  const front = new LRUCache<string, KeptVerdict>({ maxSize: MEMORY_CHARS });
  const load = (key: string): KeptVerdict | undefined => {
    const text = state.get(`${ENTRY}${key}`);
    if (text === undefined) return undefined;
    const kept = JSON.parse(text) as KeptVerdict;
    front.set(key, kept, { size: text.length });
    return kept;
  };
  const remove = async (keys: readonly string[], also: readonly string[]): Promise<void> => {
    const doomed = keys.flatMap((key) => {
      const kept = load(key);
      front.delete(key);
      return kept === undefined ? [] : [`${ENTRY}${key}`, ...marksOf(key, kept)];
    });
    if (doomed.length + also.length > 0) await state.delete([...doomed, ...also]);
  };
  return {
    find(key) {
      if (!options.enabled) return undefined;
      const kept = front.get(key) ?? load(key);
      return kept !== undefined && clock.nowMs() - kept.judgedAtMs < ttlMs ? kept : undefined;
    },
    async keep(key, verdict, write) {
      const kept = options.enabled ? toKept(verdict, state) : undefined;
      if (kept === undefined) return write([]);
      const before = load(key);
      const text = JSON.stringify(kept);
      const marks = marksOf(key, kept);
      await write([[`${ENTRY}${key}`, text], ...marks.map((mark) => [mark, MARK] as const)]);
      front.set(key, kept, { size: text.length });
      const outdated = before ? marksOf(key, before).filter((mark) => !marks.includes(mark)) : [];
      if (outdated.length > 0) await state.delete(outdated);
    },
    async forget(traceIds) {
      if (options.enabled) await state.put(forgottenMarks(traceIds, clock.nowMs()));
      const marks = traceIds.flatMap((traceId) => [...state.range(`${ORIGIN}${traceId}/`)].map(([mark]) => mark));
      // The mark of a verdict that another trace's has replaced can outlive a kill.
      const keys = marks.map(keyOfMark).filter((key) => traceIds.includes(load(key)?.traceId ?? ''));
      await remove(keys, marks);
      return keys.length;
    },
    async sweep() {
      const doomed = marksToSweep(state, { nowMs: clock.nowMs(), ttlMs, maxEntries: options.maxEntries });
      const keys = doomed.filter((mark) => load(keyOfMark(mark))?.judgedAtMs === ageOfMark(mark)).map(keyOfMark);
      await remove(keys, [...doomed, ...forgottenBefore(state, clock.nowMs() - ttlMs)]);
    },
  };
}

function toKept(verdict: Verdict, state: State): KeptVerdict | undefined {
  const { tenant, traceId, outcome, disputed, confidence, votes, model, provider, judgedAtMs } = verdict;
  // A rubric's test has a judge of its own.
  if (traceId === '' || state.get(`${FORGOTTEN}${traceId}`) !== undefined) return undefined;
  // A hit is never kept anew, or an error of the judge would live as long as its traffic.
  if (verdict.fromCache || (outcome !== 'pass' && outcome !== 'fail')) return undefined;
  return { tenant, traceId, outcome, disputed, confidence, votes, model, provider, judgedAtMs };
}

/** By age, the oldest first. */
function marksToSweep(
  state: State,
  { nowMs, ttlMs, maxEntries }: { readonly nowMs: number; readonly ttlMs: number; readonly maxEntries: number },
): readonly string[] {
  const marks = [...state.range(AGE)].map(([mark]) => mark);
  const tooMany = marks.length - maxEntries;
  return marks.filter((mark, index) => index < tooMany || ageOfMark(mark) <= nowMs - ttlMs);
}

function forgottenMarks(traceIds: readonly string[], nowMs: number): readonly StateEntry[] {
  return traceIds.map((traceId) => [`${FORGOTTEN}${traceId}`, String(nowMs)]);
}

function forgottenBefore(state: State, beforeMs: number): readonly string[] {
  return [...state.range(FORGOTTEN)].flatMap(([mark, at]) => (Number(at) <= beforeMs ? [mark] : []));
}

function marksOf(key: string, { traceId, judgedAtMs }: KeptVerdict): readonly string[] {
  return [`${AGE}${String(judgedAtMs).padStart(15, '0')}/${key}`, `${ORIGIN}${traceId}/${key}`];
}

function keyOfMark(mark: string): string {
  return mark.slice(mark.lastIndexOf('/') + 1);
}

function ageOfMark(mark: string): number {
  return Number(mark.slice(AGE.length, mark.lastIndexOf('/')));
}
