import { describe, expect, it } from 'vitest';
import type { Sent } from './exporter.js';
import { examine, type Witness } from './oracle.js';
import type { StoreContent } from './store-content.js';

const SENT: Sent = {
  number: 1,
  spans: ['t1/a', 't1/b'],
  body: Buffer.alloc(0),
  acknowledged: 1,
  unknown: 1,
  refused: 3,
};
const WITNESS: Witness = { sent: [SENT], requests: new Map([['t1/done', 3]]), published: new Set(['e1']) };
const VERDICT = { evalId: 'e1', traceId: 't1', version: 1, criterion: 'done', outcome: 'pass' };
const STORE: StoreContent = {
  rawSpans: new Map([
    ['t1/a', 2],
    ['t1/b', 1],
  ]),
  spans: new Map([
    ['t1/a', 1],
    ['t1/b', 1],
  ]),
  ledger: [{ traceId: 't1', outcome: 'judged' }],
  verdicts: [VERDICT],
  rawVerdicts: [{ evalId: 'e1', rows: 2, answers: 1 }],
  spend: [
    { evalId: 'e1', status: 'settled', microUsd: 60 },
    { evalId: 'e1', status: 'settled', microUsd: 60 },
    { evalId: 'e1', status: 'lost', microUsd: 90 },
  ],
};

/** The claims that do not hold, by their first words. */
function broken(store: Partial<StoreContent>, witness: Partial<Witness> = {}): readonly string[] {
  return examine({ ...STORE, ...store }, { ...WITNESS, ...witness })
    .filter(({ holds }) => !holds)
    .map(({ text }) => text);
}

describe('the oracle', () => {
  it('finds nothing wrong where nothing is', () => {
    expect(broken({})).toEqual([]);
  });

  it('sees a span that was acknowledged and is lost', () => {
    const rawSpans = new Map([['t1/a', 1]]);
    expect(broken({ rawSpans, spans: rawSpans })).toEqual([
      'every acknowledged span is at least once in otel_traces',
      'every acknowledged span is exactly once in assay_spans',
    ]);
  });

  it('sees a span that nobody sent', () => {
    const rawSpans = new Map([...STORE.rawSpans, ['t1/c', 1] as const]);
    expect(broken({ rawSpans })).toEqual(['the store holds no span that was not sent']);
  });

  it('sees a row more than senders can have caused', () => {
    const rawSpans = new Map([...STORE.rawSpans, ['t1/a', 3] as const]);
    expect(broken({ rawSpans })).toEqual([expect.stringContaining('a restart of the writer adds no duplicate')]);
  });

  it('sees a span that assay_spans shows twice', () => {
    const spans = new Map([...STORE.spans, ['t1/a', 2] as const]);
    expect(broken({ spans })).toEqual(['every acknowledged span is exactly once in assay_spans']);
  });

  it.each([
    ['none', []],
    ['two', [...STORE.ledger, ...STORE.ledger]],
  ])('sees a trace with %s ledger rows', (_, ledger) => {
    expect(broken({ ledger })).toEqual(['every trace has one current ledger row']);
  });

  it('sees a trace that came to no outcome', () => {
    expect(broken({ ledger: [{ traceId: 't1', outcome: 'pending' }] })).toEqual(['every trace came to an outcome']);
  });

  it('sees a second verdict on one question', () => {
    const verdicts = [VERDICT, { ...VERDICT, evalId: 'e2' }];
    expect(broken({ verdicts }, { published: new Set(['e1', 'e2']) })).toEqual([
      expect.stringContaining('no verdict is doubled'),
    ]);
  });

  it('sees a verdict that changed when it was told again', () => {
    expect(broken({ rawVerdicts: [{ evalId: 'e1', rows: 2, answers: 2 }] })).toEqual([
      'a verdict that was told twice says the same twice',
    ]);
  });

  it('sees a verdict that was not published', () => {
    expect(broken({}, { published: new Set() })).toEqual([
      'every verdict arrived at the receiver of verdicts at least once',
    ]);
  });

  it('sees a reply that was bought again, and is no lost call', () => {
    const requests = new Map([['t1/done', 4]]);
    expect(broken({}, { requests })).toEqual([
      expect.stringContaining('journaled replies are never bought again'),
      'calls lost in flight are in assay_spend as lost',
    ]);
  });

  it('sees a call in flight that is nowhere lost', () => {
    const spend = STORE.spend.filter(({ status }) => status === 'settled');
    expect(broken({ spend })).toContain('calls lost in flight are in assay_spend as lost');
  });

  it('sees that kills left no lost call', () => {
    expect(broken({}, { killsInFlight: 2 })).toEqual(['calls lost in flight are in assay_spend as lost']);
  });

  it('sees a call that was charged and never made', () => {
    expect(broken({}, { requests: new Map([['t1/done', 1]]) })).toContain('no call is paid for that was not made');
  });
});
