import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readLetter } from '../core/dead-letter.js';
import { PipelineError } from '../core/errors.js';
import type { StepKind } from '../core/trajectory.js';
import { spanRecord, toSpans, TRACE, type TestSpan } from './records.test-support.js';
import { Crash, trajectoryOf, World } from './world.test-support.js';

const OTHER = '0af7651916cd43dd8448eb211c80319c';
const ROOT: TestSpan = { id: 1, parent: 0 };
const CHILD: TestSpan = { id: 2, parent: 1 };
const GRANDCHILD: TestSpan = { id: 3, parent: 2 };
const LATE: TestSpan = { id: 4, parent: 1 };

async function decided(world: World, ...batches: readonly (readonly TestSpan[])[]): Promise<void> {
  const life = await world.life();
  for (const batch of batches) await world.append([spanRecord(batch)]);
  await world.pass(5_000);
  await life.stop();
}

describe('when a trace is whole', () => {
  it('is decided once its root ended and it was quiet, and not before', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([CHILD])]);
    await world.pass(3_000);
    await world.append([spanRecord([ROOT])]);
    await world.pass(1_900);
    expect(world.decisions).toHaveLength(0);
    await world.pass(200);
    expect(world.decisions).toMatchObject([
      {
        traceId: TRACE,
        tenant: 't',
        version: 1,
        complete: true,
        spanCount: 2,
        completeness: 'root ended, then quiet for 2 s',
      },
    ]);
    await life.stop();
  });

  it('waits for the end of a span that was sent before it ended', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT, { ...CHILD, end: 0 }])]);
    await world.pass(60_000);
    expect(world.decisions).toHaveLength(0);
    await world.append([spanRecord([CHILD])]);
    await world.pass(2_500);
    expect(world.decisions).toMatchObject([{ complete: true, spanCount: 2 }]);
    await life.stop();
    const atOnce = new World();
    await decided(atOnce, [ROOT, CHILD]);
    expect(world.decisions[0]?.spanXor).toBe(atOnce.decisions[0]?.spanXor);
  });

  it('takes a trace whose parents were never exported to be whole after the longer quiet', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT, { id: 9, parent: 77 }])]);
    await world.pass(9_800);
    expect(world.decisions).toHaveLength(0);
    await world.pass(400);
    expect(world.decisions).toMatchObject([
      { complete: true, completeness: 'root ended, then quiet for 10 s; 1 span has a parent that never came' },
    ]);
    await life.stop();
  });

  it.each([
    ['no root', [CHILD], 'no root span came within 600 s'],
    ['an open child', [ROOT, { ...CHILD, end: 0 }], '1 span did not end within 600 s'],
  ])('decides a trace with %s as incomplete at the deadline', async (_, spans, completeness) => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord(spans)]);
    await world.pass(599_000);
    expect(world.decisions).toHaveLength(0);
    await world.pass(1_500);
    expect(world.decisions).toMatchObject([
      { complete: false, completeness, stratum: 'incomplete', pi: 1, outcome: 'selected' },
    ]);
    await life.stop();
  });

  it('goes on where a judgement is too large for its topic, which becomes a dead letter', async () => {
    const world = new World();
    const append = world.append.bind(world);
    world.append = async (records) => {
      if (records.some(({ topic }) => topic === 'judgements'))
        throw new PipelineError('RECORD_TOO_LARGE', 'expected a smaller record');
      await append(records);
    };
    const life = await world.life();
    await world.append([spanRecord([CHILD])]);
    await world.pass(601_000);
    await world.append([spanRecord([ROOT], OTHER)]);
    await world.pass(5_000);
    expect(world.decisions).toMatchObject([{ traceId: TRACE, outcome: 'selected' }, { traceId: OTHER }]);
    const letters = world.of('dead-letters').map((letter) => readLetter(letter));
    expect(letters).toMatchObject([
      { topic: 'unsent:judgements', replaysTo: 'judgements', key: TRACE, role: 'sample' },
    ]);
    await life.stop();
    expect(world.committed).toBe(world.of('spans').length);
  });

  it('does not take spans that still wait on the bus for quiet', async () => {
    const world = new World();
    await world.append([spanRecord([ROOT])]);
    // 1,000 records of another trace lie between, accepted over a long time: more than one poll brings.
    for (let at = 0; at < 1_000; at += 1) {
      await world.sleep(10);
      await world.append([spanRecord([{ id: 100 + at, parent: 0 }], OTHER)]);
    }
    await world.append([spanRecord([CHILD])]);
    const life = await world.life({ quietMs: 15_000, orphanQuietMs: 15_000 });
    await world.pass(20_000);
    expect(world.decisions.filter(({ traceId }) => traceId === TRACE)).toMatchObject([{ version: 1, spanCount: 2 }]);
    await life.stop();
  });

  it('keeps traces of two tenants with one id apart', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT], TRACE, 'a'), spanRecord([ROOT, CHILD], TRACE, 'b')]);
    await world.pass(2_500);
    expect(world.decisions.map(({ tenant, spanCount }) => [tenant, spanCount])).toEqual([
      ['a', 1],
      ['b', 2],
    ]);
    await life.stop();
  });

  it('gives one decision with the same span count for any order, doubling and batching of the records', async () => {
    const spans: readonly TestSpan[] = [ROOT, CHILD, GRANDCHILD, LATE, { id: 5, parent: 3 }];
    const spanXors = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(spans as TestSpan[], { minLength: spans.length }),
        fc.array(fc.nat(spans.length - 1), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 12, maxLength: 12 }),
        async (order, doubled, sizes) => {
          const world = new World();
          const life = await world.life();
          const all = [...order, ...doubled.map((at) => order[at]!)];
          for (const size of sizes) {
            const batch = all.splice(0, size);
            if (batch.length > 0) await world.append([spanRecord(batch)]);
            await world.pass(100);
          }
          await world.pass(5_000);
          await life.stop();
          expect(world.decisions).toMatchObject([{ version: 1, spanCount: spans.length, complete: true }]);
          spanXors.add(world.decisions[0]?.spanXor ?? '');
          expect(world.committed).toBe(world.of('spans').length);
        },
      ),
      { numRuns: 40 },
    );
    expect(spanXors.size).toBe(1);
  });
});

describe('bounds', () => {
  it('decides the oldest trace as incomplete when there are too many, and counts it', async () => {
    const world = new World();
    const life = await world.life({ maxOpenTraces: 1 });
    await world.append([spanRecord([CHILD]), spanRecord([CHILD], OTHER)]);
    await world.pass(500);
    expect(world.decisions).toMatchObject([{ traceId: TRACE, complete: false, stratum: 'incomplete' }]);
    expect(world.decisions[0]?.completeness).toContain('evicted');
    expect(world.counted.get('assay_sampler_evicted_traces_total')).toBe(1);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(1);
    await life.stop();
  });

  it('decides the oldest trace when the bytes held are too many', async () => {
    const world = new World();
    const life = await world.life({ maxOpenBytes: 1_048_576 });
    const big = 'v=1,'.repeat(200_000);
    await world.append([
      spanRecord([{ ...CHILD, traceState: big }]),
      spanRecord([{ ...CHILD, traceState: big }], OTHER),
    ]);
    await world.pass(500);
    expect(world.decisions.map(({ traceId }) => traceId)).toEqual([TRACE]);
    await life.stop();
  });

  it('keeps the root of a runaway trace, drops what is over the cap, and makes no version for it', async () => {
    const world = new World();
    const life = await world.life({ maxSpansPerTrace: 10 });
    await world.append([
      spanRecord(Array.from({ length: 30 }, (_, at) => ({ id: at + 2, parent: 1 }))),
      spanRecord([ROOT]),
    ]);
    await world.pass(2_500);
    expect(world.decisions).toMatchObject([
      { spanCount: 11, complete: false, completeness: 'runaway: 20 spans beyond the first 11 were dropped' },
    ]);
    await world.append([spanRecord([{ id: 99, parent: 1 }])]);
    await world.pass(20_000);
    expect(world.decisions).toHaveLength(1);
    await life.stop();
  });

  it('forgets decided traces that are older than the index reaches', async () => {
    const world = new World();
    const life = await world.life({ indexHours: 0.01 });
    await world.append([spanRecord([ROOT])]);
    await world.pass(2_500);
    const indexed = (): number => [...world.range('decided/')].length;
    expect(indexed()).toBe(1);
    await world.pass(40_000);
    expect(indexed()).toBe(0);
    await life.stop();
  });

  it('passes by a record that is no OTLP, counts it, and goes on', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([{ topic: 'spans', key: TRACE, value: Buffer.from('not protobuf at all') }, spanRecord([ROOT])]);
    await world.pass(2_500);
    expect(world.decisions).toHaveLength(1);
    expect(world.counted.get('assay_sampler_rejected_records_total')).toBe(1);
    expect(world.committed).toBe(2);
    await life.stop();
  });

  it('decides a trace that breaks its reader as abstained', async () => {
    const world = new World();
    world.readTrajectory = () => {
      throw new Error('unforeseen');
    };
    await decided(world, [ROOT]);
    expect(world.decisions).toMatchObject([{ outcome: 'abstained', spanCount: 1 }]);
    expect(world.counted.get('assay_sampler_unreadable_traces_total')).toBe(1);
  });
});

describe('late spans and redelivery', () => {
  it('drops spans that come again after the decision', async () => {
    const world = new World();
    await decided(world, [ROOT, CHILD]);
    await decided(world, [CHILD], [ROOT, CHILD]);
    expect(world.decisions).toHaveLength(1);
    expect(world.counted.get('assay_sampler_redelivered_spans_total')).toBe(3);
    expect(world.committed).toBe(3);
  });

  it('drops them as they come, whether or not they had ended, and neither waits nor asks the store', async () => {
    const world = new World();
    await decided(world, [ROOT, CHILD]);
    const life = await world.life();
    await world.append([spanRecord([CHILD]), spanRecord([{ ...CHILD, end: 0 }])]);
    await world.pass(400);
    expect(world.counted.get('assay_sampler_redelivered_spans_total')).toBe(2);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(0);
    expect(world.committed).toBe(3);
    await life.stop();
  });

  it('makes version 2 of all spans once, when a span comes late', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(2_500);
    world.archiveAll();
    await world.append([spanRecord([LATE, CHILD])]);
    await world.pass(2_500);
    await world.append([spanRecord([LATE])]);
    await world.pass(2_500);
    expect(world.decisions.map(({ version, spanCount, complete }) => [version, spanCount, complete])).toEqual([
      [1, 2, true],
      [2, 3, true],
    ]);
    expect(world.decisions[1]?.firstSeenMs).toBe(world.decisions[0]?.firstSeenMs);
    expect(world.counted.get('assay_sampler_late_versions_total')).toBe(1);
    await life.stop();
  });

  it('waits for the store to hold the earlier spans', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(2_500);
    await world.append([spanRecord([LATE])]);
    await world.pass(30_000);
    expect(world.decisions).toHaveLength(1);
    expect(world.committed).toBe(1);
    world.archiveAll();
    await world.pass(1_000);
    expect(world.decisions[1]).toMatchObject({ version: 2, spanCount: 3, complete: true });
    await life.stop();
  });

  it('is not content with late spans in the store in place of the earlier ones', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(2_500);
    await world.append([spanRecord([LATE, GRANDCHILD])]);
    world.archived.set(TRACE, toSpans([LATE, GRANDCHILD]));
    await world.pass(10_000);
    expect(world.decisions).toHaveLength(1);
    world.archiveAll();
    await world.pass(1_000);
    expect(world.decisions[1]).toMatchObject({ version: 2, spanCount: 4, complete: true });
    await life.stop();
  });

  it('keeps the decision that there is when the store stays behind, and counts the late spans', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(2_500);
    world.archived.set(TRACE, toSpans([ROOT]));
    await world.append([spanRecord([LATE])]);
    await world.pass(70_000);
    expect(world.decisions).toMatchObject([{ version: 1, spanCount: 2, complete: true }]);
    expect(world.counted.get('assay_sampler_late_spans_ignored_total')).toBe(1);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(0);
    expect(world.committed).toBe(2);
    world.archived.set(TRACE, toSpans([ROOT, CHILD, LATE]));
    await world.append([spanRecord([GRANDCHILD])]);
    await world.pass(3_000);
    expect(world.decisions[1]).toMatchObject({ version: 2, spanCount: 4, complete: true });
    await life.stop();
  });

  it('makes no more versions than it may, and counts the rest', async () => {
    const world = new World();
    const life = await world.life({ maxVersions: 2 });
    for (const span of [ROOT, CHILD, GRANDCHILD, LATE]) {
      await world.append([spanRecord([span])]);
      world.archiveAll();
      await world.pass(4_000);
    }
    expect(world.decisions.map(({ version }) => version)).toEqual([1, 2]);
    expect(world.counted.get('assay_sampler_late_spans_ignored_total')).toBe(2);
    expect(world.committed).toBe(4);
    await life.stop();
  });

  it('takes the end of a span that was open at the deadline as news', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([ROOT, { ...CHILD, end: 0 }])]);
    await world.pass(601_000);
    world.archiveAll();
    await world.append([spanRecord([CHILD])]);
    await world.pass(3_000);
    await world.append([spanRecord([{ ...CHILD, end: 0 }])]);
    await world.pass(70_000);
    expect(world.decisions.map(({ version, complete, spanCount }) => [version, complete, spanCount])).toEqual([
      [1, false, 2],
      [2, true, 2],
    ]);
    await life.stop();
  });
});

describe('a crash', () => {
  const effects = ['append', 'put', 'commit'] as const;
  it.each(effects)('before %s repeats no decision and loses none', async (effect) => {
    const world = new World();
    let calls = 0;
    world.before = (which) => {
      if (which === effect && (calls += 1) === 1) throw new Crash();
    };
    const dying = await world.life();
    await world.append([spanRecord([ROOT, CHILD]), spanRecord([ROOT], OTHER)]);
    await Promise.race([world.pass(5_000), dying.crashed]);
    expect(calls).toBe(1);
    const life = await world.life();
    await world.pass(15_000);
    const keys = world.decisions.map(({ traceId, version }) => `${traceId} ${version}`);
    expect(keys.toSorted()).toEqual([`${OTHER} 1`, `${TRACE} 1`]);
    expect(world.committed).toBe(2);
    await life.stop();
  });

  it('after a late version was appended makes no further one', async () => {
    const world = new World();
    const first = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(2_500);
    world.archiveAll();
    world.before = (which) => {
      if (which === 'put') throw new Crash();
    };
    await world.append([spanRecord([LATE])]);
    world.archiveAll();
    await Promise.race([world.pass(5_000), first.crashed]);
    world.before = () => undefined;
    const life = await world.life();
    await world.pass(30_000);
    expect(world.decisions.map(({ version }) => version)).toEqual([1, 2]);
    expect(world.committed).toBe(2);
    await life.stop();
  });

  it('commits only up to the oldest trace that is open', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([spanRecord([CHILD], OTHER), spanRecord([ROOT])]);
    await world.pass(3_000);
    expect(world.decisions).toHaveLength(1);
    expect(world.committed).toBe(0);
    await world.append([spanRecord([ROOT], OTHER)]);
    await world.pass(3_000);
    expect(world.committed).toBe(3);
    await life.stop();
  });

  it('decides alike when everything is read again by a new sampler', async () => {
    const ids = Array.from({ length: 200 }, (_, at) => (at + 1).toString(16).padStart(32, '0'));
    const outcomes = async (): Promise<readonly string[]> => {
      const world = new World();
      const life = await world.life({ pi: { unsuspected: 0.3 } });
      await world.append(ids.map((id) => spanRecord([ROOT], id)));
      await world.pass(3_000);
      await life.stop();
      return world.decisions.map(({ traceId, outcome }) => `${traceId} ${outcome}`);
    };
    const once = await outcomes();
    expect(await outcomes()).toEqual(once);
    const selected = once.filter((line) => line.endsWith('selected')).length;
    expect(selected).toBeGreaterThan(30);
    expect(selected).toBeLessThan(90);
  });
});

describe('what goes on the bus', () => {
  const broken = {
    steps: [
      {
        kind: 'model' as StepKind,
        name: 'm',
        spanId: '01',
        parentSpanId: '',
        durationMs: 1,
        startNs: 1n,
        toolCalls: [{ name: 'refund', arguments: '{"amount": 1' }],
      },
    ],
  };

  it('is a judgement with the evidence for a selected trace, with its decision', async () => {
    const world = new World();
    world.readTrajectory = () => ({ error: 'boom' });
    await decided(world, [ROOT]);
    expect(world.decisions).toMatchObject([
      { outcome: 'selected', stratum: 'suspected', evidenceTokens: 7, policyVersion: 1 },
    ]);
    expect(world.judgements).toEqual([
      {
        decision: world.decisions[0],
        criteria: ['task-completion'],
        evidence: { sections: [{ title: 'user request', text: 'please refund' }], truncated: false },
        own: false,
      },
    ]);
  });

  it('is a decision alone for a settled trace, and a judgement too when it is audited', async () => {
    const world = new World();
    world.readTrajectory = () => broken;
    await decided(world, [ROOT]);
    expect(world.decisions).toMatchObject([
      {
        outcome: 'settled',
        stratum: 'settled',
        pi: 1,
        audit: false,
        settled: [{ criterion: 'task-completion', outcome: 'fail', check: 'broken-arguments' }],
      },
    ]);
    expect(world.judgements).toEqual([]);
    const audited = new World();
    audited.readTrajectory = () => broken;
    const life = await audited.life({ pi: { settled: 1 } });
    await audited.append([spanRecord([ROOT])]);
    await audited.pass(3_000);
    await life.stop();
    expect(audited.judgements).toMatchObject([
      { criteria: ['task-completion'], decision: { audit: true, outcome: 'settled', pi: 1 } },
    ]);
  });

  it('is at most 512 KB a judgement, whatever the renderer gives', async () => {
    const world = new World();
    world.readTrajectory = (spans) => ({ ...trajectoryOf(spans), error: 'boom', input: 'é'.repeat(2_000_000) });
    await decided(world, [ROOT]);
    expect(world.of('judgements')).toHaveLength(1);
    expect(world.of('judgements')[0]!.value.length).toBeLessThanOrEqual(512 * 1024);
    expect(world.judgements[0]?.evidence.truncated).toBe(true);
    expect(world.judgements[0]?.evidence.sections[0]?.text).toMatch(
      /^\[cut to the first half, \d+ characters left out\]\né+$/,
    );
  });

  it('is a new policy version when the plan changed, in force from then on and for what came after', async () => {
    const world = new World();
    await decided(world, [ROOT]);
    const life = await world.life({ pi: { unsuspected: 0.5 } });
    await world.append([spanRecord([ROOT], OTHER)]);
    await world.pass(3_000);
    await life.stop();
    const policies = world.of('policies').map(({ value }) => JSON.parse(Buffer.from(value).toString()) as object);
    expect(policies).toMatchObject([
      { version: 1, pi: { unsuspected: 0.1 } },
      { version: 2, pi: { unsuspected: 0.5 } },
    ]);
    expect(world.decisions).toMatchObject([
      { policyVersion: 1, pi: 0.1 },
      { policyVersion: 2, pi: 0.5 },
    ]);
  });

  it('follows the policy of the bus time at which its newest record was accepted', async () => {
    const world = new World();
    const first = await world.life();
    await first.stop();
    await world.append([spanRecord([ROOT])]);
    await world.sleep(5_000);
    const life = await world.life({ pi: { unsuspected: 0.5 } });
    await world.append([spanRecord([CHILD], OTHER), spanRecord([ROOT], OTHER)]);
    await world.pass(5_000);
    await life.stop();
    expect(world.decisions).toMatchObject([
      { traceId: TRACE, policyVersion: 1 },
      { traceId: OTHER, policyVersion: 2 },
    ]);
  });
});
