import { describe, expect, it } from 'vitest';
import type { Topic } from '../../core/log.js';
import { RecordQueue, type Append, type Entry } from './record-queue.js';

function append(): Append {
  return { left: 1, deadlineMs: 0, isSettled: false, resolve: () => undefined, reject: () => undefined };
}

function entry(text: string, partition = 0, changes: { topic?: Topic; bytes?: number; append?: Append } = {}): Entry {
  const { topic = 'spans', bytes = 100 } = changes;
  return { record: { topic, key: text, value: Buffer.alloc(bytes) }, partition, append: changes.append ?? append() };
}

function keys(entries: readonly Entry[]): readonly string[] {
  return entries.map(({ record }) => record.key);
}

describe('the queue of records', () => {
  it('gives of each partition at most a batch, in the order they came', () => {
    const queue = new RecordQueue(300);
    for (const key of ['a', 'b', 'c']) queue.push(entry(key));
    queue.push(entry('d', 1));
    expect(keys(queue.take())).toEqual(['a', 'b', 'd']);
    expect(keys(queue.take())).toEqual(['c']);
    expect(queue.take()).toEqual([]);
  });

  it('keeps the partitions of two topics apart', () => {
    const queue = new RecordQueue(150);
    queue.push(entry('a'));
    queue.push(entry('b', 0, { topic: 'logs' }));
    expect(keys(queue.take())).toEqual(['a', 'b']);
  });

  it('gives a record that is larger than a batch alone', () => {
    const queue = new RecordQueue(300);
    for (const bytes of [1_000, 10, 2_000]) queue.push(entry(String(bytes), 0, { bytes }));
    expect([queue.take(), queue.take(), queue.take()].map(keys)).toEqual([['1000'], ['10'], ['2000']]);
  });

  it('leaves out what nobody waits for any more', () => {
    const queue = new RecordQueue(1_000);
    const given = append();
    queue.push(entry('a', 0, { append: given }));
    queue.push(entry('b'));
    given.isSettled = true;
    expect(keys(queue.take())).toEqual(['b']);
  });
});

it('tells whose time is over, once each', () => {
  const queue = new RecordQueue(1_000);
  const given = { ...append(), deadlineMs: 10 };
  queue.push(entry('a', 0, { append: given }));
  queue.push(entry('b', 1, { append: given }));
  queue.push(entry('c', 1, { append: { ...append(), deadlineMs: 20 } }));
  expect([...queue.expired(15)]).toEqual([given]);
});
