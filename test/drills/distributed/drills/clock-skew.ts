import { setTimeout as delay } from 'node:timers/promises';
import { inWorld, settle } from '../conclude.js';
import type { Drill } from '../drill.js';
import { claim } from '../oracle.js';

const LOAD_MS = { full: 40_000, short: 6_000 } as const;
const HOUR_MS = 3_600_000;
/** Of a run: a third of the senders have the right time, a third is ahead, a third behind. */
const SKEWS_MS = [0, HOUR_MS, -HOUR_MS] as const;
/** Between the last span of a trace and its decision; with sampler.orphanQuietMs and a busy machine in it. */
const LONGEST_WAIT_S = 60;

const skewOf = (run: number): number => SKEWS_MS[run % SKEWS_MS.length]!;

/** Senders whose clocks are an hour ahead, or behind: what is decided, when, goes by the bus's clock alone. */
export const clockSkew: Drill = {
  name: 'clock-skew',
  title: 'clock skew of an hour',
  run: (deps) =>
    inWorld(deps, { shape: (run) => ({ startMs: Date.now() + skewOf(run) }) }, async (world) => {
      const { load, store } = world;
      const startedMs = Date.now();
      load.start(deps.spansPerSecond);
      await delay(LOAD_MS[deps.form]);
      await load.drain(60_000);
      await settle(world);
      const sinceS = Math.ceil((Date.now() - startedMs) / 1_000) + 5;
      const [times] = await store.rows<Record<'ahead' | 'behind' | 'right', number>>(
        `SELECT countIf(Timestamp > now() + 1800) AS ahead, countIf(Timestamp < now() - 1800) AS behind,
           count() - ahead - behind AS right FROM assay_spans`,
      );
      const [decided] = await store.rows<Record<'traces' | 'incomplete' | 'strange' | 'late', number>>(
        `SELECT count() AS traces, countIf(NOT complete) AS incomplete,
           countIf(first_seen_at < now() - ${sinceS} OR decided_at > now() + 5) AS strange,
           countIf(dateDiff('second', last_seen_at, decided_at) > ${LONGEST_WAIT_S}) AS late FROM assay_decisions_current`,
      );
      const { ahead = 0, behind = 0, right = 0 } = times ?? {};
      const { traces = 0, incomplete = 0, strange = 0, late = 0 } = decided ?? {};
      const isThird = (spans: number): boolean => Math.abs(spans / (ahead + behind + right) - 1 / 3) < 0.05;
      return {
        did: 'spans of a third of the traces an hour ahead of the clock, of a third an hour behind, among right ones',
        claims: [
          claim(
            'span times are stored as they came: a third an hour ahead, a third an hour behind',
            [ahead, behind, right].filter((spans) => !isThird(spans)).length,
            `${ahead} ahead, ${behind} behind, ${right} right`,
          ),
          claim(
            `traces are decided by bus time: whole, soon (${LONGEST_WAIT_S} s), and dated by when they came`,
            incomplete + strange + late + (traces === 0 ? 1 : 0),
            `${traces} traces, ${incomplete} incomplete, ${late} late, ${strange} dated otherwise`,
          ),
        ],
      };
    }),
};
