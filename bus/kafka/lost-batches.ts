import type { Clock } from '../../core/clock.js';
import { bury, type ElsewherePlace } from '../../core/dead-letter.js';
import type { Log, Topic } from '../../core/log.js';
import type { Logger } from '../../core/logger.js';
import type { Metrics } from '../../core/metrics.js';
import { corruptRecords } from '../instruments.js';
import type { UnreadableBatch } from './unreadable.js';

const TRY_AGAIN_MS = 1_000;

/** Where a batch lies, and who came upon it. */
export interface BatchPlace {
  readonly topic: Topic;
  readonly partition: number;
  readonly group: string;
}

/** Says of batches that cannot be read that they are passed by. */
export interface LostBatches {
  /** Resolves once that is durable, where it is this group's to say it; false when the signal aborted before. */
  note(place: BatchPlace, batch: UnreadableBatch, signal: AbortSignal): Promise<boolean>;
}

export interface LostBatchesOptions {
  /** Of several groups that read a topic, one makes the letter. */
  readonly keeps: (place: BatchPlace) => boolean;
  /** Where it lies when that is no topic of Assay's. */
  readonly placeOf?: (topic: Topic) => ElsewherePlace;
}

export interface LostBatchesDeps {
  readonly log: Pick<Log, 'append'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The groups that give up the records of a topic: the judge what it judges, the writer all the rest. */
export function keepsLetters({ topic, group }: BatchPlace): boolean {
  return topic === 'dead-letters' ? false : group === (topic === 'judgements' ? 'judge' : 'write');
}

export function createLostBatches(options: LostBatchesOptions, deps: LostBatchesDeps): LostBatches {
  const counter = corruptRecords(deps.metrics, options.placeOf === undefined ? 'bus' : 'bus_source');
  return {
    async note(place, batch, signal) {
      const { topic, partition, group } = place;
      const { firstOffset, endOffset, problem } = batch;
      deps.logger.error(
        { topic, partition, group, firstOffset, endOffset, problem },
        'a batch on Kafka cannot be read and is passed by; look whether Kafka’s own tools can read it, and at what wrote it',
      );
      counter.add(endOffset - firstOffset, { topic });
      if (!options.keeps(place)) return true;
      while (!isAborted(signal)) {
        try {
          await bury([letterOf(place, batch, options)], deps.log);
          return true;
        } catch (error) {
          deps.logger.error({ error }, 'the dead letter of a batch could not be written; it is tried again');
          await deps.clock.sleep(TRY_AGAIN_MS, signal);
        }
      }
      return false;
    },
  };
}

function letterOf(
  { topic, partition }: BatchPlace,
  { firstOffset, endOffset, acceptedAtMs, bytes, sha256, problem }: UnreadableBatch,
  { placeOf }: LostBatchesOptions,
): Parameters<typeof bury>[0][number] {
  const count = endOffset - firstOffset;
  const error = new Error(
    `the batch of ${count} records from offset ${firstOffset} to ${endOffset - 1} cannot be read: ${problem}`,
  );
  error.name = 'SPOILT';
  return {
    record: {
      ...{ topic, partition, offset: firstOffset, key: '', value: new Uint8Array(0), headers: {} },
      acceptedAtMs,
    },
    ...{ role: 'bus', error, lost: { bytes, sha256 } },
    ...(placeOf === undefined ? {} : { place: placeOf(topic) }),
  };
}

/** A call, because the compiler takes a signal that was not aborted for one that never is. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
