import { getHeapStatistics } from 'node:v8';
import type { Clock } from '../core/clock.js';

/** Looking costs some microseconds, too many for every request. */
const LOOK_EVERY_MS = 100;

/** Knows when the heap of this thread is nearly full. The bytes of requests lie outside of it; what is made of them does not. */
export interface HeapGuard {
  /** One request in a tenth of a second is let through all the same: without any work the collector of garbage would not run either. */
  isFull(): boolean;
}

/**
 * @param maxRatio - of the heap's limit; beyond it the heap is full
 * @param usedRatio - how full it is, in [0, 1]; of this thread unless a test says otherwise
 */
export function createHeapGuard(maxRatio: number, clock: Clock, usedRatio: () => number = ownRatio): HeapGuard {
  let full = false;
  let lookedMs = -Infinity;
  return {
    isFull() {
      const nowMs = clock.nowMs();
      // A clock that was set back must not stop the looking.
      if (Math.abs(nowMs - lookedMs) < LOOK_EVERY_MS) return full;
      lookedMs = nowMs;
      full = usedRatio() > maxRatio;
      return false;
    },
  };
}

function ownRatio(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used / limit;
}
