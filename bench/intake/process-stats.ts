import { readFileSync } from 'node:fs';

/** What a process used, all threads together. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rssAnonMib: number;
  readonly rssFileMib: number;
}

/** Linux counts CPU time in hundredths of a second, whatever the kernel's own clock (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

/** Of a process of this machine. @see proc(5) */
export function usageOf(pid: number): Usage {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in brackets, which may hold anything; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    rssAnonMib: mebibytes(status, 'RssAnon'),
    rssFileMib: mebibytes(status, 'RssFile'),
  };
}

function mebibytes(status: string, name: string): number {
  return Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? NaN) / 1024);
}

/** Watches a process, and tells the CPU time it used since and the most memory it had. */
export function watch(pid: number, everyMs = 100): () => Usage {
  const before = usageOf(pid).cpuSeconds;
  let peak = { rssAnonMib: 0, rssFileMib: 0 };
  const look = (): Usage => {
    const now = usageOf(pid);
    peak = {
      rssAnonMib: Math.max(peak.rssAnonMib, now.rssAnonMib),
      rssFileMib: Math.max(peak.rssFileMib, now.rssFileMib),
    };
    return now;
  };
  const timer = setInterval(look, everyMs);
  return () => {
    clearInterval(timer);
    const { cpuSeconds } = look();
    return { cpuSeconds: cpuSeconds - before, ...peak };
  };
}
