import { readFileSync } from 'node:fs';

/** RssAnon of a process at a moment, in MiB. */
export interface MemorySample {
  readonly atMs: number;
  readonly mib: number;
}

/** @returns undefined when the process is gone */
export function anonymousMib(pid: number): number | undefined {
  try {
    const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) / 1_024;
  } catch {
    return undefined;
  }
}

/** The middle one; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** The middle one of the samples from one share of a life to another, each in [0, 1]. */
export function medianMib(samples: readonly MemorySample[], from: number, to: number): number {
  const [first, last] = [samples[0]?.atMs ?? 0, samples.at(-1)?.atMs ?? 0];
  const lengthMs = last - first;
  const inside = samples.filter(({ atMs }) => atMs - first >= from * lengthMs && atMs - first <= to * lengthMs);
  return median(inside.map(({ mib }) => mib));
}
