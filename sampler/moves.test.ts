import { describe, expect, it } from 'vitest';
import { spanRecord, type TestSpan } from './records.test-support.js';
import { World } from './world.test-support.js';

const ROOT: TestSpan = { id: 1, parent: 0 };
const CHILD: TestSpan = { id: 2, parent: 1 };
const LATE: TestSpan = { id: 3, parent: 1 };

/** A sampler on another machine, with a state of its own, decides on what lies on the bus. */
async function decidedElsewhere(world: World): Promise<void> {
  const [own, turns] = [new Map(world.entries), world.turns];
  world.entries.clear();
  world.turns = new Map([[0, 99]]);
  const other = await world.life();
  await world.pass(5_000);
  await other.stop();
  world.entries.clear();
  for (const [key, value] of own) world.entries.set(key, value);
  world.turns = turns;
}

describe('a partition that moves between samplers', () => {
  it('has its open traces put together anew by whom it comes to, from what is committed', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([CHILD])]);
    await world.pass(500);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(1);
    world.turns = new Map();
    await world.append([spanRecord([ROOT])]);
    await world.pass(5_000);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(0);
    expect([world.decisions, world.committed]).toEqual([[], 0]);
    world.turns = new Map([[0, 2]]);
    await world.pass(5_000);
    expect(world.decisions).toMatchObject([{ version: 1, spanCount: 2, complete: true }]);
    expect(world.committed).toBe(2);
    await life.stop();
  });

  it('is not decided twice: what others decided is learnt before a span of it is read', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT])]);
    await world.pass(500);
    await life.stop();
    await world.append([spanRecord([CHILD])]);
    await decidedElsewhere(world);
    expect(world.decisions).toMatchObject([{ version: 1, spanCount: 2 }]);
    // All of it comes again, as where the other was killed before it committed.
    world.offsets.clear();
    const again = await world.life();
    await world.pass(5_000);
    expect(world.decisions).toHaveLength(1);
    world.archiveAll();
    await world.append([spanRecord([LATE])]);
    await world.pass(5_000);
    expect(world.decisions).toMatchObject([{ version: 1 }, { version: 2, spanCount: 3 }]);
    await again.stop();
  });

  it('is read anew, too, when it went and came again between two looks', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(500);
    world.turns = new Map([[0, 2]]);
    await world.pass(5_000);
    expect(world.decisions).toMatchObject([{ version: 1, spanCount: 2 }]);
    await life.stop();
  });
});
