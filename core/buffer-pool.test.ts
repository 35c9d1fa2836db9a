import { expect, test } from 'vitest';
import { createBufferPool } from './buffer-pool.js';

const KIB = 1024;

test('a buffer that was given back is taken again, by whoever needs no more than it has', () => {
  const pool = createBufferPool(1024 * KIB);
  const buffer = pool.take(100 * KIB);
  expect(buffer.length).toBe(128 * KIB);
  pool.give(buffer);
  expect(pool.take(65 * KIB) === buffer).toBe(true);
  expect(pool.take(65 * KIB) === buffer).toBe(false);
});

test('no more than the bound is kept', () => {
  const pool = createBufferPool(128 * KIB);
  const [first, second] = [pool.take(128 * KIB), pool.take(128 * KIB)];
  pool.give(first);
  pool.give(second);
  expect(pool.take(128 * KIB) === first).toBe(true);
  expect(pool.take(128 * KIB) === second).toBe(false);
});

test('what is larger than most requests is made to size, and not kept', () => {
  const pool = createBufferPool(1024 * 1024 * KIB);
  const large = pool.take(5_000_001);
  expect(large.length).toBe(5_000_001);
  pool.give(large);
  expect(pool.take(5_000_001) === large).toBe(false);
});

test('nothing at all is asked for too', () => {
  expect(createBufferPool(0).take(0).length).toBe(64 * KIB);
});
