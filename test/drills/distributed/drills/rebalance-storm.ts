import { setTimeout as delay } from 'node:timers/promises';
import { createSeeded } from '../../../../demo/seeded.js';
import { inWorld } from '../conclude.js';
import type { Drill } from '../drill.js';
import type { Member } from '../fleet.js';
import { lags } from '../world.js';

const STORM_MS = { full: 150_000, short: 15_000 } as const;
const STEP_MS = 2_500;
const ROLES = ['sample', 'write'] as const;
/** Of each role, beside those that stay. */
const MOST_GUESTS = 2;

/** Members of the groups of samplers and writers come and go, half of them by SIGKILL, faster than a group settles. */
export const rebalanceStorm: Drill = {
  name: 'rebalance',
  title: 'rebalance storm',
  run: (deps) =>
    inWorld(deps, {}, async (world) => {
      const { fleet, load } = world;
      const { form, seed, say, spansPerSecond } = deps;
      const random = createSeeded(`${seed} storm`);
      load.start(spansPerSecond);
      await delay(2_000);
      const [endMs, moves] = [Date.now() + STORM_MS[form], { joined: 0, left: 0, killed: 0 }];
      for (let step = 0; Date.now() < endMs; step += 1) {
        const stepMs = Date.now();
        const role = ROLES[step % ROLES.length]!;
        const guests = guestsOf(fleet.of(role), deps.counts[role]);
        const here = guests.filter((member) => member.isRunning);
        const away = guests.filter((member) => !member.isRunning);
        const joins = here.length === 0 || (here.length < MOST_GUESTS && random.uniform('joins', step) < 0.5);
        if (joins) {
          // One that was here before comes back with what it knew then, another one knows nothing.
          await (away[0] ?? (await fleet.add(role))).start();
          moves.joined += 1;
        } else {
          const member = random.pick(here, 'leaves', step);
          const isKilled = random.uniform('how', step) < 0.5;
          await (isKilled ? member.kill() : member.terminate());
          moves[isKilled ? 'killed' : 'left'] += 1;
        }
        await delay(Math.max(0, STEP_MS - (Date.now() - stepMs)));
        if (step % 8 === 7) say(`${JSON.stringify(moves)}; lag ${JSON.stringify(await lags(world))}`);
      }
      load.pause();
      return {
        did: `for ${STORM_MS[form] / 1_000} s a sampler or a writer joins or leaves about every ${STEP_MS / 1_000} s: ${moves.joined} joined, ${moves.left} left by SIGTERM, ${moves.killed} by SIGKILL, beside ${deps.counts.sample} samplers and ${deps.counts.write} writers that stay`,
        claims: [],
      };
    }),
};

function guestsOf(members: readonly Member[], stay: number): readonly Member[] {
  return members.slice(stay);
}
