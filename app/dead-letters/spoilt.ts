import { recordId } from '../../core/dead-letter.js';
import type { Bus } from '../open-bus.js';
import type { DeadLetterRow } from './api.js';

/**
 * What the embedded bus found spoilt on disk, listed as records that were given up: the first of those that follow each other
 * stands for them. Their bytes cannot be told from noise.
 */
export function spoiltRows(log: Pick<Bus, 'state'>): readonly DeadLetterRow[] {
  return (log.state()?.deadLetters ?? []).map((found) => {
    const { topic, partition, firstOffset, endOffset, bytes, sha256 } = found;
    const count = endOffset - firstOffset;
    return {
      id: recordId({ topic, partition, offset: firstOffset }),
      ...{ topic, replaysTo: null, partition, offset: firstOffset, key: null, tenant: null },
      acceptedAt: new Date(found.acceptedAtMs).toISOString(),
      givenUpAt: new Date(found.foundAtMs).toISOString(),
      role: 'bus',
      code: 'SPOILT',
      reason: `${count === 1 ? 'its bytes' : `the bytes of ${count} records from here on`} on disk are not those that were written; check the disk`,
      ...{ bytes, sha256, hasBytes: false, replayedAt: null },
    };
  });
}
