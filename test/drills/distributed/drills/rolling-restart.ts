import { setTimeout as delay } from 'node:timers/promises';
import { inWorld } from '../conclude.js';
import type { Drill } from '../drill.js';
import { FLEET_ROLES } from '../fleet.js';
import { claim } from '../oracle.js';

const ROUNDS = { full: 3, short: 1 } as const;
const BETWEEN_MS = { full: 3_000, short: 500 } as const;
/** What a role may take to hand on what it holds, and a little for the process itself. */
const LONGEST_DRAIN_MS = 25_000;

/** SIGTERM to one process after the other, each awaited and started again, as a rolling update does. */
export const rollingRestart: Drill = {
  name: 'rolling',
  title: 'SIGTERM rolling restart of every role under load',
  run: (deps) =>
    inWorld(deps, {}, async ({ fleet, load }) => {
      const { form, say, spansPerSecond } = deps;
      const bad: string[] = [];
      const drains: number[] = [];
      load.start(spansPerSecond);
      await delay(2_000);
      for (let round = 0; round < ROUNDS[form]; round += 1) {
        for (const member of FLEET_ROLES.flatMap((role) => fleet.of(role))) {
          const { tookMs, endedWith } = await member.terminate();
          drains.push(tookMs);
          if (endedWith !== '0' || tookMs > LONGEST_DRAIN_MS)
            bad.push(`${member.name} ended with ${endedWith} after ${tookMs.toFixed(0)} ms`);
          await member.start();
          say(`restarted ${member.name} (round ${round + 1}), which took ${tookMs.toFixed(0)} ms to end`);
          await delay(BETWEEN_MS[form]);
        }
      }
      load.pause();
      return {
        did: `${ROUNDS[form]} rounds of SIGTERM to each of ${fleet.members.length} processes in turn, each started again once it had ended`,
        claims: [
          claim(
            `each ends with 0 within ${LONGEST_DRAIN_MS / 1_000} s of SIGTERM`,
            bad.length,
            [
              `${drains.length} ends, the longest ${(Math.max(...drains) / 1_000).toFixed(1)} s`,
              ...bad.slice(0, 3),
            ].join('; '),
          ),
        ],
      };
    }),
};
