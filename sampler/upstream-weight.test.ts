import { describe, expect, it } from 'vitest';
import { samplingSpan, upstreamWeight } from './upstream-weight.js';
import { toSpans } from './records.test-support.js';

describe('upstreamWeight', () => {
  // Thresholds of the OpenTelemetry specification, "TraceState: Probability Sampling".
  it.each([
    ['ot=th:0', 1],
    ['ot=th:8', 2],
    ['ot=th:c', 4],
    ['ot=th:f', 16],
    ['ot=th:fd70a4', 1 / 0.01],
    ['ot=th:ffffffffffffff', 2 ** 56],
    ['ot=th:c;rv:d29d6a7215ced0', 4],
    ['ot=rv:d29d6a7215ced0;th:c', 4],
    ['vendor=x:1, ot=th:8', 2],
  ])('reads %s as %d', (traceState, weight) => {
    expect(upstreamWeight(traceState)).toBeCloseTo(weight, weight < 1_000 ? 3 : -10);
  });

  it.each(['', 'ot=', 'ot=rv:00', 'ot=th:', 'ot=th:zz', 'ot=th:0123456789abcde', 'other=th:8', 'ot=xth:8', 'ot=th:C'])(
    'is 1 for %s, which states no valid threshold',
    (traceState) => {
      expect(upstreamWeight(traceState)).toBe(1);
    },
  );
});

describe('samplingSpan', () => {
  it('is the root, wherever it comes', () => {
    const spans = toSpans([
      { id: 2, parent: 1, traceState: 'ot=th:8' },
      { id: 1, parent: 0, traceState: 'ot=th:c' },
    ]);
    expect(samplingSpan(spans)?.traceState).toBe('ot=th:c');
  });

  it('is the first span where there is no root, in any order', () => {
    const spans = toSpans([
      { id: 3, parent: 9 },
      { id: 2, parent: 9, traceState: 'ot=th:8' },
    ]);
    expect(samplingSpan(spans)?.traceState).toBe('ot=th:8');
    expect(samplingSpan(spans.toReversed())?.traceState).toBe('ot=th:8');
    expect(samplingSpan([])).toBeUndefined();
  });
});
