import { setTimeout as delay } from 'node:timers/promises';
import { inWorld } from '../conclude.js';
import type { Drill } from '../drill.js';
import { claim } from '../oracle.js';

/** Few enough that the writers, who wait longer after each failure, are through with them before the next round. */
const FAULTS = { dropped: 9, refused: 4, slow: 1 } as const;
const ROUNDS = { full: 5, short: 1 } as const;
const ROUND_MS = { full: 20_000, short: 8_000 } as const;
const SLOW_MS = 3_000;

/** Inserts happen, and nobody hears of it: they are sent again, and nothing is in the store twice for it. */
export const answersLost: Drill = {
  name: 'answers-lost',
  title: 'ClickHouse answers lost after commit',
  async run(deps) {
    const { dropped, refused, slow } = FAULTS;
    const rounds = ROUNDS[deps.form];
    const result = await inWorld(deps, {}, async ({ load, store }) => {
      let left = 0;
      load.start(deps.spansPerSecond);
      for (let round = 1; round <= rounds; round += 1) {
        await delay(3_000);
        const faults = [`drop-answer=${dropped}`, `too-many-parts=${refused}`, `slow-answer=${slow}`];
        await store.stop();
        await store.start(...faults.flatMap((fault) => ['--fault', fault]), '--slow-ms', String(SLOW_MS));
        await delay(ROUND_MS[deps.form]);
        left += await faultsLeft(store);
        deps.say(`round ${round} of ${rounds}, ${left} faults left over`);
      }
      load.pause();
      const each = dropped + refused + slow;
      return {
        did: `${rounds === 1 ? 'once' : `${rounds} times`} the answers of ${dropped} inserts lost after the commit, ${refused} inserts refused with TOO_MANY_PARTS, ${slow} answered ${SLOW_MS / 1_000} s late, under load`,
        claims: [claim('every fault happened', left, `${rounds} × ${each} faults`)],
      };
    });
    const text = 'an insert that was sent again is not written again: otel_traces has one row a span';
    return { ...result, claims: [...result.claims, claim(text, result.rawDuplicates, `${result.spans.stored} spans`)] };
  },
};

/** An insert of the drill's own has a fault happen to it while any is left. */
async function faultsLeft(store: { ask(sql: string): Promise<string> }): Promise<number> {
  await store.ask('CREATE TABLE IF NOT EXISTS drill_probe (n UInt32) ENGINE = MergeTree ORDER BY n');
  const tries = Array.from({ length: 3 }, (_, at) => at);
  let failed = 0;
  for (const n of tries) {
    const done = await store.ask(`INSERT INTO drill_probe FORMAT TSV\n${n}\n`).then(
      () => true,
      () => false,
    );
    if (!done) failed += 1;
  }
  return failed;
}
