import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busConfig, createLmdbLog } from '../../bus/index.js';
import { collectorConfig, createCollector, type Collector } from '../../collector/index.js';
import { systemClock } from '../../core/clock.js';
import type { Log, LogReader, StoredRecord } from '../../core/log.js';
import { silentLogger } from '../../core/logger.js';
import { noMetrics, type Metrics } from '../../core/metrics.js';

export const never = new AbortController().signal;

/** A real receiver on a real bus on disk. */
export interface World {
  /** With the default settings. */
  readonly collector: Collector;
  /** The most bytes that were in flight at once, since it was last asked. */
  peakInFlightBytes(): number;
  /** Another receiver on the same bus. */
  start(settings: object, append?: Log['append']): Promise<Collector>;
  /** What landed on the bus since it was last asked. */
  landed(): Promise<readonly StoredRecord[]>;
  stop(): Promise<void>;
}

const POLL = { maxRecords: 10_000, maxBytes: 1024 * 1024 * 1024, waitMs: 0 };

export async function createWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), 'assay-answers-'));
  let peak = 0;
  const metrics: Metrics = {
    ...noMetrics,
    gauge: (name) => ({
      set: (value) => {
        if (name === 'assay_collector_in_flight_bytes') peak = Math.max(peak, value);
      },
    }),
  };
  const log = createLmdbLog(
    { directory: join(directory, 'bus'), ...busConfig.parse({}) },
    { clock: systemClock, logger: silentLogger, metrics: noMetrics },
  );
  await log.start(never);
  const readers: readonly LogReader[] = [log.reader('spans', 'test'), log.reader('logs', 'test')];
  const collectors: Collector[] = [];
  const start: World['start'] = async (settings, append = (records) => log.append(records)) => {
    const { http = {}, grpc = {}, ...rest } = settings as Readonly<Record<string, object>>;
    const config = collectorConfig.parse({ ...rest, http: { port: 0, ...http }, grpc: { port: 0, ...grpc } });
    const collector = createCollector(config, { log: { append }, metrics, logger: silentLogger, clock: systemClock });
    await collector.start(never);
    collectors.push(collector);
    return collector;
  };
  return {
    collector: await start({}),
    start,
    peakInFlightBytes() {
      const was = peak;
      peak = 0;
      return was;
    },
    async landed() {
      const records: StoredRecord[] = [];
      for (const reader of readers) {
        for (let more = await reader.poll(POLL, never); more.length > 0; more = await reader.poll(POLL, never))
          records.push(...more);
      }
      return records;
    },
    async stop() {
      await Promise.all(collectors.map((collector) => collector.stop(AbortSignal.abort())));
      for (const reader of readers) await reader.close();
      await log.stop(never);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
