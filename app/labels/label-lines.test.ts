import { describe, expect, it } from 'vitest';
import type { Label } from '../../core/label.js';
import { parseLabelLines, toLabelLine } from './label-lines.js';

const TRACE = 'ab'.repeat(16);
const GIVEN = {
  tenant: 'acme',
  traceId: TRACE,
  version: 2,
  criterion: 'task-completion',
  value: 'fail',
  source: 'annotator',
  queue: 'audit',
  annotator: 'ann',
  comment: 'no refund\nwas made',
  labelledAtMs: 1_760_000_000_123,
} as const;
const LABEL: Label = { ...GIVEN, labelId: 'x' };

describe('labels as JSON lines', () => {
  it('are read back as they were written', () => {
    expect(parseLabelLines(`${toLabelLine(LABEL)}\n`, 'file')).toEqual([{ line: 1, label: GIVEN }]);
  });

  it('need a trace, a criterion and a value, and may have empty lines between them', () => {
    const text = `\n{"traceId":"${TRACE}","criterion":"polite","value":"skip"}\n\n`;
    expect(parseLabelLines(text, 'file')).toEqual([
      { line: 2, label: { traceId: TRACE, criterion: 'polite', value: 'skip' } },
    ]);
  });

  it.each([
    ['{', 'JSON'],
    [`{"traceId":"abc","criterion":"polite","value":"pass"}`, 'traceId'],
    [`{"traceId":"${TRACE}","criterion":"polite","value":"good"}`, 'value'],
    [`{"traceId":"${TRACE}","criterion":"polite","value":"pass","stars":5}`, 'stars'],
  ])('refuse %s with the line and what is wrong', (text, named) => {
    expect(() => parseLabelLines(`\n${text}`, 'labels.jsonl')).toThrow(/labels\.jsonl:2/);
    expect(() => parseLabelLines(`\n${text}`, 'labels.jsonl')).toThrow(named);
  });
});
