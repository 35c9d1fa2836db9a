import { PipelineError } from '../core/errors.js';
import type { LogRecord } from '../core/log.js';
import type { Tables } from './tables.js';

/** Between two looks at the size on disk, what this instance appends is added up. */
const LOOK_EVERY_BYTES = 4 * 2 ** 20;

/**
 * Refuses spans while the topics together are as large as they may become. What consumers write on is always taken: they
 * could not commit without it, and then nothing could ever be removed.
 */
export interface Capacity {
  /** @throws {PipelineError} BUS_UNAVAILABLE */
  require(records: readonly LogRecord[], tables: Tables): void;
}

export function createCapacity({ directory, capacityBytes }: { directory: string; capacityBytes: number }): Capacity {
  let sizeBytes = 0;
  let sinceLookBytes = Infinity;

  return {
    require(records, tables) {
      let bytes = 0;
      for (const { value } of records) bytes += value.length;
      if (sinceLookBytes + bytes > LOOK_EVERY_BYTES || sizeBytes + sinceLookBytes + bytes > capacityBytes) {
        tables.refresh();
        sizeBytes = tables.sizeBytes();
        sinceLookBytes = 0;
      }
      const admission = records.some(({ topic }) => topic === 'spans');
      if (admission && sizeBytes + sinceLookBytes + bytes > capacityBytes) {
        throw new PipelineError(
          'BUS_UNAVAILABLE',
          `expected the bus in ${directory} to stay below bus.capacityBytes = ${capacityBytes}, but it holds ${sizeBytes} bytes that are not committed or not removed yet; let the consumers catch up, or raise the setting`,
        );
      }
      sinceLookBytes += bytes;
    },
  };
}
