import { expect, it, vi } from 'vitest';
import type { Topic } from '../core/log.js';
import { createDoorbell } from './doorbell.js';

it('is heard by the others of the same directory, once for a topic that goes on growing, and again after a pause', async () => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, sleep: () => Promise.resolve() };
  const heard: (readonly Topic[])[] = [];
  const elsewhere: (readonly Topic[])[] = [];
  const mine = createDoorbell('/data/bus', clock, (topics) => heard.push(['spend', ...topics]));
  const other = createDoorbell('/data/./bus', clock, (topics) => heard.push(topics));
  const stranger = createDoorbell('/data/other', clock, (topics) => elsewhere.push(topics));
  mine.ring(['spans']);
  nowMs = 499;
  mine.ring(['spans']);
  nowMs = 998;
  mine.ring(['spans', 'logs']);
  nowMs = 1_498;
  mine.ring(['spans']);
  await vi.waitUntil(() => heard.length === 3);
  expect(heard).toEqual([['spans'], ['logs'], ['spans']]);
  expect(elsewhere).toEqual([]);
  for (const bell of [mine, other, stranger]) bell.close();
});
