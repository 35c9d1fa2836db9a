import { readFileSync, statfsSync } from 'node:fs';
import type { AssayConfig } from '../config.js';
import { fail, mebibytes, ok, warn, type Check } from './check.js';

/** What the machine is asked. Files that do not exist are read as undefined. */
export interface Machine {
  readonly nowMs: number;
  /** The wall clock's time by a clock that cannot be set, counted from the start of this process. */
  readonly steadyMs: number;
  readFile(path: string): string | undefined;
  /** Undefined where there is no such file system. */
  freeBytes(path: string): number | undefined;
}

/** The one that this runs on. */
export function thisMachine(): Machine {
  return {
    nowMs: Date.now(),
    steadyMs: performance.timeOrigin + performance.now(),
    readFile(path) {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    freeBytes(path) {
      try {
        const { bavail, bsize } = statfsSync(path);
        return bavail * bsize;
      } catch {
        return undefined;
      }
    },
  };
}

/** Before it there was no Assay. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);
const STEP_MS = 500;
const AHEAD_MS = 5_000;

/** Whether the clock is one to go by. @param newestMs - bus time of the newest record; null when there is none */
export function checkClock({ nowMs, steadyMs }: Machine, newestMs: number | null): Check {
  const name = 'clock';
  const now = new Date(nowMs).toISOString();
  if (nowMs < EARLIEST_MS) return fail(name, `expected a time after 2025, got ${now}; set the clock`);
  if (Math.abs(nowMs - steadyMs) > STEP_MS) {
    const step = ((nowMs - steadyMs) / 1_000).toFixed(1);
    return warn(name, `${now}; it was set by ${step} s while doctor ran: let NTP slew it and not step it`);
  }
  if (newestMs !== null && newestMs - nowMs > AHEAD_MS) {
    const ahead = Math.round((newestMs - nowMs) / 1_000);
    return warn(
      name,
      `${now}, ${ahead} s before the newest record of the bus: the clock was set back, and windows stand still until it has caught up; check NTP`,
    );
  }
  return ok(name, now);
}

/** What the engine and the threads have open at rest. */
const OWN_FILES = 500;
/** The store writes a block there when so much is free, else beside its data. */
const BLOCK_ROOM_BYTES = 256 * 2 ** 20;
/** Code and heaps of the threads. */
const PROCESS_BYTES = 350 * 2 ** 20;

/** Open files, shared memory, and the memory that the control group allows, against the settings. */
export function checkLimits(config: AssayConfig, machine: Machine): readonly Check[] {
  return [openFiles(config, machine), sharedMemory(machine), memory(config, machine)];
}

function openFiles({ collector: { http, grpc } }: AssayConfig, machine: Machine): Check {
  const name = 'open files';
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(machine.readFile('/proc/self/limits') ?? '')?.[1];
  if (hard === undefined || hard === 'unlimited') return ok(name, 'no limit is known');
  const needed = http.maxConnections + (grpc.enabled ? grpc.maxConnections : 0) + OWN_FILES;
  if (Number(hard) >= needed) return ok(name, `at most ${hard}`);
  return warn(
    name,
    `at most ${hard}, but ${needed} may be needed; raise it (ulimit -n, LimitNOFILE), or lower collector.http.maxConnections`,
  );
}

function sharedMemory(machine: Machine): Check {
  const name = 'shared memory';
  const free = machine.freeBytes('/dev/shm');
  if (free === undefined) return ok(name, 'none: blocks of the store go over the data directory');
  if (free >= BLOCK_ROOM_BYTES) return ok(name, `${mebibytes(free)} free in /dev/shm`);
  return warn(
    name,
    `${mebibytes(free)} free in /dev/shm, so blocks of the store go over the disk, which costs more; give a container --shm-size=${BLOCK_ROOM_BYTES / 2 ** 20}m or more`,
  );
}

function memory({ store, collector }: AssayConfig, machine: Machine): Check {
  const name = 'memory';
  const limit = cgroupBytes(machine);
  if (limit === undefined) return ok(name, 'no limit of a container is set');
  const needed = store.maxMemoryBytes + collector.maxInFlightBytes + PROCESS_BYTES;
  if (limit >= needed) return ok(name, `the container may use ${mebibytes(limit)}`);
  return warn(
    name,
    `the container may use ${mebibytes(limit)}, but the settings allow ${mebibytes(needed)} in all; raise its limit, or lower store.maxMemoryBytes and collector.maxInFlightBytes`,
  );
}

/** Version 2, then version 1, which says a very large number where there is no limit. */
function cgroupBytes(machine: Machine): number | undefined {
  const path = /^0::(\S+)$/m.exec(machine.readFile('/proc/self/cgroup') ?? '')?.[1] ?? '/';
  const files = [
    `/sys/fs/cgroup${path === '/' ? '' : path}/memory.max`,
    '/sys/fs/cgroup/memory.max',
    '/sys/fs/cgroup/memory/memory.limit_in_bytes',
  ];
  const text = files.map((file) => machine.readFile(file)).find((content) => content !== undefined);
  const bytes = Number(text);
  return Number.isFinite(bytes) && bytes > 0 && bytes < 2 ** 60 ? bytes : undefined;
}
