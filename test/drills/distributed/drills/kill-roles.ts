import { setTimeout as delay } from 'node:timers/promises';
import { createSeeded } from '../../../../demo/seeded.js';
import { inWorld } from '../conclude.js';
import type { Drill } from '../drill.js';
import { FLEET_ROLES } from '../fleet.js';

const TIMES = { full: 6, short: 1 } as const;
/** Between two kills, so that some come while the last one is still being taken up. */
const BETWEEN_MS = { full: [1_000, 7_000], short: [500, 2_000] } as const;
const LONGEST_DOWN_MS = 1_500;

/** kill -9 of a process of each role in turn, at random moments under load; it is started again on the same data directory. */
export const killRoles: Drill = {
  name: 'kill',
  title: 'kill -9 of each role under load',
  run: (deps) =>
    inWorld(deps, {}, async ({ fleet, load }) => {
      const { form, seed, say, spansPerSecond } = deps;
      const random = createSeeded(`${seed} kills`);
      const times = TIMES[form];
      const [leastMs, mostMs] = BETWEEN_MS[form];
      load.start(spansPerSecond);
      await delay(mostMs);
      for (let time = 0; time < times; time += 1) {
        for (const role of FLEET_ROLES) {
          await delay(leastMs + random.uniform('wait', time, role) * (mostMs - leastMs));
          const member = random.pick(fleet.of(role), 'member', time, role);
          await member.kill();
          await delay(random.uniform('down', time, role) * LONGEST_DOWN_MS);
          await member.start();
          say(`killed ${member.name} (${time + 1} of ${times}); ${load.acknowledgedSpans} spans acknowledged`);
        }
      }
      await delay(mostMs);
      load.pause();
      return {
        did: `${times * FLEET_ROLES.length} kills by SIGKILL, ${times} of each of ${FLEET_ROLES.join(', ')}, ${leastMs / 1_000} to ${mostMs / 1_000} s apart, each started again within ${LONGEST_DOWN_MS / 1_000} s on the same data directory`,
        claims: [],
      };
    }),
};
