import { describe, expect, it } from 'vitest';
import type { AdversarialCase } from '../core/adversarial-case.js';
import { startRig, type Rig } from './rig.test-support.js';

const TRACE = '5B8EFFF798038103d269b633813fc60c';
const FLAG = { traceId: TRACE, kind: 'semantic', text: 'it refunded twice', flag: 'support' };
const ON = { feedback: { enabled: true } };

function send(rig: Rig, body: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${rig.collector.url}/v1/feedback`, { method: 'POST', body: text, ...init, headers });
}

describe('POST /v1/feedback', () => {
  it('is not served unless the settings say so', async () => {
    const rig = await startRig();
    expect((await send(rig, FLAG)).status).toBe(404);
    expect(rig.log.records).toEqual([]);
  });

  it('makes a flagged trace a case, once, whoever flags it again, and answers 202 when the bus has it', async () => {
    const rig = await startRig({ feedback: { enabled: true, criterion: 'task-completion' }, tenant: 'acme' });
    const answers = [await send(rig, FLAG), await send(rig, { ...FLAG, text: undefined, kind: 'action' })];
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    const cases = rig.log.records.map(({ value }) => JSON.parse(Buffer.from(value).toString()) as AdversarialCase);
    expect(cases[0]).toMatchObject({
      ...{ tenant: 'acme', origin: 'support_flag', traceId: TRACE.toLowerCase(), criterion: 'task-completion' },
      ...{ input: '', contains: '', lacks: '', matches: '', pattern: '', note: 'semantic: it refunded twice' },
    });
    expect(await answers[1]?.json()).toEqual({ caseId: cases[0]?.caseId });
    expect(cases[1]).toMatchObject({ caseId: cases[0]?.caseId, note: 'action' });
    expect(rig.log.records[0]).toMatchObject({
      ...{ topic: 'adversarial', key: cases[0]?.caseId, headers: { 'assay.tenant': 'acme' } },
    });
    expect(rig.metrics.values.get('assay_collector_support_flags_total')).toBe(2);
  });

  it.each([
    ['no JSON', 'nothing', 400],
    ['another id', { ...FLAG, traceId: 'abc' }, 400],
    ['another kind', { ...FLAG, kind: 'rude' }, 400],
    ['no flag', { ...FLAG, flag: undefined }, 400],
    ['an expectation', { ...FLAG, contains: 'anything' }, 400],
    ['a long text', { ...FLAG, text: 'x'.repeat(10_001) }, 400],
    ['a large body', 'x'.repeat(70_000), 413],
  ])('refuses %s', async (_, body, status) => {
    const rig = await startRig(ON);
    const answer = await send(rig, body);
    expect(answer.status).toBe(status);
    expect(((await answer.json()) as { message: string }).message).toMatch(/^expected .*; .*\.$/);
    expect(rig.log.records).toEqual([]);
  });

  it('keeps the rules of the other paths: method, content type, tokens, bus', async () => {
    const token = 'a-token-of-enough-length';
    const rig = await startRig({ ...ON, auth: { tokens: [{ token, tenant: 'other', signals: ['logs'] }] } });
    const authorization = `Bearer ${token}`;
    expect((await send(rig, FLAG)).status).toBe(401);
    expect((await send(rig, FLAG, { headers: { authorization, 'content-type': 'text/plain' } })).status).toBe(415);
    const protobuf = { authorization, 'content-type': 'application/x-protobuf' };
    expect((await send(rig, FLAG, { headers: protobuf })).status).toBe(415);
    expect((await fetch(`${rig.collector.url}/v1/feedback`)).status).toBe(405);
    rig.log.onAppend = () => Promise.reject(new Error('full'));
    const refused = await send(rig, FLAG, { headers: { authorization } });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    rig.log.onAppend = () => Promise.resolve();
    expect((await send(rig, FLAG, { headers: { authorization } })).status).toBe(202);
    expect(rig.log.records[0]?.headers).toEqual({ 'assay.tenant': 'other' });
  });
});
