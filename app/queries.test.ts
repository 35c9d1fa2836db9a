import { expect, it } from 'vitest';
import { createQueries } from './queries.js';
import type { QueryDeps } from './query-deps.js';

it('prompts are read a page at a time, however many are asked for', async () => {
  const asked: number[] = [];
  const deps = {
    reader: {
      traceIdsAfter: async (_after: string, limit: number) => {
        asked.push(limit);
        return [];
      },
      spansOfMany: async () => new Map(),
      logsOfMany: async () => new Map(),
      decisionsOfMany: async () => new Map(),
    },
    config: { judges: { votes: 3, rubricsDirectory: '' } },
  } as unknown as QueryDeps;
  const queries = createQueries(deps);
  await queries.prompts('', 100_000);
  await queries.prompts('', 10);
  expect(asked).toEqual([50, 10]);
});
