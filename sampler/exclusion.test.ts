import { describe, expect, it } from 'vitest';
import type { Span } from '../core/span.js';
import { spanRecord, type TestSpan } from './records.test-support.js';
import { World } from './world.test-support.js';

const ROOT: TestSpan = {
  id: 1,
  parent: 0,
  name: 'nightly',
  resource: { 'service.name': 'cron', 'service.version': '2.1', 'deployment.environment.name': 'prod' },
};
const PROBE: TestSpan = { ...ROOT, name: 'GET /healthz', kind: 2 };

async function decided(spans: readonly TestSpan[], options: object, world = new World()): Promise<World> {
  const life = await world.life(options);
  await world.append([spanRecord(spans)]);
  await world.pass(5_000);
  await life.stop();
  return world;
}

describe('an excluded trace', () => {
  it('is decided, and neither read, checked nor judged', async () => {
    const world = new World();
    let read = 0;
    world.readTrajectory = () => {
      read += 1;
      return { error: 'boom' };
    };
    await decided([ROOT], { exclude: { services: ['cron'] }, pi: { unsuspected: 1 } }, world);
    expect(read).toBe(0);
    expect(world.decisions).toMatchObject([
      {
        outcome: 'excluded',
        reason: 'excluded: the service "cron" is named in sampler.exclude.services',
        service: 'cron',
        release: '2.1',
        environment: 'prod',
        stratum: 'unsuspected',
        pi: 1,
        findings: [],
        criteria: [],
        audit: false,
        complete: true,
        spanCount: 1,
        durationMs: 1,
        rootSpanId: '0000000000000001',
      },
    ]);
    expect(world.judgements).toEqual([]);
    expect(world.committed).toBe(1);
  });

  it("is one with any of Assay's own spans, and no judge is given it", async () => {
    const own = { resource: { 'assay.internal': 'true' } };
    const world = await decided([{ ...ROOT, ...own }], { pi: { unsuspected: 1 } });
    expect(world.decisions).toMatchObject([
      { outcome: 'excluded', reason: "excluded: Assay's own spans are never judged" },
    ]);
    expect(world.judgements).toEqual([]);
  });

  it('is a health check in which nothing was done, but not one that turned out to run an agent', async () => {
    const world = new World();
    world.readTrajectory = () => ({ steps: [] });
    await decided([PROBE], {}, world);
    expect(world.decisions[0]?.reason).toContain('is a health check');
    const agent = new World();
    agent.readTrajectory = (spans: readonly Span[]) => ({
      steps: [{ kind: 'model', name: 'm', spanId: '', parentSpanId: '', durationMs: 1, startNs: spans[0]!.startNs }],
    });
    await decided([PROBE], {}, agent);
    expect(agent.decisions[0]?.outcome).not.toBe('excluded');
  });

  it('is one that only evaluates another run', async () => {
    const world = new World();
    world.readTrajectory = () => ({ steps: [], hasContent: false, onlyEvaluations: true });
    await decided([{ ...ROOT, name: 'hallucination evaluation' }], { pi: { unsuspected: 1 } }, world);
    expect(world.decisions).toMatchObject([
      { outcome: 'excluded', reason: 'excluded: it holds nothing but evaluations of a run, and is none' },
    ]);
  });

  it('is decided again when late spans tell that it is none', async () => {
    const world = new World();
    const step = { kind: 'tool' as const, name: 't', spanId: '', parentSpanId: '', durationMs: 1, startNs: 1n };
    world.readTrajectory = (spans) => ({ steps: spans.length > 1 ? [step] : [] });
    await decided([PROBE], {}, world);
    world.archiveAll();
    await decided([{ id: 2, parent: 1 }], {}, world);
    expect(world.decisions.map(({ version, outcome }) => [version, outcome === 'excluded'])).toEqual([
      [1, true],
      [2, false],
    ]);
  });
});
