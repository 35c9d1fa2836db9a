import { describe, expect, it } from 'vitest';
import type { Evidence, Judgement } from '../core/evidence.js';
import type { Trajectory } from '../core/trajectory.js';
import { samplerConfig } from './config.js';
import { createDecider } from './decider.js';
import { encodeJudgement, MAX_JUDGEMENT_BYTES } from './judgement.js';
import { toSpans } from './records.test-support.js';
import { toJson } from './to-json.js';
import { trajectoryOf } from './world.test-support.js';

const decide = (more: Partial<Trajectory>) =>
  createDecider(samplerConfig.parse({})).decide({
    trajectory: { ...trajectoryOf([]), ...more },
    ...{ version: 1, complete: true, completeness: '', firstSeenMs: 1, lastSeenMs: 2, decidedAtMs: 3, spanCount: 1 },
    ...{ logCount: 0, rootSpanId: '' },
    ...{ spanXor: '', criteria: ['task-completion'], findings: [], upstreamWeight: 1, evidenceTokens: 1, salt: 's' },
    policy: {
      version: 1,
      effectiveFromMs: 0,
      pi: { suspected: 1, unsuspected: 1, incomplete: 1, settled: 1 },
      reason: '',
    },
  });
const decode = (value: Uint8Array) => JSON.parse(Buffer.from(value).toString()) as Judgement;
const BIG = 600 * 1024;

describe('a judgement record', () => {
  const names = ['service', 'release', 'environment', 'sessionId', 'userId'] as const;
  it.each(names)('is short, and holds its evidence whole, whatever the length of %s', (name) => {
    const evidence: Evidence = {
      sections: [{ title: 'user request', text: 'refund '.repeat(1_000) }],
      truncated: false,
    };
    const decision = decide({ [name]: 'x'.repeat(BIG) });
    expect(decision[name]).toBe('x'.repeat(256));
    const value = encodeJudgement(decision, evidence, []);
    expect(value.length).toBeLessThan(MAX_JUDGEMENT_BYTES);
    expect(decode(value).evidence).toEqual(evidence);
  });

  it('cuts no character of a name in half', () => {
    expect(decide({ userId: `a${'🙂'.repeat(200)}` }).userId).toBe(`a${'🙂'.repeat(127)}`);
  });

  it.each([
    ['one long text', [{ title: 'user request', text: 'é'.repeat(BIG) }]],
    [
      'long text beside short',
      [
        { title: 'user request', text: 'please refund' },
        { title: 'answer', text: '"'.repeat(BIG) },
      ],
    ],
    ['very many sections', Array.from({ length: 40_000 }, () => ({ title: 'step', text: '' }))],
  ])('fits, with evidence left, of %s', (_, sections) => {
    const value = encodeJudgement(decide({}), { sections, truncated: false }, []);
    expect(value.length).toBeLessThanOrEqual(MAX_JUDGEMENT_BYTES);
    expect(value.length).toBeGreaterThan(MAX_JUDGEMENT_BYTES / 8);
    const { evidence } = decode(value);
    expect(evidence.truncated).toBe(true);
    expect(evidence.sections[0]?.title).toBe(sections[0]?.title);
  });
});

describe("Assay's own spans", () => {
  it.each([
    [true, 'true'],
    [false, 'false'],
  ])('are told beside the decision, whatever that says: %s', (own, value) => {
    const decision = decide({});
    const spans = [
      ...toSpans([{ id: 1, parent: 0 }]),
      ...toSpans([{ id: 2, parent: 1, resource: { 'assay.internal': value } }]),
    ];
    expect(decode(encodeJudgement(decision, { sections: [], truncated: false }, spans)).own).toBe(own);
  });
});

describe('a record on the bus', () => {
  it('holds 0 in place of a number that is not finite', () => {
    const decision = decide({ durationMs: Infinity, tokens: { input: NaN, output: -Infinity } });
    expect(JSON.parse(toJson(decision))).toMatchObject({ durationMs: 0, tokens: { input: 0, output: 0 } });
    const { decision: judged } = decode(encodeJudgement(decision, { sections: [], truncated: false }, []));
    expect(judged).toMatchObject({ durationMs: 0, tokens: { input: 0, output: 0 } });
  });
});
