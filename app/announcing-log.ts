import type { Log } from '../core/log.js';

/** Tells the process of the first trace that this start accepted, so that a newcomer learns its `why` command. */
export function announcingLog(log: Log, host: { firstTrace(traceId: string): void }): Log {
  let told = false;
  return {
    start: (signal) => log.start(signal),
    stop: (signal) => log.stop(signal),
    async append(records) {
      await log.append(records);
      // A support flag is no trace.
      const first = records.find(({ topic }) => topic !== 'adversarial');
      if (told || first === undefined) return;
      told = true;
      host.firstTrace(first.key);
    },
    reader: (topic, group) => log.reader(topic, group),
    readers: (topics, group) => log.readers(topics, group),
    endOffsets: (topic) => log.endOffsets(topic),
    lag: (topic, group) => log.lag(topic, group),
    erase: (keys, erases) => log.erase(keys, erases),
  };
}
