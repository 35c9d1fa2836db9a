import type { Decision } from '../core/decision.js';
import { type LogRecord, TENANT_HEADER, type Topic } from '../core/log.js';
import { encodeLogsRequest } from '../core/otlp/logs.test-support.js';
import { transcodeJson } from '../core/otlp/transcode-json.js';
import { type Label, labelIdOf } from '../core/label.js';
import type { Spend, Verdict } from '../core/verdict.js';

export const TENANT = 'acme';
export const NOW_MS = 1_760_000_000_000;

/** A trace id of a number. */
export function traceIdOf(n: number): string {
  return n.toString(16).padStart(32, '0');
}

/** A record of the spans topic: `count` spans of one trace. */
export function spansRecord(
  traceId: string,
  { count = 2, tenant = TENANT, release = '1.0', startMs = NOW_MS, resourceBytes = 0, session = '' } = {},
): LogRecord {
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId,
    spanId: (index + 1).toString(16).padStart(16, '0'),
    ...(index === 0 ? {} : { parentSpanId: '0000000000000001' }),
    name: index === 0 ? 'invoke_agent' : 'chat',
    kind: 1,
    startTimeUnixNano: String(BigInt(startMs) * 1_000_000n + BigInt(index)),
    endTimeUnixNano: String(BigInt(startMs + 250) * 1_000_000n),
    attributes: [{ key: 'gen_ai.usage.input_tokens', value: { intValue: '42' } }],
    status: {},
  }));
  const attributes = [
    { key: 'service.name', value: { stringValue: 'refunds' } },
    { key: 'service.version', value: { stringValue: release } },
    { key: 'assay.tenant', value: { stringValue: tenant } },
    ...(session === '' ? [] : [{ key: 'session', value: { stringValue: session } }]),
    ...(resourceBytes === 0 ? [] : [{ key: 'big', value: { stringValue: 'x'.repeat(resourceBytes) } }]),
  ];
  const body = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ scope: { name: 'test' }, spans }] }] };
  const value = transcodeJson(Buffer.from(JSON.stringify(body)));
  return { topic: 'spans', key: traceId, value, headers: { [TENANT_HEADER]: tenant } };
}

/** A record of the logs topic: `count` message events of one trace. */
export function logsRecord(traceId: string, count: number, { tenant = TENANT } = {}): LogRecord {
  const logs = Array.from({ length: count }, (_, index) => ({
    traceId,
    spanId: '0000000000000001',
    timeNs: BigInt(NOW_MS) * 1_000_000n + BigInt(index),
    eventName: 'gen_ai.user.message',
    body: { content: `message ${index}` },
  }));
  const value = encodeLogsRequest([{ resource: { 'assay.tenant': tenant }, scopes: [{ name: 'test', logs }] }]);
  return { topic: 'logs', key: traceId, value, headers: { [TENANT_HEADER]: tenant } };
}

/** A decision that selects a trace to be judged by one criterion. */
export function decisionOn(traceId: string, changes: Partial<Decision> = {}): Decision {
  return {
    tenant: TENANT,
    traceId,
    version: 1,
    service: 'refunds',
    release: '1.0',
    environment: 'prod',
    sessionId: 's-1',
    userId: 'u-1',
    complete: true,
    completeness: 'root ended and quiet for 2 s',
    firstSeenMs: NOW_MS,
    lastSeenMs: NOW_MS + 300,
    decidedAtMs: NOW_MS + 2_300,
    spanCount: 2,
    logCount: 0,
    rootSpanId: '0000000000000001',
    spanXor: '00ff00ff00ff00ff',
    criteria: ['task-done'],
    findings: [],
    settled: [],
    suspicion: 0.1,
    stratum: 'unsuspected',
    g: 0.05,
    pi: 0.08,
    upstreamWeight: 1,
    outcome: 'selected',
    audit: false,
    reason: 'drawn with probability 0.08',
    policyVersion: 1,
    durationMs: 250.5,
    tokens: { input: 42, output: 7 },
    evidenceTokens: 900,
    modelCalls: 1,
    toolCalls: 1,
    ...changes,
  };
}

/** A verdict on a decision. */
export function verdictOn(decision: Decision, changes: Partial<Verdict> = {}): Verdict {
  const criterion = changes.criterion ?? 'task-done';
  return {
    evalId: `${decision.traceId}-${decision.version}-${criterion}-${changes.audit === true}`,
    tenant: decision.tenant,
    traceId: decision.traceId,
    version: decision.version,
    spanId: decision.rootSpanId,
    criterion,
    outcome: 'pass',
    confidence: 1,
    votes: [
      {
        outcome: 'pass',
        confidence: 0.9,
        explanation: 'the refund was made',
        quotes: ['refunded in full'],
        model: 'judge-1',
        costMicroUsd: 120.25,
        inputTokens: 900,
        outputTokens: 60,
        latencyMs: 210.5,
      },
    ],
    quotes: ['refunded in full'],
    explanation: 'the refund was made',
    reason: '',
    rubricVersion: '1',
    judgeHash: 'abc',
    model: 'judge-1',
    provider: 'openai',
    fromCache: false,
    cacheAudit: '',
    audit: false,
    byHand: false,
    disputed: false,
    costMicroUsd: 120.25,
    inputTokens: 900,
    outputTokens: 60,
    latencyMs: 210.5,
    pi: decision.pi,
    stratum: decision.stratum,
    service: decision.service,
    release: decision.release,
    decidedAtMs: decision.decidedAtMs,
    judgedAtMs: decision.decidedAtMs + 500,
    ...changes,
  };
}

/** What a person said of a decided trace. */
export function labelOn(decision: Decision, changes: Partial<Label> = {}): Label {
  const { tenant, traceId, version, decidedAtMs } = decision;
  const label: Omit<Label, 'labelId'> = {
    ...{ tenant, traceId, version, criterion: 'task-done', value: 'pass', source: 'annotator', queue: 'cell' },
    ...{ annotator: 'ann', comment: '', labelledAtMs: decidedAtMs + 60_000 },
    ...changes,
  };
  return { labelId: labelIdOf(label), ...label };
}

/** The money of one call. */
export function spendOf(callId: string, changes: Partial<Spend> = {}): Spend {
  return {
    callId,
    evalId: 'e-1',
    tenant: TENANT,
    traceId: traceIdOf(1),
    provider: 'openai',
    model: 'judge-1',
    status: 'settled',
    reservedMicroUsd: 300,
    settledMicroUsd: 120,
    priceVersion: 'test',
    atMs: NOW_MS + 3_000,
    ...changes,
  };
}

/** A JSON record as the stages append it. */
export function jsonRecord(topic: Exclude<Topic, 'spans' | 'logs'>, key: string, value: unknown): LogRecord {
  return { topic, key, value: Buffer.from(JSON.stringify(value)) };
}
