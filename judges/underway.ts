/** Work that has begun, or waits its turn, by the trace that it is about. */
export interface Underway {
  /** @returns the same work */
  add<Result>(traceId: string, work: Promise<Result>): Promise<Result>;
  /** Resolves when what is under way now of these traces has ended, however it did. */
  ended(traceIds: readonly string[]): Promise<void>;
  /** Resolves when nothing is under way any more. */
  idle(): Promise<void>;
}

/** Nothing is under way yet. */
export function createUnderway(): Underway {
  const works = new Map<Promise<unknown>, string>();
  return {
    add(traceId, work) {
      works.set(work, traceId);
      const leave = (): void => {
        works.delete(work);
      };
      work.then(leave, leave);
      return work;
    },
    async ended(traceIds) {
      await Promise.allSettled([...works].flatMap(([work, traceId]) => (traceIds.includes(traceId) ? [work] : [])));
    },
    async idle() {
      while (works.size > 0) await Promise.allSettled(works.keys());
    },
  };
}
