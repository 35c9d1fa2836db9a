import { expect, it } from 'vitest';
import { PipelineError } from '../core/errors.js';
import type { StoredRecord } from '../core/log.js';
import { toGivenUp } from './given-up.js';

function recordAt(offset: number): StoredRecord {
  return { topic: 'spans', partition: 0, offset, key: 'k', value: new Uint8Array(1), headers: {}, acceptedAtMs: 0 };
}

it('gives a record up once, with what was wrong first and how much more was', () => {
  const [one, other] = [recordAt(0), recordAt(1)];
  const error = (index: number): PipelineError => new PipelineError('RECORD_MALFORMED', `span ${index} is broken`);
  const skipped = [0, 1, 2].map((index) => ({ record: one, error: error(index) }));
  const givenUp = toGivenUp([...skipped, { record: other, error: new TypeError('odd') }]);
  expect(givenUp.map(({ record, error: why }) => [record.offset, (why as Error).message])).toEqual([
    [0, 'span 0 is broken (and 2 more of its spans)'],
    [1, 'odd'],
  ]);
  expect(givenUp[0]).toMatchObject({ role: 'write', error: { code: 'RECORD_MALFORMED' } });
});
