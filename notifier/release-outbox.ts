import { createHash } from 'node:crypto';
import type { State } from '../core/state.js';
import type { Release } from './attempt.js';
import { Draft, KEYS, type ReleaseEntry } from './outbox-state.js';

/** A release that is to be told on one channel. */
export interface ReleaseJob {
  readonly type: 'release';
  readonly atMs: number;
  readonly sinceMs: number;
  readonly id: string;
  readonly entry: ReleaseEntry;
}

/** Releases that channels have to be told yet, durable in a `State`. Each is told once, or again after a kill. */
export class ReleaseOutbox {
  readonly #state: State;
  /** By channel, those that wait. */
  readonly #live = new Map<string, Set<string>>();

  constructor(state: State) {
    this.#state = state;
  }

  /** One that came before changes nothing. */
  admit(draft: Draft, release: Release, { channels, nowMs }: { channels: readonly string[]; nowMs: number }): void {
    const id = releaseIdOf(release);
    for (const channel of channels) {
      const fresh: ReleaseEntry = { release, waits: true, attempts: 0, notBeforeMs: 0, sinceMs: nowMs };
      const entry = draft.release(channel, id) ?? fresh;
      draft.set(KEYS.release(channel, id), entry);
      if (entry.waits) this.#liveOf(channel).add(id);
    }
  }

  /** What is due first on a channel, or will be. */
  plan(channel: string): ReleaseJob | undefined {
    const draft = new Draft(this.#state);
    const live = this.#liveOf(channel);
    let first: ReleaseJob | undefined;
    for (const id of live) {
      const entry = draft.release(channel, id);
      if (entry?.waits !== true) live.delete(id);
      else if (first === undefined || entry.notBeforeMs < first.atMs)
        first = { type: 'release', atMs: entry.notBeforeMs, sinceMs: entry.sinceMs, id, entry };
    }
    return first;
  }

  /** @param nextAtMs - when it is tried again; undefined when it is over */
  settle(draft: Draft, { channel, job }: { channel: string; job: ReleaseJob }, nextAtMs: number | undefined): void {
    const { entry, id } = job;
    const attempts = entry.attempts + 1;
    const next = nextAtMs === undefined ? { ...entry, waits: false } : { ...entry, notBeforeMs: nextAtMs };
    draft.set(KEYS.release(channel, id), { ...next, attempts });
  }

  waiting(channel: string): number {
    return this.#liveOf(channel).size;
  }

  #liveOf(channel: string): Set<string> {
    const known = this.#live.get(channel);
    if (known !== undefined) return known;
    const live = new Set<string>();
    const prefix = KEYS.releases(channel);
    for (const [key] of this.#state.range(prefix)) live.add(key.slice(prefix.length));
    this.#live.set(channel, live);
    return live;
  }
}

function releaseIdOf({ tenant, service, release, environment }: Release): string {
  const identity = JSON.stringify([tenant, service, release, environment]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}
