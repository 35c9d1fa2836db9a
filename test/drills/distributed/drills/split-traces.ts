import { setTimeout as delay } from 'node:timers/promises';
import { SPANS_PER_RUN } from '../../../../bench/agent-run.js';
import { createSeeded } from '../../../../demo/seeded.js';
import { inWorld, settle } from '../conclude.js';
import type { Drill } from '../drill.js';
import { claim } from '../oracle.js';
import { keysOf, spansOfRun } from '../runs.js';

const TRACES = { full: 400, short: 60 } as const;
const STARTED_EVERY_MS = 50;
/** Between two spans of a trace; less than sampler.quietMs. */
const LONGEST_GAP_MS = 700;

/** Each span of a trace in a request of its own, in any order, to one receiver and the other. */
export const splitTraces: Drill = {
  name: 'split',
  title: 'a trace split over batches and receivers',
  run: (deps) =>
    inWorld(deps, {}, async (world) => {
      const { fleet, load, store } = world;
      const random = createSeeded(`${deps.seed} split`);
      const receivers = fleet.of('receive').length;
      load.start(deps.spansPerSecond);
      await delay(1_000);
      const runs = load.takeRuns(TRACES[deps.form]).map((number) => ({ number, run: spansOfRun({ number }) }));
      const all: Promise<void>[] = [];
      for (const { number, run } of runs) {
        const order = run.spans
          .map((_, at) => at)
          .sort((a, b) => random.uniform(number, a) - random.uniform(number, b));
        all.push(
          (async () => {
            for (const [turn, at] of order.entries()) {
              await load.send([{ ...run, spans: [run.spans[at]!] }], (number + turn) % receivers);
              await delay(random.uniform('gap', number, turn) * LONGEST_GAP_MS);
            }
          })(),
        );
        await delay(STARTED_EVERY_MS);
      }
      await Promise.all(all);
      await load.drain(60_000);
      await settle(world);
      const ids = new Set(keysOf(runs.map(({ run }) => run)).map((key) => key.slice(0, key.indexOf('/'))));
      const decisions = await store.rows<{ traceId: string; version: number; spans: number; complete: boolean }>(
        'SELECT trace_id AS traceId, version, span_count AS spans, complete FROM assay_decisions_current',
      );
      const ours = decisions.filter(({ traceId }) => ids.has(traceId));
      const whole = ours.filter(({ spans, complete }) => spans === SPANS_PER_RUN && complete);
      return {
        did: `${ids.size} traces whose ${SPANS_PER_RUN} spans came in as many requests, in random order, up to ${LONGEST_GAP_MS} ms apart and to ${receivers} receivers in turn, among the load`,
        claims: [
          claim(
            'each of these traces was decided as one, whole, with all its spans',
            ids.size - whole.length,
            `${ids.size} traces, ${whole.length} whole, ${ours.filter(({ version }) => version > 1).length} in more than one version`,
          ),
        ],
      };
    }),
};
