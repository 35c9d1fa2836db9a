import type { LogRecord, Topic } from '../core/log.js';
import type { DiskSpace } from './disk-space.js';
import type { Tables } from './tables.js';

/** Between two looks at the size on disk, what this instance appends is added up. */
const LOOK_EVERY_BYTES = 4 * 2 ** 20;

/** What is admitted from outside. Its sender keeps what is refused. */
const ADMISSION_TOPICS: ReadonlySet<Topic> = new Set<Topic>(['spans', 'logs']);

/** Why nothing from outside is taken at the moment. */
export interface Refusal {
  readonly reason: 'capacity' | 'disk';
  /** One sentence. */
  readonly message: string;
}

/**
 * Refuses spans and logs while the topics together are as large as they may become, or the disk is nearly full. What
 * consumers write on is taken until nothing can be written: they could not commit without it, and then nothing could ever
 * be removed.
 */
export interface Capacity {
  /** @returns undefined when these records may be appended; counts on it that they will be */
  refuse(records: readonly LogRecord[], tables: Tables): Refusal | undefined;
  /** What so many bytes of spans would be refused for now, whether they come or not. */
  refusal(tables: Tables, bytes?: number): Refusal | undefined;
}

export interface CapacityOptions {
  readonly directory: string;
  readonly capacityBytes: number;
  readonly minFreeBytes: number;
}

export function createCapacity(options: CapacityOptions, disk: DiskSpace): Capacity {
  const { directory, capacityBytes, minFreeBytes } = options;
  let sizeBytes = 0;
  let sinceLookBytes = Infinity;

  function full(bytes: number, tables: Tables): Refusal | undefined {
    if (sinceLookBytes + bytes > LOOK_EVERY_BYTES || sizeBytes + sinceLookBytes + bytes > capacityBytes) {
      tables.refresh();
      sizeBytes = tables.sizeBytes();
      sinceLookBytes = 0;
    }
    if (sizeBytes + sinceLookBytes + bytes <= capacityBytes) return undefined;
    const message = `expected the bus in ${directory} to stay below bus.capacityBytes = ${capacityBytes}, but it holds ${sizeBytes} bytes that are not committed or not removed yet; let the consumers catch up, or raise the setting`;
    return { reason: 'capacity', message };
  }

  function diskNearlyFull(tables: Tables): Refusal | undefined {
    const freeBytes = disk.freeBytes();
    if (freeBytes >= minFreeBytes || hasRoomInFile(minFreeBytes, tables)) return undefined;
    const message = `expected at least bus.minFreeBytes = ${minFreeBytes} bytes free on the disk of ${directory}, got ${freeBytes}; make room, or lower the setting`;
    return { reason: 'disk', message };
  }

  return {
    refuse(records, tables) {
      let bytes = 0;
      for (const { value } of records) bytes += value.length;
      const isAdmission = records.some(({ topic }) => ADMISSION_TOPICS.has(topic));
      const refusal = full(bytes, tables) ?? diskNearlyFull(tables);
      if (isAdmission && refusal !== undefined) return refusal;
      sinceLookBytes += bytes;
      disk.willWrite(bytes);
      return undefined;
    },
    refusal: (tables, bytes = 0) => full(bytes, tables) ?? diskNearlyFull(tables),
  };
}

/** True when what is appended finds place in the file, so that the disk gets no fuller. */
function hasRoomInFile(leastBytes: number, tables: Tables): boolean {
  tables.refresh();
  return tables.reusableBytes() >= leastBytes;
}
