import { backMemory } from './backed-memory.js';
import { bodiesOf, measure, type Cost, type Load, type Until } from './measure.js';
import type { Form } from './payload.js';
import type { Server } from './servers.js';
import type { Measured } from './table.js';

/** What is measured: who serves, what is sent, and until when it counts. */
export interface Subject {
  readonly name: string;
  readonly form: Form;
  readonly until: Until;
  readonly start: () => Promise<Server>;
}

export interface Rounds {
  readonly rounds: number;
  /** Requests in a run. */
  readonly batches: number;
}

/** Sent before the clock starts, to servers of all kinds: compilers and connections warm up. */
export const WARM_UP_BATCHES = 80;
/** How often, where what was sent before may come again. V8 goes on compiling for its first 500 requests. */
export const DURABLE_WARM_UPS = 8;

/** Interleaved: each subject once a round. Says on stderr how far it is. */
export async function runRounds(subjects: readonly Subject[], options: Rounds): Promise<readonly Measured[]> {
  const costs = new Map<Subject, Cost[]>(subjects.map((each) => [each, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const each of subjects) {
      const cost = await runOnce(each, options.batches);
      costs.get(each)!.push(cost);
      const rate = Math.round(cost.perCpuSecond).toLocaleString('en-US');
      process.stderr.write(`round ${round + 1} of ${options.rounds}  ${each.name}: ${rate} spans per CPU-s\n`);
    }
  }
  return subjects.map((each) => ({ name: each.name, costs: costs.get(each)! }));
}

async function runOnce({ form, until, start }: Subject, batches: number): Promise<Cost> {
  const server = await start();
  let giveBack = (): void => undefined;
  try {
    const warmUps = until === 'acknowledged' ? DURABLE_WARM_UPS : 1;
    for (let count = 0; count < warmUps; count += 1) {
      await measure(server, { form, until, from: 0, batches: WARM_UP_BATCHES });
    }
    const load: Load = { form, until, from: WARM_UP_BATCHES, batches };
    bodiesOf(load);
    giveBack = backMemory();
    return await measure(server, load);
  } finally {
    await server.stop();
    giveBack();
  }
}
