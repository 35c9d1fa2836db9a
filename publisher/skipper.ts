import type { Clock } from '../core/clock.js';
import type { Component } from '../core/component.js';
import type { Log, LogReader } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import { PUBLISHER_GROUP } from './publisher.js';

const EVERY_MS = 60_000;

export interface SkipperDeps {
  readonly log: Log;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * In the publisher's place while nothing is published: keeps its offset near the end of the topic. The bus removes no record
 * that a group has not committed, so an endpoint that was taken out of the settings would keep verdicts for good.
 */
export function createSkipper({ log, clock, logger }: SkipperDeps): Component {
  const stopping = new AbortController();
  let reader: LogReader | undefined;
  let running: Promise<void> | undefined;
  const run = async (place: LogReader): Promise<void> => {
    while (!stopping.signal.aborted) {
      await skip(log, place).catch((error: unknown) => {
        logger.warn({ error }, 'could not skip verdicts that are not published, will try again');
      });
      await clock.sleep(EVERY_MS, stopping.signal);
    }
  };
  return {
    async start() {
      reader = log.reader('verdicts', PUBLISHER_GROUP);
      running = run(reader);
    },
    async stop() {
      stopping.abort();
      await running;
      await reader?.close();
      reader = undefined;
    },
  };
}

async function skip(log: Log, reader: LogReader): Promise<void> {
  const committed = await reader.committed();
  for (const [partition, end] of await log.endOffsets('verdicts')) {
    if (end > (committed.get(partition) ?? 0)) await reader.commit(partition, end);
  }
}
