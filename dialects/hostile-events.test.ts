import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import { joinLogEvents } from '../core/join-log-events.js';
import type { LogEvent } from '../core/log-event.js';
import { asLogRow, asRow } from '../test/fixtures/captures/load.js';
import { makeSpan } from '../test/fixtures/captures/make-span.js';
import { readFeedback, readTrajectory } from './index.js';

const KEYS = [
  'gen_ai.operation.name',
  'langfuse.observation.type',
  'langfuse.observation.input',
  'langfuse.observation.output',
  'langfuse.observation.usage_details',
  'langfuse.observation.level',
  'langfuse.trace.input',
  'mastra.span.type',
  'mastra.model_step.input',
  'mastra.model_step.output',
  'mastra.tool_call.output',
  'mastra.metadata.userId',
  'system_prompt',
  'gen_ai.tool.call.result',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.evaluation.name',
  'gen_ai.evaluation.score.value',
  'annotations.0.annotation.name',
  'trace.evaluations.3.evaluation.label',
  'session.annotations.0.annotation.score',
  'logfire.feedback.name',
  'event.name',
  'exception.message',
  'content',
  'message',
  'index',
] as const;

const NAMES = [
  'gen_ai.system.message',
  'gen_ai.user.message',
  'gen_ai.assistant.message',
  'gen_ai.tool.message',
  'gen_ai.choice',
  'gen_ai.client.inference.operation.details',
  'gen_ai.client.operation.exception',
  'gen_ai.evaluation.result',
  '',
];

const word = fc.constantFrom(
  'chat',
  'execute_tool',
  'generation',
  'tool',
  'model_step',
  'true',
  '',
  'null',
  '[',
  '{"a":1}',
  'ERROR',
  '7',
  '<REDACTED>',
  '[tool: x]',
  ...NAMES,
);
const member = fc.constantFrom(
  'role',
  'content',
  'parts',
  'tool_calls',
  'id',
  'name',
  'arguments',
  'message',
  'messages',
  'index',
  'text',
  'toolCalls',
  'input',
  'output',
  'total',
  'input_cached_tokens',
  '__proto__',
  'constructor',
);
const scalar = fc.oneof(word, fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
const value: fc.Arbitrary<AttributeValue> = fc.letrec<{ any: AttributeValue }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.array(fc.tuple(member, tie('any')), { maxLength: 4 }).map(Object.fromEntries<AttributeValue>),
  ),
})).any;
const sent = fc.tuple(value, fc.boolean()).map(([item, asText]) => (asText ? JSON.stringify(item) : item));
const attributes = fc.array(fc.tuple(fc.constantFrom(...KEYS), sent), { maxLength: 10 }).map((pairs) => new Map(pairs));

const record = fc.record({ name: fc.constantFrom(...NAMES), body: sent, attributes, timeNs: fc.bigInt(1n, 3n) });

function toLog(sketch: Pick<LogEvent, 'name' | 'body' | 'attributes' | 'timeNs'>): LogEvent {
  const { traceId, spanId, scopeName, scopeVersion, resource } = makeSpan();
  return { traceId, spanId, scopeName, scopeVersion, resource, severityNumber: 0, severityText: '', ...sketch };
}

describe('spans and log records that hold anything', () => {
  it('are read without an error, and from rows as from OTLP', () => {
    const scopes = fc.constantFrom('strands-agents', 'test');
    const property = fc.property(attributes, scopes, fc.array(record, { maxLength: 6 }), (own, scopeName, records) => {
      const span = { ...makeSpan({ scopeName }), attributes: own };
      const logs = records.map(toLog);
      const joined = readTrajectory(joinLogEvents([span], logs), { tenant: 't' });
      const rows = joinLogEvents([asRow(span)], logs.map(asLogRow));
      expect(readTrajectory(rows, { tenant: 't' })).toEqual(joined);
      const target = { traceId: span.traceId, responseIds: ['7'], sessionId: '7' };
      const found = readFeedback({ spans: [span], logs }, target);
      expect(readFeedback({ spans: [asRow(span)], logs: logs.map(asLogRow) }, target)).toEqual(found);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
