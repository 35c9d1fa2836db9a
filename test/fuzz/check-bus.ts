import type { StoredRecord } from '../../core/log.js';
import { NEVER, openBus, readBus } from './bus-content.js';
import { checkStore } from './check-store.js';
import { checkTrace, takeRecord, Unreadable, type AcknowledgedTrace } from './check-records.js';
import { numberOf } from './corpus.js';
import type { Failure } from './failure.js';
import { minimise } from './minimise.js';

/** What was acknowledged, read back. */
export interface BusCheck {
  readonly records: number;
  readonly failures: readonly Failure[];
}

/** Reads every record of a data directory that nobody has open, every trace by every dialect, and the store's rows of it. */
export async function checkBus(data: string, withStore: boolean): Promise<BusCheck> {
  const failures: Failure[] = [];
  const traces = new Map<string, AcknowledgedTrace>();
  const log = openBus(data);
  await log.start(NEVER);
  const records: StoredRecord[] = [];
  try {
    for await (const batch of readBus(log)) {
      for (const record of batch) {
        const own = copied(record);
        records.push(own);
        const known = traces.get(record.key) ?? { spans: [], logs: [] };
        traces.set(record.key, known);
        await attempt(
          () => {
            takeRecord(own, known);
          },
          record.key,
          failures,
        );
      }
    }
    for (const [key, trace] of traces)
      await attempt(
        () => {
          checkTrace(trace);
        },
        key,
        failures,
      );
    if (withStore)
      for (const { traceId, message } of await checkStore(data, { log, records, traces }))
        failures.push(failureOf(traceId, message));
  } finally {
    await log.stop(NEVER);
  }
  return { records: records.length, failures };
}

/** Its bytes share memory with the batch. */
function copied(record: StoredRecord): StoredRecord {
  return { ...record, value: Buffer.from(record.value) };
}

async function attempt(check: () => void, key: string, failures: Failure[]): Promise<void> {
  try {
    check();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const { record } = error;
    const smallest =
      record && (await minimise(Buffer.from(record.value), (value) => failsAlike({ ...record, value }, error)));
    failures.push({
      ...failureOf(key, `${error.message} (${stackOf(error)})`),
      ...(smallest === undefined ? {} : { smallest }),
    });
  }
}

function failsAlike(record: StoredRecord, like: Unreadable): boolean {
  try {
    takeRecord(record, { spans: [], logs: [] });
    return false;
  } catch (error) {
    return error instanceof Unreadable && error.message === like.message;
  }
}

function failureOf(key: string, message: string): Failure {
  const number = numberOf(key);
  return number === undefined ? { message: `${message} [trace ${key}]` } : { number, message };
}

function stackOf({ cause }: Error): string {
  const stack = cause instanceof Error ? (cause.stack ?? '') : '';
  return stack
    .split('\n')
    .slice(1, 4)
    .map((line) => line.trim())
    .join(' ');
}
