import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Policy, Stratum } from '../core/decision.js';
import type { Finding } from '../core/finding.js';
import { samplerConfig } from './config.js';
import { createDecider, isSelected, type DecisionInput } from './decider.js';
import { trajectoryOf } from './world.test-support.js';

const decider = createDecider(samplerConfig.parse({}));
const POLICY: Policy = {
  version: 3,
  effectiveFromMs: 0,
  pi: { suspected: 1, unsuspected: 0.08, incomplete: 0.5, settled: 0.02 },
  reason: '',
};
const INPUT: DecisionInput = {
  trajectory: trajectoryOf([]),
  version: 1,
  complete: true,
  completeness: 'root ended',
  firstSeenMs: 1,
  lastSeenMs: 2,
  decidedAtMs: 3,
  spanCount: 4,
  logCount: 0,
  rootSpanId: '0000000000000001',
  spanXor: '0'.repeat(16),
  criteria: ['task-completion'],
  findings: [],
  upstreamWeight: 2,
  evidenceTokens: 5,
  policy: POLICY,
  salt: 'salt',
};
const SETTLES: Finding = {
  check: 'broken-arguments',
  severity: 'settles',
  message: '',
  spanId: '',
  fails: ['task-completion'],
};
const SUSPICIOUS: Finding = { check: 'unhandled-error', severity: 'suspicious', message: '', spanId: '' };

function idsWhere(holds: (id: string) => boolean, count = 1): readonly string[] {
  const ids: string[] = [];
  for (let at = 0; ids.length < count; at += 1) {
    const id = createHash('md5').update(String(at)).digest('hex');
    if (holds(id)) ids.push(id);
  }
  return ids;
}

describe('a decision', () => {
  const [drawn = ''] = idsWhere((id) => isSelected(id, 0.08, 'salt'));
  const [notDrawn = ''] = idsWhere((id) => !isSelected(id, 0.5, 'salt'));
  const of = (traceId: string) => ({ ...trajectoryOf([]), traceId });

  it('tells why an unsuspected trace was judged, or was not', () => {
    expect(decider.decide({ ...INPUT, trajectory: of(drawn) })).toMatchObject({
      outcome: 'selected',
      stratum: 'unsuspected',
      pi: 0.08,
      g: 0.01,
      upstreamWeight: 2,
      policyVersion: 3,
      reason: 'selected: unsuspected, 8 % of these are judged and this one was drawn',
    });
    expect(decider.decide({ ...INPUT, trajectory: of(notDrawn) })).toMatchObject({
      outcome: 'sampled_out',
      pi: 0.08,
      reason: 'not selected: unsuspected, 8 % of these are judged and this one was not drawn',
    });
  });

  it('judges every suspected trace when the plan says so, and names the checks', () => {
    expect(decider.decide({ ...INPUT, trajectory: of(notDrawn), findings: [SUSPICIOUS] })).toMatchObject({
      outcome: 'selected',
      stratum: 'suspected',
      suspicion: 0.6,
      g: 0.4,
      pi: 1,
      reason: 'selected: suspected (unhandled-error), all of these are judged',
    });
  });

  it('has a band of its own for incomplete traces, suspected or not', () => {
    expect(
      decider.decide({ ...INPUT, trajectory: of(notDrawn), complete: false, findings: [SUSPICIOUS] }),
    ).toMatchObject({
      outcome: 'sampled_out',
      stratum: 'incomplete',
      pi: 0.5,
    });
  });

  it('settles what a check has failed: no judge, and probability 1 for the estimate', () => {
    expect(decider.decide({ ...INPUT, findings: [SETTLES, SUSPICIOUS] })).toMatchObject({
      outcome: 'settled',
      stratum: 'settled',
      suspicion: 1,
      pi: 1,
      audit: false,
      settled: [{ criterion: 'task-completion', outcome: 'fail', check: 'broken-arguments' }],
      reason: 'settled: task-completion failed by the check broken-arguments',
    });
  });

  it('settles nothing by a check whose criterion does not apply', () => {
    expect(decider.decide({ ...INPUT, criteria: ['tone'], findings: [SETTLES] })).toMatchObject({
      stratum: 'suspected',
      settled: [],
    });
  });

  it('audits the share of settled traces that the plan names, drawn apart from the sample', () => {
    const ids = idsWhere(() => true, 20_000);
    const audits = ids.filter((id) => decider.decide({ ...INPUT, trajectory: of(id), findings: [SETTLES] }).audit);
    expect(audits.length / ids.length).toBeGreaterThan(0.016);
    expect(audits.length / ids.length).toBeLessThan(0.024);
    const both = audits.filter((id) => isSelected(id, 0.08, 'salt')).length / audits.length;
    expect(both).toBeLessThan(0.16);
  });

  it('abstains without content, in the stratum and with the probability that it would have had', () => {
    const trajectory = { ...of(notDrawn), hasContent: false };
    expect(decider.decide({ ...INPUT, trajectory })).toMatchObject({
      outcome: 'abstained',
      stratum: 'unsuspected',
      pi: 0.08,
      reason: 'no content: no span holds message text; let the sender record the messages of its model calls',
    });
  });

  it("names the emitter's own switch, when the dialect has one", () => {
    const trajectory = { ...of(notDrawn), hasContent: false, contentSwitch: 'set CAPTURE=true at the sender' };
    expect(decider.decide({ ...INPUT, trajectory }).reason).toBe(
      'no content: no span holds message text; set CAPTURE=true at the sender',
    );
  });

  it('says of a trace in which nothing is understood how to keep it out of the rates', () => {
    const trajectory = { ...of(notDrawn), hasContent: false, dialects: [], contentSwitch: 'set CAPTURE=true' };
    expect(decider.decide({ ...INPUT, trajectory })).toMatchObject({
      outcome: 'abstained',
      reason:
        'no content: no span is of a dialect that is understood; to keep such traces out of the rates, name their service or root span in sampler.exclude',
    });
  });

  it('draws, checks and predicts nothing for an excluded trace, and keeps the facts of it', () => {
    expect(decider.exclude({ ...INPUT, trajectory: of(drawn), complete: false }, 'it is a test')).toMatchObject({
      outcome: 'excluded',
      stratum: 'unsuspected',
      pi: 1,
      suspicion: 0,
      audit: false,
      criteria: [],
      findings: [],
      settled: [],
      reason: 'excluded: it is a test',
      traceId: drawn,
      service: 'shop',
      complete: false,
      spanCount: 4,
      upstreamWeight: 2,
      policyVersion: 3,
    });
  });

  it('abstains when no criterion applies', () => {
    expect(decider.decide({ ...INPUT, trajectory: of(drawn), criteria: [] })).toMatchObject({
      outcome: 'abstained',
      reason: 'no criterion: none of the rubrics applies to this trace',
    });
  });

  it.each([
    ['suspected, and all of these are judged', { findings: [SUSPICIOUS] }],
    ['incomplete', { complete: false }],
    ['failed by a check, of a criterion that does not apply', { findings: [SETTLES] }],
    ['without content either', { trajectory: { ...trajectoryOf([]), hasContent: false } }],
  ] as const)('never waits for a judge when no criterion applies: %s', (_, change) => {
    const pi = { suspected: 1, unsuspected: 1, incomplete: 1, settled: 1 };
    const decision = decider.decide({ ...INPUT, policy: { ...POLICY, pi }, ...change, criteria: [] });
    expect(decision).toMatchObject({ outcome: 'abstained', audit: false, criteria: [], settled: [] });
  });
});

describe('selection', () => {
  it.each([
    ['unsuspected', 0.08],
    ['incomplete', 0.5],
    ['suspected', 1],
  ] as const)('draws %s traces at the frequency that it states', (stratum: Stratum, pi) => {
    const ids = idsWhere(() => true, 20_000);
    const selected = ids.filter(
      (traceId) => decider.select({ traceId, stratum, policy: POLICY, salt: 'salt' }).selected,
    );
    // Four standard errors.
    expect(Math.abs(selected.length / ids.length - pi)).toBeLessThanOrEqual(
      4 * Math.sqrt((pi * (1 - pi)) / ids.length),
    );
  });

  it('does not lean on bits of the id that a sampler before us has used', () => {
    const ids = idsWhere((id) => id.endsWith('ffff') || id.startsWith('ff'), 2_000);
    const share = ids.filter((id) => isSelected(id, 0.25, 'salt')).length / ids.length;
    expect(Math.abs(share - 0.25)).toBeLessThan(0.04);
  });

  it('is nested: what a small share draws, a larger one draws too', () => {
    const ids = idsWhere((id) => isSelected(id, 0.05, 'salt'), 100);
    expect(ids.every((id) => isSelected(id, 0.2, 'salt'))).toBe(true);
  });

  it('differs from salt to salt', () => {
    const ids = idsWhere((id) => isSelected(id, 0.5, 'salt'), 1_000);
    const again = ids.filter((id) => isSelected(id, 0.5, 'pepper')).length;
    expect(again).toBeGreaterThan(420);
    expect(again).toBeLessThan(580);
  });
});
