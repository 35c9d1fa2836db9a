import { expect, it } from 'vitest';
import type { Cell } from '../../core/cell.js';
import { addCells, newSince, tracesIn } from './cells.js';

function cell(counts: Partial<Cell>): Cell {
  return {
    ...{ stratum: 'unsuspected', pi: 0.1, upstreamWeight: 1 },
    ...{ traces: 0, passed: 0, failed: 0, unanswered: 0 },
    ...counts,
  };
}

it('tells each count once, however often it is looked at', () => {
  const first = newSince([], [cell({ traces: 10, passed: 2, failed: 1 })]);
  expect(first.news).toEqual([cell({ traces: 10, passed: 2, failed: 1 })]);
  expect(newSince(first.seen, [cell({ traces: 10, passed: 2, failed: 1 })]).news).toEqual([]);
  const second = newSince(first.seen, [cell({ traces: 13, passed: 2, failed: 2 })]);
  expect(second.news).toEqual([cell({ traces: 3, passed: 0, failed: 1 })]);
});

it('waits out a count that fell, where a trace was decided anew', () => {
  const { seen } = newSince([], [cell({ traces: 10, passed: 3 })]);
  const fell = newSince(seen, [cell({ traces: 9, passed: 2 })]);
  expect(fell.news).toEqual([]);
  expect(newSince(fell.seen, [cell({ traces: 10, passed: 3 })]).news).toEqual([]);
  expect(newSince(fell.seen, [cell({ traces: 11, passed: 4 })]).news).toEqual([cell({ traces: 1, passed: 1 })]);
});

it('holds that who was answered is there, where another left at the same time', () => {
  const { seen } = newSince([], [cell({ traces: 10, passed: 3 })]);
  expect(newSince(seen, [cell({ traces: 10, passed: 2, failed: 1 })]).news).toEqual([cell({ traces: 1, failed: 1 })]);
});

it('keeps other probabilities, weights and strata apart, and adds the same', () => {
  const cells = [
    cell({ traces: 1 }),
    cell({ traces: 2 }),
    cell({ traces: 3, pi: 0.2 }),
    cell({ traces: 4, upstreamWeight: 2 }),
  ];
  const added = addCells(cells, [cell({ traces: 5, stratum: 'suspected' })]);
  expect(added.map(({ traces }) => traces)).toEqual([3, 3, 4, 5]);
  expect(tracesIn(added)).toBe(15);
});
