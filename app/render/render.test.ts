import { describe, expect, it } from 'vitest';
import type { Report, TraceRow, Why, WhyVerdict, WhyVote } from '../api.js';
import { explain } from '../explain.js';
import { paintFor } from './format.js';
import { renderReport, renderTraces } from './report.js';
import { renderWhy } from './why.js';

const NOW_MS = Date.parse('2026-11-21T14:00:00Z');
const clock = { nowMs: () => NOW_MS };
const wide = paintFor({ isTTY: false }, {}, clock);
const narrow = paintFor({ isTTY: true, columns: 100 }, { NO_COLOR: '1' }, clock);
const LONG = 'The user asked for $12.98 back. '.repeat(8).trim();

const ROW: TraceRow = {
  traceId: '0123456789abcdef0123456789abcdef',
  tenant: 'default',
  service: 'support-agent',
  release: '',
  firstSeenAt: '2026-11-21T13:59:14.143Z',
  durationMs: 64,
  outcome: 'judged',
  passed: false,
  stratum: 'suspected',
  suspicion: 0.9,
  findings: ['tool-schema'],
  reason: LONG,
};

const OPEN: Why = explain({
  trajectory: {
    ...{ tenant: 'default', traceId: ROW.traceId, service: 'support-agent', release: '1.1', environment: '' },
    ...{ tools: [], dialects: ['otel-genai'], hasContent: true, spanCount: 1, durationMs: 64 },
    steps: [
      {
        ...{ kind: 'model', name: 'gpt', spanId: 'a', parentSpanId: '', durationMs: 12, startNs: 0n },
        toolCalls: [{ name: 'get_weather', arguments: '{"location":"Paris"}' }],
      },
    ],
  },
  decision: undefined,
  verdicts: [],
  feedback: [],
  outcome: 'open',
});

const DECIDED: NonNullable<Why['decision']> = {
  ...{ suspicion: 0.9, stratum: 'suspected', pi: 1, g: 0.4, outcome: 'selected', reason: 'selected', policyVersion: 1 },
  ...{ completeness: 'deadline passed', settled: [], audit: false, wholeAfterMs: 2_000 },
  firstSeenAt: '2026-11-21T13:59:28.000Z',
  decidedAt: '2026-11-21T13:59:30.000Z',
};

const VOTE: WhyVote = {
  ...{ outcome: 'fail', confidence: 0.93, explanation: LONG, quotes: [], model: 'judge', reason: null },
  ...{ costUsd: 0.0003, inputTokens: 1, outputTokens: 1, latencyMs: 1, confirms: false },
};
const VERDICT: WhyVerdict = {
  ...{
    criterion: 'task-completion',
    outcome: 'fail',
    confidence: 1,
    votes: [VOTE, VOTE],
    quotes: [],
    explanation: LONG,
  },
  ...{ reason: '', model: 'judge', provider: 'openai', rubricVersion: '1.0.0', judgeHash: '', fromCache: false },
  ...{ cacheAudit: null, byHand: false, disputed: false },
  ...{ audit: false, costUsd: 0.0006, judgedAt: '2026-11-21T13:59:31.000Z' },
};

const widest = (text: string): number => Math.max(...text.split('\n').map((line) => line.length));

describe('traces', () => {
  it('fit a line each on a terminal, with the prefix of the id, the time of today and a reason cut to the rest', () => {
    const text = renderTraces([ROW], narrow);
    expect(text.split('\n')).toHaveLength(2);
    expect(widest(text)).toBe(100);
    expect(text).toMatch(/0123456789ab +13:59:14 +support-agent +-- +failed +The user asked .*…$/);
  });

  it('give the whole id and the day where no terminal bounds them, and cut the reason all the same', () => {
    const text = renderTraces([ROW], wide);
    expect(text).toContain(`${ROW.traceId}  2026-11-21 13:59:14`);
    expect(/judged +(The .*)/.exec(text)?.[1]).toHaveLength(100);
  });

  it('give the day of a trace that is not of today', () => {
    expect(renderTraces([{ ...ROW, firstSeenAt: '2026-11-20T13:59:14.143Z' }], narrow)).toContain('11-20 13:59 ');
  });
});

describe('why', () => {
  it('names the switch of a trace without text, and shows feedback apart from verdicts', () => {
    const trajectory = { ...OPEN.trajectory, contentSwitch: 'set CAPTURE=true at the sender' };
    const said = { name: 'thumbs', score: 1, label: 'up', explanation: null, source: 'human' as const };
    const text = renderWhy({ ...OPEN, trajectory, feedback: [{ ...said, spanId: null, at: '' }] }, wide);
    expect(text).toContain('no span holds message text; set CAPTURE=true at the sender');
    expect(text).toMatch(/Feedback.*\n {2}thumbs {2}up · 1 {2}\(human\)/);
  });

  it('leaves out the middle of a very long run, and says how much', () => {
    const [step] = OPEN.trajectory.steps;
    const many = Array.from({ length: 5_000 }, (_, at) => ({ ...step!, name: `tool ${at + 1}` }));
    const text = renderWhy({ ...OPEN, trajectory: { ...OPEN.trajectory, steps: many } }, wide);
    expect(text).toContain('… 4940 steps left out; --json has them all');
    expect(text).toMatch(/ 30 model +tool 30 [\s\S]* 4971 model +tool 4971 /);
    expect(text.length).toBeLessThan(20_000);
  });

  it('says of a verdict by hand that it is in no rate', () => {
    const why = { ...OPEN, decision: DECIDED, verdicts: [{ ...VERDICT, audit: true, byHand: true }] };
    expect(renderWhy(why, wide)).toContain('task-completion 1.0.0 (asked for by hand, in no rate)');
  });

  it('tells which model cast each vote where a second judge was asked, and that the two disagree', () => {
    const second: WhyVote = { ...VOTE, outcome: 'pass', model: 'strong', explanation: 'It is fine.', confirms: true };
    const verdict: WhyVerdict = {
      ...{ ...VERDICT, outcome: 'pass', votes: [VOTE, VOTE, second], disputed: true },
      ...{ provider: 'anthropic', model: 'strong', reason: 'the two disagree' },
    };
    const text = renderWhy({ ...OPEN, decision: DECIDED, verdicts: [verdict], outcome: 'judged' }, wide);
    expect(text).toMatch(/pass {2}task-completion 1\.0\.0 · 1 of 3 votes agree · anthropic strong · \S+ · disputed\n/);
    expect(text).toMatch(/ {4}vote 2 {2}fail 0\.93 {2}judge: The user/);
    expect(text).toMatch(/ {4}second {2}pass 0\.93 {2}strong: It is fine\./);
  });

  it('counts no vote of a second judge that gave no answer', () => {
    const second: WhyVote = { ...VOTE, outcome: 'error', model: 'strong', reason: 'refused', confirms: true };
    const verdicts = [{ ...VERDICT, votes: [VOTE, VOTE, second] }];
    const text = renderWhy({ ...OPEN, decision: DECIDED, verdicts, outcome: 'judged' }, wide);
    expect(text).toContain('2 of 2 votes agree');
    expect(text).toMatch(/ {4}second {2}error 0\.93 {2}strong: refused/);
  });

  it('has every field of its shape while the trace is open, null when unknown', () => {
    const shape = JSON.parse(JSON.stringify(OPEN)) as Why;
    expect(shape.decision).toBeNull();
    expect(shape.trajectory).toMatchObject({
      ...{ input: null, output: null, model: null, provider: null, tokens: null },
      ...{ finishReason: null, sessionId: null, userId: null, error: null },
    });
    expect(shape.trajectory.steps[0]).toMatchObject({ arguments: null, error: null });
  });

  it('tells the calls that a model asked for instead of an answer', () => {
    expect(OPEN.trajectory.steps[0]?.result).toBe('get_weather({"location":"Paris"})');
    expect(renderWhy(OPEN, wide)).toContain('out get_weather({"location":"Paris"})');
  });

  it('tells the version and that a trace was not whole', () => {
    const text = renderWhy({ ...OPEN, version: 2, complete: false, decision: DECIDED, outcome: 'pending' }, wide);
    expect(text).toContain('version 2 · incomplete · 1 spans');
    expect(text).toContain('incomplete  deadline passed');
  });

  it('tells since when a trace waits for a judge', () => {
    const text = renderWhy({ ...OPEN, version: 1, complete: true, decision: DECIDED, outcome: 'pending' }, wide);
    expect(text).toContain('waiting for a judge since 2026-11-21 13:59:30 UTC (30.0 s)');
    expect(text).not.toMatch(/version 1|incomplete/);
  });

  it('tells how many votes agree, and wraps their text under its beginning', () => {
    const text = renderWhy({ ...OPEN, decision: DECIDED, verdicts: [VERDICT], outcome: 'judged' }, narrow);
    expect(text).toContain('2 of 2 votes agree');
    expect(widest(text)).toBeLessThanOrEqual(100);
    expect(text).toMatch(/ {4}vote 1 {2}fail 0\.93 {2}The user.*\n {23}\S/);
  });
});

describe('report', () => {
  const rate = {
    passRate: 0.9,
    interval: [0.8, 1],
    naiveMean: 0.5,
    corrected: null,
    sessionEffect: 1,
    notJudgedShare: 0.4,
    unansweredShare: 0.5,
    worstCase: [0.1, 1],
  } as const;
  const report: Report = {
    by: 'release',
    since: null,
    releases: [
      {
        ...{
          service: '',
          release: '',
          slice: '',
          unflagged: null,
          traces: 10,
          judged: 5,
          settled: 0,
          suspected: 1,
          criteria: [],
        },
        ...{ ...rate, emptyStrata: ['suspected'] },
      },
    ],
    coverage: {
      ...{ received: 10, open: 0, pending: 0, judge_error: 5, abstained: 0, shed_budget: 0, judged: 5 },
      ...{ from_cache: 0, settled: 0, sampled_out: 0, excluded: 0 },
    },
    incomplete: 1,
    cacheAudits: { agreed: 0, flipped: 0 },
    spend: { usd: 0.38, judgeAllUsd: 6.35, lostUsd: 0.01, calls: 1_086, votes: 5 },
  };

  it('fits the terminal, a note for each release at most, and `--` for what has no name', () => {
    const text = renderReport(report, narrow);
    expect(widest(text)).toBeLessThanOrEqual(100);
    expect(text.match(/^ {2}-- --: /gm)).toHaveLength(1);
    expect(text).toContain('over traces with a verdict only');
  });

  it('names as many votes as the setting says', () => {
    expect(renderReport(report, wide)).toContain('that 5 votes on everything would have cost');
  });

  it('blames an empty stratum on waiting traces when there are some', () => {
    const waiting = { ...report, coverage: { ...report.coverage, received: 13, pending: 3 } };
    expect(renderReport(report, wide)).toContain('no verdict yet');
    expect(renderReport(waiting, wide)).not.toContain('no verdict yet');
    expect(renderReport(waiting, wide)).toContain('3 traces still wait for a judge');
  });
});
