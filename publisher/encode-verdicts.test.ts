import { describe, expect, it } from 'vitest';
import type { LogEvent } from '../core/log-event.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { isOwnSpan } from '../core/own-spans.js';
import type { Verdict } from '../core/verdict.js';
import { encodeVerdicts } from './encode-verdicts.js';
import { makeVerdict } from './verdict.test-support.js';

function encoded(...verdicts: readonly Verdict[]): readonly LogEvent[] {
  return decodeLogEvents(encodeVerdicts(verdicts, '9.9.9'));
}

describe('a verdict as an event', () => {
  it('says who judged what, how it ended and with what probability it was chosen', () => {
    const [event] = encoded(makeVerdict());
    expect(event).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      spanId: 'b7ad6b7169203331',
      timeNs: 1_760_000_001_500_000_000n,
      severityNumber: 9,
      severityText: 'INFO',
      name: 'gen_ai.evaluation.result',
      body: null,
      scopeName: 'assay',
      scopeVersion: '9.9.9',
    });
    expect(Object.fromEntries(event!.attributes)).toEqual({
      'event.name': 'gen_ai.evaluation.result',
      'gen_ai.evaluation.name': 'task_completion',
      'gen_ai.evaluation.score.label': 'fail',
      'gen_ai.evaluation.score.value': 0,
      'gen_ai.evaluation.explanation': 'The user asked for a room at 14:00 and got one at 16:00.',
      'assay.eval_id': 'eval-1',
      'assay.trace_version': 1,
      'assay.judge.provider': 'openai',
      'assay.judge.model': 'gpt-6-luna',
      'assay.judge.hash': 'f00d',
      'assay.rubric.version': '1',
      'assay.confidence': 1,
      'assay.inclusion_probability': 0.25,
      'assay.stratum': 'unsuspected',
      'assay.from_cache': false,
      'assay.audit': false,
      'assay.by_hand': false,
      'assay.disputed': false,
    });
    expect(Object.fromEntries(event!.resource)).toEqual({
      'service.name': 'booking-agent',
      'service.version': '1.4.0',
      'assay.internal': true,
    });
  });

  it('carries its name both as a field and as an attribute', () => {
    const text = Buffer.from(encodeVerdicts([makeVerdict()], '1')).toString('latin1');
    expect(text.split('gen_ai.evaluation.result')).toHaveLength(3);
    // Field 12 of a log record, of 24 bytes.
    expect(text).toContain('\x62\x18gen_ai.evaluation.result');
  });

  it('scores a pass 1', () => {
    expect(encoded(makeVerdict({ outcome: 'pass' }))[0]!.attributes.get('gen_ai.evaluation.score.value')).toBe(1);
  });

  it.each(['abstain', 'error', 'shed_budget'] as const)('has a label and a reason, and no score, for %s', (outcome) => {
    const { attributes } = encoded(makeVerdict({ outcome, explanation: '', reason: 'No judge model is set.' }))[0]!;
    expect(attributes.get('gen_ai.evaluation.score.label')).toBe(outcome);
    expect(attributes.get('gen_ai.evaluation.explanation')).toBe('No judge model is set.');
    expect(attributes.has('gen_ai.evaluation.score.value')).toBe(false);
    expect(attributes.get('error.type')).toBe(outcome === 'error' ? 'judge_error' : undefined);
  });

  it('names no span, model or release that is not known', () => {
    const [event] = encoded(makeVerdict({ spanId: '', model: '', provider: '', release: '' }));
    expect(event!.spanId).toBe('');
    expect(event!.attributes.has('assay.judge.model')).toBe(false);
    expect(event!.attributes.has('assay.judge.provider')).toBe(false);
    expect(event!.resource.has('service.version')).toBe(false);
  });

  it('lies below the resource of its own service and release, which is marked as own', () => {
    const events = encoded(
      makeVerdict({ evalId: 'a', release: '1' }),
      makeVerdict({ evalId: 'b', release: '2' }),
      makeVerdict({ evalId: 'c', release: '1' }),
    );
    expect(
      events.map((event) => [event.attributes.get('assay.eval_id'), event.resource.get('service.version')]),
    ).toEqual([
      ['a', '1'],
      ['c', '1'],
      ['b', '2'],
    ]);
    expect(events.every((event) => isOwnSpan(event))).toBe(true);
  });

  it('keeps text in any script, and survives half a surrogate pair', () => {
    const explanation = 'große Räume, 会議室, 🛎 and \ud83d';
    const { attributes } = encoded(makeVerdict({ explanation }))[0]!;
    expect(attributes.get('gen_ai.evaluation.explanation')).toBe('große Räume, 会議室, 🛎 and \ufffd');
  });
});
