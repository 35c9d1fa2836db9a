import { expect, it } from 'vitest';
import { PipelineError } from '../core/errors.js';
import { Ends } from './ends.js';
import { NextOffsets } from './next-offsets.js';

it('asks four times a second, each topic by itself, and takes a bus that is away for one that did not answer', async () => {
  const asked: string[] = [];
  let isAway = false;
  const ends = new Ends({
    async endOffsets(topic) {
      asked.push(topic);
      if (isAway) throw new PipelineError('BUS_UNAVAILABLE', 'the broker is away');
      return new Map([[0, 7]]);
    },
  });
  expect(await ends.whenDue('spans', 1_000)).toEqual(new Map([[0, 7]]));
  expect(await ends.whenDue('spans', 1_249)).toBeUndefined();
  expect(await ends.whenDue('logs', 1_249)).toEqual(new Map([[0, 7]]));
  isAway = true;
  expect(await ends.whenDue('spans', 1_250)).toBeUndefined();
  expect(asked).toEqual(['spans', 'logs', 'spans']);
});

it('has read a topic when each partition that comes was read to its end, from where it began', () => {
  const next = new NextOffsets();
  const ends = new Map([
    [0, 10],
    [1, 20],
    [2, 30],
  ]);
  next.begin('logs', 0, 10);
  next.begin('logs', 1, 4);
  expect(next.hasRead('logs', ends, [0])).toBe(true);
  expect(next.hasRead('logs', ends, [0, 1])).toBe(false);
  next.saw('logs', { partition: 1, offset: 18 });
  expect(next.hasRead('logs', ends, [0, 1])).toBe(false);
  next.saw('logs', { partition: 1, offset: 19 });
  expect(next.hasRead('logs', ends, [0, 1])).toBe(true);
  expect(next.hasRead('spans', ends, [0, 1])).toBe(false);
});
