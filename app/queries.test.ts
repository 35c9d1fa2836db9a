import { expect, it } from 'vitest';
import type { Decision } from '../core/decision.js';
import type { Span } from '../core/span.js';
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

it('a report whose coverage says that nothing is open counts everything, whatever is written meanwhile', async () => {
  for (let step = 0; step <= 8; step += 1) {
    let reads = 0;
    const isWritten = (): boolean => (reads += 1) > step;
    const cell = { stratum: 'suspected', pi: 1, upstreamWeight: 1, traces: 1, failed: 0, unanswered: 0 };
    const deps = {
      reader: {
        releaseCells: async () => [
          { service: 'agent', release: '1', criterion: '', cells: [{ ...cell, passed: isWritten() ? 1 : 0 }] },
        ],
        labelledCells: async () => [],
        sessionEffects: async () => [],
        unflagged: async () => [],
        coverage: async () => ({ received: 1, open: 0, pending: isWritten() ? 0 : 1 }),
        incomplete: async () => [],
        cacheAudits: async () => [],
        spend: async () => ({ calls: 0, usd: 0 }),
      },
      config: { judges: { votes: 3 } },
    } as unknown as QueryDeps;
    const { coverage, releases } = await createQueries(deps).report();
    if (coverage.pending === 0) expect(releases[0]?.judged).toBe(1);
  }
});

it('an outcome is never told without the decision that it rests on, whenever that is written', async () => {
  const traceId = 'a'.repeat(32);
  const span = {
    ...{ traceId, spanId: 'b'.repeat(16), parentSpanId: '', name: 'run', startNs: 0n, endNs: 1n },
    ...{ attributes: new Map(), resource: new Map(), events: [], links: [], scopeName: '', statusCode: 0 },
  } as unknown as Span;
  const decision = { version: 1, outcome: 'sampled_out', firstSeenMs: 0, decidedAtMs: 1 } as unknown as Decision;
  for (let step = 0; step <= 10; step += 1) {
    let reads = 0;
    const isWritten = (): boolean => (reads += 1) > step;
    const deps = {
      reader: {
        resolveTrace: async () => ({ tenant: 'acme', traceId }),
        outcomeOf: async () => (isWritten() ? 'sampled_out' : 'open'),
        decisionOf: async () => (isWritten() ? decision : undefined),
        spansOf: async () => [span],
        logsOf: async () => [],
        verdictsOf: async () => [],
        feedbackFor: async () => ({ spans: [], logs: [] }),
      },
      config: { judges: { votes: 3 } },
    } as unknown as QueryDeps;
    const why = await createQueries(deps).why(traceId);
    if (why.outcome !== 'open') expect(why.decision?.outcome).toBe('sampled_out');
  }
});
