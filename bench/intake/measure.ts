import { makeBatch, SPANS_PER_BATCH, TRACES_PER_BATCH, type Form } from './payload.js';
import { watch, type Usage } from './process-stats.js';
import { createSender, sendAll } from './sender.js';
import type { Server } from './servers.js';

/** What one run came to. */
export interface Cost extends Usage {
  readonly spans: number;
  readonly seconds: number;
  readonly perCpuSecond: number;
  readonly perSecond: number;
  /** Of the process that works for the server; 0 where there is none. */
  readonly helperCpuSeconds: number;
}

/** Until when a run counts. */
export type Until = 'acknowledged' | 'queryable' | 'decided';

export interface Load {
  readonly form: Form;
  /** How many of the form's requests are sent, from which on: no two runs on one server send the same traces. */
  readonly from: number;
  readonly batches: number;
  readonly until: Until;
}

const CONNECTIONS = 8;
/** Looking costs the server a page of metrics. */
const LOOK_MS = 100;
const GIVE_UP_MS = 180_000;

const made = new Map<Form, Buffer[]>();

/** Requests of a form, made once for all runs. Before memory is seen to: they need much of it. */
export function bodiesOf({ form, from, batches }: Omit<Load, 'until'>): readonly Buffer[] {
  const bodies = made.get(form) ?? [];
  made.set(form, bodies);
  for (let number = bodies.length; number < from + batches; number += 1) bodies.push(makeBatch(number, form));
  return bodies.slice(from, from + batches);
}

/** Sends so many batches as fast as they are taken; the requests are made before the clock starts. */
export async function measure(server: Server, load: Load): Promise<Cost> {
  const bodies = bodiesOf(load);
  const spans = bodies.length * SPANS_PER_BATCH;
  const sender = createSender(server.target, load.form, CONNECTIONS);
  const [stored, decided] = [await server.queryable(), await server.decided()];
  const stop = watch(server.pid);
  const stopHelper = server.helper === undefined ? undefined : watch(server.helper);
  const startedMs = performance.now();
  try {
    await sendAll(bodies, sender.send, CONNECTIONS);
    if (load.until !== 'acknowledged') await reaches(server.queryable, stored + spans);
    if (load.until === 'decided') await reaches(server.decided, decided + bodies.length * TRACES_PER_BATCH);
  } finally {
    sender.close();
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const usage = stop();
  const helperCpuSeconds = stopHelper?.().cpuSeconds ?? 0;
  const rates = { perSecond: spans / seconds, perCpuSecond: spans / usage.cpuSeconds };
  return { ...usage, spans, seconds, ...rates, helperCpuSeconds };
}

async function reaches(count: () => Promise<number>, goal: number): Promise<void> {
  const deadline = Date.now() + GIVE_UP_MS;
  for (;;) {
    const got = await count();
    if (got >= goal) return;
    if (Date.now() > deadline) throw new Error(`expected ${goal} within ${GIVE_UP_MS} ms, got ${got}`);
    await new Promise((done) => setTimeout(done, LOOK_MS));
  }
}
