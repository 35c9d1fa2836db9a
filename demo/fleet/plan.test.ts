import { describe, expect, it } from 'vitest';
import { planRequests, type PlannedRequest } from './plan.js';

const plan = (release: string) => planRequests({ seed: 1, release, count: 3_000 });

describe('planRequests', () => {
  it('gives every request of both releases its own customer, order, amount, session and trace', () => {
    const all = [...plan('1.0'), ...plan('1.1')];
    const columns: Readonly<Record<string, (request: PlannedRequest) => string | number>> = {
      customer: ({ customer }) => customer.name,
      customerId: ({ customer }) => customer.id,
      order: ({ order }) => order.id,
      amount: ({ amountCents }) => amountCents,
      session: ({ sessionId }) => sessionId,
      trace: ({ traceId }) => traceId,
      text: ({ text }) => text,
    };
    const distinct = Object.values(columns).map((column) => new Set(all.map((request) => column(request))).size);
    expect(distinct).toEqual(Array.from({ length: 7 }, () => 6_000));
  });

  it('asks for refunds in 80 % of requests and lets 12 % + 2 % of those go wrong in release 1.1 only', () => {
    const refunds = plan('1.1').filter(({ intent }) => intent === 'refund');
    const share = (kind: string) => refunds.filter(({ misbehaviour }) => misbehaviour === kind).length / refunds.length;
    expect(refunds.length / 3_000).toBeCloseTo(0.8, 1);
    expect(Math.abs(share('cut_arguments') - 0.12)).toBeLessThan(0.02);
    expect(Math.abs(share('wrong_amount') - 0.02)).toBeLessThan(0.01);
    expect(plan('1.0').some(({ misbehaviour }) => misbehaviour !== undefined)).toBe(false);
    expect(plan('1.1').some(({ intent, misbehaviour }) => intent !== 'refund' && misbehaviour !== undefined)).toBe(
      false,
    );
  });

  it('refuses a release that it does not know', () => {
    expect(() => planRequests({ seed: 1, release: '2.0', count: 1 })).toThrow(
      'expected a release of 1.0, 1.1, got 2.0',
    );
  });
});
