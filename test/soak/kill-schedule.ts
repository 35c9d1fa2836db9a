import { FAULT_POINTS, type FaultPoint } from '../../core/fault-points.js';
import { createSeeded } from '../../demo/seeded.js';

/** Where the process dies, and at which pass: `<point>:<passes>`, as ASSAY_FAULT has it. */
export type Fault = `${FaultPoint}:${number}`;

/** What each stands for: between reply and verdict, between insert and commit, inside a flush. */
export const NAMED = ['judge-after-reply', 'writer-after-insert', 'bus-append-before-flush'] as const;
/** Never passed here: a soak raises no alarm. */
const ABSENT: readonly string[] = ['notifier-before-send', 'notifier-after-send'];
/** All that a soak passes. */
export const PASSED = FAULT_POINTS.filter((point) => !ABSENT.includes(point));
const OTHERS = PASSED.filter((point) => !(NAMED as readonly string[]).includes(point));
/** Of fifty kills at least ten of each. */
const NAMED_SHARE = 0.6;
const MOST_PASSES = 5;

/** A shuffled plan: three fifths at the named points in turn, the rest over the others. The same seed gives the same plan. */
export function killSchedule(kills: number, seed: string): readonly Fault[] {
  const random = createSeeded(seed);
  const named = Math.min(kills, Math.max(NAMED.length, Math.ceil(kills * NAMED_SHARE)));
  const points = Array.from({ length: kills }, (_, index) =>
    index < named ? NAMED[index % NAMED.length]! : OTHERS[(index - named) % OTHERS.length]!,
  );
  const order = points.map((_, index) => index).sort((a, b) => random.uniform('order', a) - random.uniform('order', b));
  return order.map((index): Fault => `${points[index]!}:${1 + random.integer(MOST_PASSES, 'passes', index)}`);
}

/** How many of each point. */
export function countByPoint(faults: readonly Fault[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const fault of faults) {
    const [point = ''] = fault.split(':');
    counts.set(point, (counts.get(point) ?? 0) + 1);
  }
  return counts;
}
