import { describe, expect, it } from 'vitest';
import { parseJudgement } from './parse-judgement.js';
import { judgementOf } from './world.test-support.js';

const record = (value: object) => ({
  ...({ topic: 'judgements', key: 't1', headers: {}, partition: 0, offset: 7, acceptedAtMs: 0 } as const),
  value: new TextEncoder().encode(JSON.stringify(value)),
});

describe('parseJudgement', () => {
  it('reads what an earlier version wrote: no root, no log events, and nothing of Assay itself', () => {
    const { own, decision, ...rest } = judgementOf('t1');
    const { rootSpanId, ...older } = decision;
    expect([own, rootSpanId]).toEqual([false, '00f067aa0ba902b7']);
    expect(parseJudgement(record({ ...rest, decision: older }))).toEqual({
      ...rest,
      decision: { ...older, rootSpanId: '', logCount: 0 },
      own: false,
    });
  });

  it('keeps every field that it does not know', () => {
    const judgement = { ...judgementOf('t1', { own: true }), later: 1 };
    const decision = { ...judgement.decision, logCount: 2, later: { x: [1] } };
    expect(parseJudgement(record({ ...judgement, decision }))).toEqual({ ...judgement, decision });
  });

  it('refuses what is none, naming the place', () => {
    expect(() => parseJudgement(record({ own: 'yes' }))).toThrow(
      /^expected a judgement at judgements partition 0 offset 7/,
    );
  });
});
