import { join } from 'node:path';
import { busConfig, createLmdbLog, createLmdbState } from '../../bus/index.js';
import { systemClock } from '../../core/clock.js';
import type { Component } from '../../core/component.js';
import type { Log, StoredRecord } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics } from '../../core/metrics.js';
import type { State } from '../../core/state.js';

const POLL = { maxRecords: 10_000, maxBytes: 64 * 1024 * 1024, waitMs: 0 };

export const NEVER = new AbortController().signal;

/** Opens the bus of a data directory that nobody else has open. */
export function openBus(data: string): Log {
  const options = { directory: join(data, 'bus'), ...busConfig.parse({}) };
  return createLmdbLog(options, { clock: systemClock, logger: silentLogger, metrics: noMetrics });
}

/** State of a role beside it. */
export function openState(data: string): State & Component {
  return createLmdbState({ directory: join(data, 'state'), name: 'fuzz' });
}

/** All that was acknowledged, a batch at a time. */
export async function* readBus(log: Log): AsyncGenerator<readonly StoredRecord[], void, undefined> {
  for (const topic of ['spans', 'logs'] as const) {
    const reader = log.reader(topic, 'fuzz');
    for (;;) {
      const records = await reader.poll(POLL, NEVER);
      if (records.length === 0) break;
      yield records;
    }
    await reader.close();
  }
}
