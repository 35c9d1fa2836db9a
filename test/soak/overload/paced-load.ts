import { setTimeout as delay } from 'node:timers/promises';
import { createSeeded } from '../../../demo/seeded.js';
import { waitMs } from '../exporter.js';
import { createTransport, type Transport } from '../transport.js';
import type { StampedRequests } from './stamped-requests.js';

/** What became of a request. */
interface Kept {
  /** Times that it was sent and no answer came. */
  readonly unknown: number;
}

/** What healthy clients saw in one phase. */
export interface Seen {
  /** From sending to the acknowledgement, of each that was acknowledged. */
  readonly acknowledgedMs: number[];
  /** From sending to the answer to send again later. */
  readonly refusedMs: number[];
  unknown: number;
  /** Due while the sender's own queue was full: never sent, as a full queue of an exporter drops. */
  dropped: number;
}

/** Healthy clients with keep-alive connections, that share one queue. */
export interface PacedLoad {
  /** Every request that was acknowledged, by number. */
  readonly acknowledged: ReadonlyMap<number, Kept>;
  /** Sends at a pace whatever the answers, for so long. 0 for as fast as it is taken. */
  run(pace: { readonly perSecond: number; readonly seconds: number; readonly seen: Seen }): Promise<void>;
  /** Sends what still waits, until all of it is acknowledged. */
  drain(): Promise<void>;
  close(): void;
}

export interface PacedLoadOptions {
  readonly address: string;
  readonly requests: StampedRequests;
  readonly seed: string;
  readonly signal: AbortSignal;
}

const CONNECTIONS = 16;
/** Requests that wait or are under way; more are dropped. */
const MAX_QUEUE = 128;
/** As fast as it is taken. */
const GREEDY_AT_ONCE = 8;
const BACKOFF = { initialMs: 1_000, maxMs: 5_000 };
const TICK_MS = 5;

export function newSeen(): Seen {
  return { acknowledgedMs: [], refusedMs: [], unknown: 0, dropped: 0 };
}

export function createPacedLoad({ address, requests, seed, signal }: PacedLoadOptions): PacedLoad {
  const random = createSeeded(seed);
  const transport: Transport = createTransport({ form: 'protobuf', address, connections: CONNECTIONS });
  const acknowledged = new Map<number, Kept>();
  const pending = new Set<Promise<void>>();
  let next = 0;
  let failure: Error | undefined;

  /** Sends until it is acknowledged. */
  async function deliver(number: number, seen: Seen): Promise<void> {
    let unknown = 0;
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const startedMs = performance.now();
      const answer = await transport.send(requests.body(number));
      const tookMs = performance.now() - startedMs;
      if (answer.status === 'rejected') {
        failure ??= new Error(`expected an acknowledgement or an answer to send again, got ${answer.reason}`);
        return;
      }
      if (answer.status === 'acknowledged') {
        seen.acknowledgedMs.push(tookMs);
        acknowledged.set(number, { unknown });
        return;
      }
      if (answer.status === 'refused') seen.refusedMs.push(tookMs);
      else [unknown, seen.unknown] = [unknown + 1, seen.unknown + 1];
      const backoff = { ...BACKOFF, random: () => random.uniform(number, attempt) };
      const retryAfterMs = answer.status === 'refused' ? answer.retryAfterMs : undefined;
      await delay(waitMs(attempt, backoff, retryAfterMs), undefined, { signal }).catch(() => undefined);
    }
  }

  function begin(seen: Seen): void {
    const work = deliver(next++, seen).finally(() => pending.delete(work));
    pending.add(work);
  }

  return {
    acknowledged,
    async run({ perSecond, seconds, seen }) {
      const startedMs = performance.now();
      let due = 0;
      for (let passedMs = 0; passedMs < seconds * 1_000 && !signal.aborted; passedMs = performance.now() - startedMs) {
        if (failure !== undefined) throw failure;
        if (perSecond === 0) while (pending.size < GREEDY_AT_ONCE) begin(seen);
        else
          for (; due < (passedMs / 1_000) * perSecond; due += 1) {
            if (pending.size < MAX_QUEUE) begin(seen);
            else seen.dropped += 1;
          }
        await delay(TICK_MS);
      }
      signal.throwIfAborted();
    },
    async drain() {
      await Promise.all(pending);
      if (failure !== undefined) throw failure;
    },
    close() {
      transport.close();
    },
  };
}
