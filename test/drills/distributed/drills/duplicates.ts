import { setTimeout as delay } from 'node:timers/promises';
import { SPANS_PER_RUN } from '../../../../bench/agent-run.js';
import { inWorld, settle } from '../conclude.js';
import type { Drill } from '../drill.js';
import { claim } from '../oracle.js';
import { keysOf, spansOfRun } from '../runs.js';

const BATCHES = { full: 20, short: 3 } as const;
const RUNS = 10;
const TIMES = 5;
/** As judges.votes has it by default: the most calls for one question. */
const VOTES = 3;
/** By then the first copies were decided. */
const LATER_MS = 8_000;

/** A batch five times to each of two receivers at once, and all of that again when it was decided. */
export const duplicates: Drill = {
  name: 'duplicates',
  title: 'duplicate delivery of one batch, five times and through two receivers',
  run: (deps) =>
    inWorld(deps, {}, async (world) => {
      const { fleet, load, store, judge } = world;
      const receivers = fleet.of('receive').map((_, at) => at);
      load.start(deps.spansPerSecond);
      await delay(1_000);
      const batches = Array.from({ length: BATCHES[deps.form] }, () =>
        load.takeRuns(RUNS).map((number) => spansOfRun({ number })),
      );
      const copies = receivers.flatMap((receiver) => Array.from({ length: TIMES }, () => receiver));
      const sendAll = async (): Promise<void> => {
        for (const batch of batches) await Promise.all(copies.map((receiver) => load.send(batch, receiver)));
      };
      await sendAll();
      await delay(LATER_MS);
      await sendAll();
      await load.drain(60_000);
      await settle(world);
      const keys = batches.flatMap(keysOf);
      const ids = new Set(keys.map((key) => key.slice(0, key.indexOf('/'))));
      const decisions = await store.rows<{ traceId: string; version: number; spans: number }>(
        'SELECT trace_id AS traceId, version, span_count AS spans FROM assay_decisions_unique',
      );
      const ours = decisions.filter(({ traceId }) => ids.has(traceId));
      const often = [...judge.requests].filter(([, times]) => times > VOTES);
      const [raw] = await store.rows<{ rows: number }>(
        `SELECT count() AS rows FROM otel_traces WHERE TraceId IN (${[...ids].map((id) => `'${id}'`).join(', ')})`,
      );
      return {
        did: `${batches.length} batches of ${RUNS} traces, each sent ${TIMES} times to each of ${receivers.length} receivers at once, and all of it again ${LATER_MS / 1_000} s later: ${2 * copies.length} acknowledged copies of each, among the load`,
        claims: [
          claim(
            'each of these traces was decided once, with all its spans',
            Math.abs(ours.length - ids.size) + ours.filter(({ spans }) => spans !== SPANS_PER_RUN).length,
            `${ids.size} traces, ${ours.length} decisions; otel_traces has ${raw?.rows ?? 0} rows of their ${keys.length} spans`,
          ),
          claim(
            `nothing was bought twice: no question was asked of the model more than ${VOTES} times, the votes of one verdict`,
            often.length,
            `${judge.requests.size} questions`,
          ),
        ],
      };
    }),
};
