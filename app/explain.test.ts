import { expect, it } from 'vitest';
import type { Decision } from '../core/decision.js';
import type { Trajectory } from '../core/trajectory.js';
import type { Verdict } from '../core/verdict.js';
import { explain } from './explain.js';

const trajectory: Trajectory = {
  ...{ tenant: 'default', traceId: 'a'.repeat(32), service: 's', release: '1', environment: '', steps: [], tools: [] },
  ...{ dialects: [], hasContent: true, spanCount: 1, durationMs: 1 },
};
const decision = {
  ...{ version: 1, complete: true, firstSeenMs: 0, decidedAtMs: 1 },
  findings: [
    { check: 'budget', severity: 'note', message: 'long', spanId: '' },
    { check: 'tool-schema', severity: 'suspicious', message: 'wrong', spanId: 'b' },
  ],
} as unknown as Decision;
const verdict = {
  ...{ criterion: 'c', outcome: 'pass', costMicroUsd: 250, judgedAtMs: 2 },
  votes: [{ outcome: 'pass', confidence: 1, costMicroUsd: 250 }],
} as unknown as Verdict;

it('a finding about the whole trace has no span, and votes cost dollars as verdicts do', () => {
  const why = explain({ trajectory, decision, verdicts: [verdict], outcome: 'judged', feedback: [] });
  expect(why.findings.map(({ spanId }) => spanId)).toEqual([null, 'b']);
  expect(why.verdicts[0]?.costUsd).toBe(0.00025);
  expect(why.verdicts[0]?.votes).toEqual([
    { outcome: 'pass', confidence: 1, reason: null, confirms: false, costUsd: 0.00025 },
  ]);
});
