import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlarmTransition } from '../core/alarm.js';
import type { LogRecord, StoredRecord } from '../core/log.js';
import type { NotificationAttempt } from '../core/notification.js';
import { openStoreConnection, type StoreConnection } from './connection.js';
import { createStoreReader, type StoreReader } from './reader.js';
import { decisionOn, jsonRecord, NOW_MS, traceIdOf, verdictOn } from './samples.test-support.js';
import { openTestStore, STORES, type TestStore } from './stores.test-support.js';
import { writeRecords } from './write-records.test-support.js';

const signal = new AbortController().signal;
const DAY_MS = 86_400_000;
const PLACE = { tenant: 'acme', service: 'refunds', release: '1.0', environment: 'prod' };

const FIRING: AlarmTransition = {
  alarmId: 'a1b2',
  sequence: 1,
  state: 'firing',
  kind: 'regression',
  rule: 'regression',
  severity: 'critical',
  subject: { ...PLACE, criterion: 'task-done' },
  summary: 'refunds 1.0 fails “task-done” in 12.0 % of its traces',
  details: { failRate: '0.12', baselineRelease: '0.9' },
  startedAtMs: NOW_MS - 60_000,
  atMs: NOW_MS,
};
const RESOLVED: AlarmTransition = { ...FIRING, sequence: 2, state: 'resolved', atMs: NOW_MS + 5 };
const OTHER: AlarmTransition = { ...FIRING, alarmId: 'c3d4', atMs: NOW_MS + 9 };

function attempt(changes: Partial<NotificationAttempt>): NotificationAttempt {
  return {
    ...{ channel: 'on-call', kind: 'pagerduty', alarmId: 'a1b2', sequence: 1, state: 'firing', occasion: 'transition' },
    ...{ attempt: 1, outcome: 'taken', reason: '', tookMs: 12.5, atMs: NOW_MS },
    ...changes,
  };
}

describe.each(STORES)('what a gate asks of the store (%s)', (kind) => {
  let store: TestStore;
  let connection: StoreConnection;
  let reader: StoreReader;
  let token = 0;

  beforeAll(async () => {
    store = await openTestStore(kind);
    reader = createStoreReader(store.options);
    await reader.start(signal);
    connection = await openStoreConnection(store.options);
  });

  afterAll(async () => {
    await connection.close();
    await reader.stop(signal);
    await store.close();
  });

  async function write(...records: readonly LogRecord[]): Promise<void> {
    for (const record of records) {
      const stored: StoredRecord = { headers: {}, ...record, partition: 0, offset: token, acceptedAtMs: NOW_MS };
      await writeRecords(connection, [stored], String((token += 1)));
    }
  }

  it('counts by criterion and day what has its last word, and not what waits for a judge', async () => {
    const sampledOut = decisionOn(traceIdOf(1), { outcome: 'sampled_out' });
    const failed = decisionOn(traceIdOf(2));
    const waiting = decisionOn(traceIdOf(3));
    const abstained = decisionOn(traceIdOf(4), { outcome: 'abstained' });
    const settled = decisionOn(traceIdOf(5), {
      ...{ outcome: 'settled', stratum: 'settled', pi: 0.05 },
      settled: [{ criterion: 'task-done', outcome: 'fail', check: 'tool-arguments' }],
    });
    const later = decisionOn(traceIdOf(6), { outcome: 'sampled_out', firstSeenMs: NOW_MS + DAY_MS });
    const error = decisionOn(traceIdOf(7));
    const excluded = decisionOn(traceIdOf(8), { outcome: 'excluded' });
    const all = [sampledOut, failed, waiting, abstained, settled, later, error, excluded];
    await write(
      ...all.map((decision) => jsonRecord('decisions', decision.traceId, decision)),
      jsonRecord('verdicts', 'k', verdictOn(failed, { outcome: 'fail' })),
      jsonRecord('verdicts', 'k', verdictOn(error, { outcome: 'error' })),
    );
    const [day, next] = [NOW_MS, NOW_MS + DAY_MS].map((ms) => new Date(ms).toISOString().slice(0, 10));
    const sampled = { stratum: 'unsuspected', pi: 0.08, upstreamWeight: 1 };
    expect(await reader.sliceDays(day!)).toEqual([
      {
        ...{ ...PLACE, criterion: 'task-done', day, firstSeenMs: NOW_MS },
        cells: [
          { ...sampled, stratum: 'settled', pi: 1, traces: 1, passed: 0, failed: 1, unanswered: 0 },
          { ...sampled, traces: 3, passed: 0, failed: 1, unanswered: 1 },
          { ...sampled, pi: 1, traces: 1, passed: 0, failed: 0, unanswered: 1 },
        ],
      },
      {
        ...{ ...PLACE, criterion: 'task-done', day: next, firstSeenMs: NOW_MS + DAY_MS },
        cells: [{ ...sampled, traces: 1, passed: 0, failed: 0, unanswered: 0 }],
      },
    ]);
    expect((await reader.sliceDays(next!)).map((slice) => slice.day)).toEqual([next]);
  });

  it('tells what judges answered since then, by criterion, and how far the pipeline is', async () => {
    const LATER_MS = NOW_MS + 10 * DAY_MS;
    const decisions = [11, 12, 13, 14, 15].map((number) =>
      decisionOn(traceIdOf(number), { decidedAtMs: LATER_MS + number, firstSeenMs: LATER_MS }),
    );
    const [passed, failed, broken, waiting, byHand] = decisions;
    const times = { judgedAtMs: LATER_MS + 100, decidedAtMs: LATER_MS };
    await write(
      ...decisions.map((decision) => jsonRecord('decisions', decision.traceId, decision)),
      jsonRecord('decisions', 'k', decisionOn(traceIdOf(16), { outcome: 'sampled_out', decidedAtMs: LATER_MS + 20 })),
      jsonRecord('verdicts', 'k', verdictOn(passed!, { ...times, outcome: 'pass' })),
      jsonRecord('verdicts', 'k', verdictOn(failed!, { ...times, outcome: 'fail' })),
      jsonRecord('verdicts', 'k', verdictOn(broken!, { ...times, outcome: 'error' })),
      jsonRecord('verdicts', 'k', verdictOn(byHand!, { ...times, outcome: 'fail', audit: true, byHand: true })),
    );
    expect(await reader.judgeAnswers(LATER_MS)).toEqual([
      { tenant: 'acme', criterion: 'task-done', passed: 1, failed: 1, abstained: 0, errors: 1, shed: 0 },
    ]);
    expect(await reader.judgeAnswers(LATER_MS + 101)).toEqual([]);
    expect(await reader.pipelineProgress(LATER_MS + 1_000)).toEqual({
      lastDecidedMs: LATER_MS + 20,
      decidedInDay: 6,
      oldestPendingMs: waiting!.decidedAtMs,
    });
    expect(await reader.pipelineProgress(LATER_MS + 30 * DAY_MS)).toMatchObject({
      lastDecidedMs: null,
      decidedInDay: 0,
      oldestPendingMs: null,
    });
  });

  it('gives alarms as they were told, each step once, and the latest of each', async () => {
    await write(...[FIRING, FIRING, RESOLVED, OTHER].map((step) => jsonRecord('alarms', step.alarmId, step)));
    expect(await reader.currentAlarms()).toEqual([OTHER, RESOLVED]);
    expect(await reader.alarmSteps('a1')).toEqual([FIRING, RESOLVED]);
    expect(await reader.alarmSteps('zz')).toEqual([]);
  });

  it('gives every try to tell of an alarm once', async () => {
    const tries = [
      attempt({ outcome: 'again', reason: 'expected 202, got 503' }),
      attempt({ attempt: 2, atMs: NOW_MS + 1 }),
      attempt({ channel: 'chat', kind: 'slack', atMs: NOW_MS + 2 }),
    ];
    await write(...[...tries, tries[0]!].map((one) => jsonRecord('notifications', one.alarmId, one)));
    expect(await reader.notificationsOf('a1b2')).toEqual(tries);
    expect(await reader.notificationsOf('c3d4')).toEqual([]);
  });
});
