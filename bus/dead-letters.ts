import { createHash } from 'node:crypto';
import type { Topic } from '../core/log.js';
import type { Logger } from '../core/logger.js';
import type { Environment } from './environment.js';
import type { BusInstruments } from './instruments.js';
import { type BlockMeta, moveGroupsOn, PARTITION, type Tables } from './tables.js';

/** More are not kept: the one that was found first goes. */
const MOST_LETTERS = 1_000;

/** Records that follow each other, whose bytes on disk are not those that were written. */
export interface DeadLetter {
  readonly topic: Topic;
  readonly partition: number;
  readonly firstOffset: number;
  /** One past the last. */
  readonly endOffset: number;
  /** Bus time of the records. */
  readonly acceptedAtMs: number;
  readonly foundAtMs: number;
  /** What fails its checksum: one record, or the header of a block, and then nothing in it can be found. */
  readonly reason: 'record' | 'block';
  readonly bytes: number;
  /** Of the bytes as they are; these stay where they are until retention removes their block. */
  readonly sha256: string;
}

/** What was found spoilt, kept in the file of the bus so that it is said once and can be asked for. */
export interface DeadLetters {
  /**
   * Inside a transaction: writes it down, and the offsets as a gap, so that groups move on behind it.
   * @returns false when it stands there already
   */
  put(letter: DeadLetter): boolean;
  /** The oldest find first. */
  list(): readonly DeadLetter[];
}

/** Opens the table; it is made when the file is new. */
export function openDeadLetters(environment: Environment, tables: Tables): DeadLetters {
  const table = environment.root.openDB<Buffer, (string | number)[]>('dead', { encoding: 'binary' });
  const list = (): readonly DeadLetter[] =>
    Array.from(table.getRange({}), ({ value }) => JSON.parse(value.toString()) as DeadLetter).sort(
      (a, b) => a.foundAtMs - b.foundAtMs,
    );
  return {
    list,
    put(letter) {
      const { topic, partition, firstOffset, endOffset } = letter;
      const key = [topic, partition, firstOffset];
      if (table.getBinary(key) !== undefined) return false;
      table.putSync(key, Buffer.from(JSON.stringify(letter)));
      for (const { topic: name, firstOffset: first } of list().slice(0, -MOST_LETTERS))
        table.removeSync([name, partition, first]);
      tables.putGap(topic, { firstOffset, endOffset });
      moveGroupsOn(topic, tables);
      return true;
    },
  };
}

export interface NoteDeps {
  readonly environment: Environment;
  readonly deadLetters: DeadLetters;
  readonly logger: Logger;
  readonly instruments: Pick<BusInstruments, 'corruptRecords'>;
}

/** Says each find once, whoever came to it first. What cannot be written down is said each time it is found. */
export async function noteSpoilt(letters: readonly DeadLetter[], deps: NoteDeps): Promise<void> {
  const { environment, deadLetters, logger, instruments } = deps;
  const isNew = (letter: DeadLetter): boolean => deadLetters.put(letter);
  const found = await environment.write({ apply: () => letters.filter(isNew) }).catch(() => letters);
  for (const letter of found) {
    instruments.corruptRecords.add(letter.endOffset - letter.firstOffset, { topic: letter.topic });
    logger.error(
      { ...letter },
      'records of the bus are not those that were written and are skipped; check the disk; assay doctor lists them',
    );
  }
}

/** What is noted of bytes that failed their checksum. */
export function deadLetter(
  meta: BlockMeta,
  found: Pick<DeadLetter, 'firstOffset' | 'endOffset' | 'reason' | 'foundAtMs'>,
  body: Uint8Array,
): DeadLetter {
  return {
    topic: meta.key[0] as Topic,
    partition: PARTITION,
    acceptedAtMs: meta.acceptedAtMs,
    ...found,
    bytes: body.length,
    sha256: createHash('sha256').update(body).digest('hex'),
  };
}
