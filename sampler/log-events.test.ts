import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Span } from '../core/span.js';
import { logRecord, spanRecord, TRACE, type TestLog, type TestSpan } from './records.test-support.js';
import { Crash, World } from './world.test-support.js';

const OTHER = '0af7651916cd43dd8448eb211c80319c';
const ROOT: TestSpan = { id: 1, parent: 0 };
const CHILD: TestSpan = { id: 2, parent: 1 };
const LATE: TestSpan = { id: 4, parent: 1 };
const ASKED: TestLog = { span: 2 };
const ANSWERED: TestLog = { span: 2, name: 'gen_ai.choice', text: 'refunded' };
const THANKED: TestLog = { span: 0, text: 'thank you' };
const RATED: TestLog = { span: 2, name: 'gen_ai.evaluation.result' };

/** A world that notes how many events each span had when its trace was read. */
function readingWorld(): { readonly world: World; readonly read: string[] } {
  const world = new World();
  const read: string[] = [];
  world.readTrajectory = (spans: readonly Span[]) => {
    const events = spans.map(({ spanId, events: own }) => `${Number(spanId)}:${own.length}`);
    read.push(events.sort().join(' '));
    return {};
  };
  return { world, read };
}

function counts(world: World): readonly (readonly number[])[] {
  return world.decisions.map(({ version, spanCount, logCount }) => [version, spanCount, logCount]);
}

describe('log events', () => {
  it.each([
    ['before', [logRecord([ASKED, ANSWERED, THANKED]), spanRecord([ROOT, CHILD])]],
    ['between', [spanRecord([CHILD]), logRecord([ASKED, ANSWERED, THANKED]), spanRecord([ROOT])]],
    ['after', [spanRecord([ROOT, CHILD]), logRecord([THANKED, ANSWERED, ASKED])]],
    [
      'twice, in several requests',
      [ASKED, ANSWERED, ASKED, THANKED]
        .map((log) => logRecord([log]))
        .concat([spanRecord([ROOT, CHILD]), logRecord([ASKED])]),
    ],
  ])('are read among the events of their spans when they come %s', async (_, records) => {
    const { world, read } = readingWorld();
    const life = await world.life();
    for (const record of records) {
      await world.append([record]);
      await world.pass(100);
    }
    await world.pass(2_500);
    await life.stop();
    expect(read).toEqual(['1:1 2:2']);
    expect(world.decisions).toMatchObject([
      { complete: true, spanCount: 2, logCount: 3, rootSpanId: '0000000000000001' },
    ]);
    expect([world.committed, world.committedLogs]).toEqual([world.of('spans').length, world.of('logs').length]);
  });

  it('put off the decision like spans do, but do not begin it', async () => {
    const { world } = readingWorld();
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(1_900);
    await world.append([logRecord([ASKED])]);
    await world.pass(1_900);
    expect(world.decisions).toHaveLength(0);
    await world.pass(200);
    expect(counts(world)).toEqual([[1, 2, 1]]);
    await life.stop();
  });

  it('make one sum with the spans for any order, doubling and batching', async () => {
    const parts = [ROOT, CHILD, LATE, ASKED, ANSWERED, THANKED] as const;
    const sums = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([...parts, ...parts], { minLength: 2 * parts.length }), async (order) => {
        const world = new World();
        const life = await world.life();
        for (const part of order) {
          await world.append(['span' in part ? logRecord([part]) : spanRecord([part])]);
          await world.pass(50);
        }
        await world.pass(5_000);
        await life.stop();
        expect(counts(world)).toEqual([[1, 3, 3]]);
        sums.add(world.decisions[0]?.spanXor ?? '');
      }),
      { numRuns: 30 },
    );
    expect(sums.size).toBe(1);
  });

  it('make a new version when they are late, of all spans and log events, once', async () => {
    const { world, read } = readingWorld();
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD]), logRecord([ASKED])]);
    await world.pass(2_500);
    await world.append([logRecord([ANSWERED])]);
    world.archiveAll();
    await world.pass(2_500);
    await world.append([logRecord([ANSWERED, ASKED]), spanRecord([CHILD])]);
    await world.pass(2_500);
    expect(counts(world)).toEqual([
      [1, 2, 1],
      [2, 2, 2],
    ]);
    expect(read).toEqual(['1:0 2:1', '1:0 2:2']);
    expect(world.counted.get('assay_sampler_redelivered_spans_total')).toBe(3);
    await life.stop();
  });

  it('are waited for in the store when a late span comes', async () => {
    const { world } = readingWorld();
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD]), logRecord([ASKED])]);
    await world.pass(2_500);
    world.archiveAll();
    const logs = world.archivedLogs.get(TRACE) ?? [];
    world.archivedLogs.clear();
    await world.append([spanRecord([LATE])]);
    await world.pass(10_000);
    expect(counts(world)).toEqual([[1, 2, 1]]);
    expect([world.committed, world.committedLogs]).toEqual([1, 1]);
    world.archivedLogs.set(TRACE, logs);
    await world.pass(1_000);
    expect(counts(world)[1]).toEqual([2, 3, 1]);
    await life.stop();
  });

  it('of one span, name and time are told apart by what they say', async () => {
    const { world, read } = readingWorld();
    const life = await world.life();
    await world.append([logRecord([ASKED, { ...ASKED, text: 'and hurry' }]), spanRecord([ROOT, CHILD])]);
    await world.pass(2_500);
    expect(read).toEqual(['1:0 2:2']);
    await life.stop();
  });

  it('that hold feedback are never collected, and neither open a trace nor open it again', async () => {
    const { world, read } = readingWorld();
    const life = await world.life();
    await world.append([logRecord([RATED])]);
    await world.pass(100);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(0);
    await world.append([spanRecord([ROOT, CHILD]), logRecord([RATED, ASKED])]);
    await world.pass(2_500);
    world.archiveAll();
    await world.append([logRecord([{ ...RATED, text: 'again' }])]);
    await world.pass(70_000);
    await world.append([spanRecord([LATE])]);
    await world.pass(3_000);
    expect(read).toEqual(['1:0 2:1', '1:0 2:1 4:0']);
    expect(counts(world)).toEqual([
      [1, 2, 1],
      [2, 3, 1],
    ]);
    await life.stop();
  });

  it('of a record that is keyed by a response are passed by, unread', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([{ ...logRecord([ASKED]), key: 'response:chatcmpl-1' }]);
    await world.pass(1_000);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(0);
    expect(world.committedLogs).toBe(1);
    await life.stop();
  });

  it('are passed by and counted when they are no OTLP', async () => {
    const world = new World();
    const life = await world.life();
    await world.append([{ topic: 'logs', key: TRACE, value: Buffer.from('not protobuf at all') }, spanRecord([ROOT])]);
    await world.pass(2_500);
    expect(world.counted.get('assay_sampler_rejected_records_total')).toBe(1);
    expect(world.committedLogs).toBe(1);
    expect(counts(world)).toEqual([[1, 1, 0]]);
    await life.stop();
  });

  it('beyond the cap are dropped, the trace is incomplete, and there is no version for more', async () => {
    const world = new World();
    const life = await world.life({ maxLogEventsPerTrace: 3 });
    const many = Array.from({ length: 5 }, (_, at) => ({ ...ASKED, ms: at + 1 }));
    await world.append([logRecord(many), spanRecord([ROOT])]);
    await world.pass(2_500);
    expect(world.decisions).toMatchObject([
      { logCount: 3, complete: false, completeness: 'runaway: 2 log events beyond the first 3 were dropped' },
    ]);
    world.archiveAll();
    await world.append([logRecord([{ ...ASKED, ms: 99 }])]);
    await world.pass(20_000);
    expect(world.decisions).toHaveLength(1);
    await life.stop();
  });

  it('count in the bytes that are held', async () => {
    const world = new World();
    const life = await world.life({ maxOpenBytes: 1_048_576 });
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(100);
    expect(world.decisions).toHaveLength(0);
    await world.append([logRecord([{ ...ASKED, text: 'x'.repeat(1_000_000) }])]);
    await world.pass(100);
    expect(world.decisions[0]?.completeness).toContain('evicted');
    await life.stop();
  });
});

describe('log events without spans', () => {
  it('are no trace: they wait, and are read back when spans come after the deadline', async () => {
    const { world, read } = readingWorld();
    const life = await world.life();
    await world.append([logRecord([ASKED, THANKED])]);
    await world.pass(599_000);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(1);
    expect(world.committedLogs).toBe(0);
    await world.pass(2_000);
    expect(world.counted.get('assay_sampler_open_traces')).toBe(0);
    expect(world.counted.get('assay_sampler_orphan_log_events_total')).toBe(2);
    expect(world.decisions).toHaveLength(0);
    expect(world.committedLogs).toBe(1);
    world.archiveAll();
    await world.append([spanRecord([ROOT, CHILD]), logRecord([ASKED])]);
    await world.pass(3_000);
    expect(read).toEqual(['1:1 2:1']);
    expect(counts(world)).toEqual([[1, 2, 2]]);
    await life.stop();
  });

  it('do not keep spans from being decided when the store has lost them', async () => {
    const { world } = readingWorld();
    const life = await world.life();
    await world.append([logRecord([ASKED])]);
    await world.pass(601_000);
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(70_000);
    expect(counts(world)).toEqual([[1, 2, 0]]);
    await life.stop();
  });

  it('make room for others when there are too many, and are told as orphans', async () => {
    const { world, read } = readingWorld();
    const life = await world.life({ maxOpenTraces: 1 });
    await world.append([logRecord([ASKED]), logRecord([ASKED], '0af7651916cd43dd8448eb211c80319c')]);
    await world.pass(500);
    expect(world.counted.get('assay_sampler_orphan_log_events_total')).toBe(1);
    expect(world.decisions).toHaveLength(0);
    world.archiveAll();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(3_000);
    expect(read).toEqual(['1:0 2:1']);
    await life.stop();
  });

  it('come again after a crash before they were remembered', async () => {
    const world = new World();
    world.before = (effect) => {
      if (effect === 'put') throw new Crash();
    };
    const dying = await world.life();
    await world.append([logRecord([ASKED])]);
    await Promise.race([world.pass(601_000), dying.crashed]);
    expect(world.committedLogs).toBe(0);
    world.before = () => undefined;
    const life = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(5_000);
    expect(counts(world)).toEqual([[1, 2, 1]]);
    await life.stop();
  });
});

describe('two topics', () => {
  it('are both read up to a time before a trace is taken to be quiet then', async () => {
    const world = new World();
    await world.append([spanRecord([ROOT, CHILD])]);
    // More log events of other traces than one poll brings lie before its own, accepted over a long time.
    for (let at = 0; at < 1_000; at += 1) {
      await world.sleep(10);
      await world.append([logRecord([ASKED], (at + 1).toString(16).padStart(32, '0'))]);
    }
    await world.append([logRecord([ASKED])]);
    await world.sleep(10_000);
    await world.append([spanRecord([ROOT], OTHER)]);
    const life = await world.life({ quietMs: 15_000, orphanQuietMs: 15_000 });
    await world.pass(20_000);
    expect(world.decisions.filter(({ traceId }) => traceId === TRACE)).toMatchObject([{ version: 1, logCount: 1 }]);
    await life.stop();
  });
});

describe('a record that is too long for what a poll has room for', () => {
  it('is not taken for the end of the topic', async () => {
    const world = new World();
    const long = { id: 3, parent: 0, attributes: { text: 'x'.repeat(9 * 1024 * 1024) } };
    await world.append([spanRecord([ROOT]), spanRecord([long], OTHER)]);
    await world.sleep(10_000);
    await world.append([spanRecord([CHILD])]);
    await world.sleep(10_000);
    await world.append([logRecord([ASKED], OTHER)]);
    const life = await world.life({ quietMs: 15_000, orphanQuietMs: 15_000 });
    await world.pass(20_000);
    expect(world.decisions.filter(({ traceId }) => traceId === TRACE)).toMatchObject([{ version: 1, spanCount: 2 }]);
    await life.stop();
  });
});

describe('a decision that was written before log events were counted', () => {
  it('is understood: a late span makes the next version, and what comes again makes none', async () => {
    const { world } = readingWorld();
    const first = await world.life();
    await world.append([spanRecord([ROOT, CHILD])]);
    await world.pass(2_500);
    await first.stop();
    world.archiveAll();
    // As the version before wrote them: without the field.
    const [written] = world.of('decisions');
    const { logCount, rootSpanId, ...before } = world.decisions[0]!;
    expect([logCount, rootSpanId]).toEqual([0, '0000000000000001']);
    world.of('decisions')[0] = { ...written!, value: Buffer.from(JSON.stringify(before)) };
    world.entries.clear();
    const life = await world.life();
    await world.append([spanRecord([LATE])]);
    world.archiveAll();
    await world.pass(3_000);
    await world.append([spanRecord([LATE, ROOT, CHILD])]);
    await world.pass(3_000);
    expect(counts(world)).toEqual([
      [1, 2, undefined],
      [2, 3, 0],
    ]);
    await life.stop();
  });
});
