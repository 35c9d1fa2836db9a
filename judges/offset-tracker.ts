/** Finds what may be committed while records finish out of order. */
export interface OffsetTracker {
  /** A record was taken on; offsets of a partition come in growing order. */
  begin(partition: number, offset: number): void;
  /** @returns the offset to commit: the first that is not finished; undefined when an earlier record still is in work */
  finish(partition: number, offset: number): number | undefined;
  /** Forgets what was taken on of a partition that is read anew. */
  drop(partition: number): void;
}

/** Tracks nothing yet. */
export function createOffsetTracker(): OffsetTracker {
  const open = new Map<number, Map<number, 'open' | 'finished'>>();
  return {
    begin(partition, offset) {
      const offsets = open.get(partition) ?? new Map<number, 'open' | 'finished'>();
      open.set(partition, offsets.set(offset, 'open'));
    },
    finish(partition, offset) {
      const offsets = open.get(partition);
      offsets?.set(offset, 'finished');
      let next: number | undefined;
      for (const [at, status] of offsets ?? []) {
        if (status === 'open') break;
        next = at + 1;
        offsets?.delete(at);
      }
      return next;
    },
    drop: (partition) => void open.delete(partition),
  };
}
