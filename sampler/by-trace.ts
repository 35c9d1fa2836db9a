/** What is told of one trace. */
interface OfTrace {
  readonly traceId: string;
}

/** Groups by trace, in the order they came. A record holds one trace, but for what others than Assay wrote. */
export function byTrace<T extends OfTrace>(all: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const first = all[0];
  if (first === undefined) return new Map();
  if (all.every(({ traceId }) => traceId === first.traceId)) return new Map([[first.traceId, all]]);
  const traces = new Map<string, T[]>();
  for (const one of all) {
    const ofTrace = traces.get(one.traceId);
    if (ofTrace === undefined) traces.set(one.traceId, [one]);
    else ofTrace.push(one);
  }
  return traces;
}
