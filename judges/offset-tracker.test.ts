import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOffsetTracker } from './offset-tracker.js';

describe('createOffsetTracker', () => {
  it('holds back what finished before an earlier record, and releases it together', () => {
    const tracker = createOffsetTracker();
    for (const offset of [0, 3, 4]) tracker.begin(0, offset);
    expect(tracker.finish(0, 4)).toBeUndefined();
    expect(tracker.finish(0, 0)).toBe(1);
    expect(tracker.finish(0, 3)).toBe(5);
  });

  it('keeps partitions apart', () => {
    const tracker = createOffsetTracker();
    tracker.begin(0, 7);
    tracker.begin(1, 7);
    expect(tracker.finish(1, 7)).toBe(8);
    expect(tracker.finish(0, 7)).toBe(8);
  });

  it('never lets a commit pass a record in work, and commits all in the end', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(1000), { minLength: 1 }), fc.infiniteStream(fc.nat()), (numbers, picks) => {
        const offsets = [...numbers].sort((a, b) => a - b);
        const tracker = createOffsetTracker();
        for (const offset of offsets) tracker.begin(0, offset);
        const open = [...offsets];
        let committed = 0;
        while (open.length > 0) {
          const [offset = 0] = open.splice((picks.next().value ?? 0) % open.length, 1);
          committed = tracker.finish(0, offset) ?? committed;
          expect(committed).toBeLessThanOrEqual(Math.min(...open, Infinity));
        }
        expect(committed).toBe((offsets.at(-1) ?? 0) + 1);
      }),
      { seed: 29 },
    );
  });
});
