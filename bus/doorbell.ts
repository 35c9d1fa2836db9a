import { BroadcastChannel } from 'node:worker_threads';
import { resolve } from 'node:path';
import type { Clock } from '../core/clock.js';
import type { Topic } from '../core/log.js';

/** Who is given records more often than this looks by itself often enough. */
const QUIET_MS = 500;

/** Tells the other threads of this process that a topic which was quiet has grown. Other processes hear nothing. */
export interface Doorbell {
  ring(topics: readonly Topic[]): void;
  close(): void;
}

/** @param directory - of the bus: its instances in all threads share one bell */
export function createDoorbell(directory: string, clock: Clock, onRing: (topics: readonly Topic[]) => void): Doorbell {
  const channel = new BroadcastChannel(`assay-bus ${resolve(directory)}`);
  const rangAtMs = new Map<Topic, number>();
  channel.onmessage = (event): void => {
    onRing((event as { readonly data: readonly Topic[] }).data);
  };
  // Nobody may be kept alive by what others might say.
  channel.unref();
  return {
    ring(topics) {
      const nowMs = clock.nowMs();
      const quiet = topics.filter((topic) => Math.abs(nowMs - (rangAtMs.get(topic) ?? -Infinity)) >= QUIET_MS);
      for (const topic of topics) rangAtMs.set(topic, nowMs);
      if (quiet.length > 0) channel.postMessage(quiet);
    },
    close() {
      channel.close();
    },
  };
}
