import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import { asRow } from '../test/fixtures/captures/load.js';
import { makeSpan } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

const KEYS = [
  'openinference.span.kind',
  'llm.model_name',
  'llm.input_messages.0.message.role',
  'llm.input_messages.0.message.content',
  'llm.input_messages.0.message.contents.0.message_content.type',
  'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments',
  'llm.tools.0.tool.json_schema',
  'llm.invocation_parameters',
  'llm.token_count.prompt',
  'llm.finish_reason',
  'retrieval.documents.0.document.content',
  'input.value',
  'output.value',
  'metadata',
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.input.messages',
  'gen_ai.output.messages',
  'gen_ai.system_instructions',
  'gen_ai.tool.definitions',
  'gen_ai.tool.call.arguments',
  'gen_ai.tool.call.result',
  'gen_ai.response.finish_reasons',
  'gen_ai.retrieval.documents',
  'gen_ai.usage.input_tokens',
  'gen_ai.prompt',
  'gen_ai.prompt.0.role',
  'gen_ai.prompt.0.content',
  'gen_ai.prompt.0.tool_calls.0.arguments',
  'gen_ai.completion.0.content',
  'gen_ai.completion.0.function_call.name',
  'llm.request.type',
  'llm.request.functions.0.arguments',
  'traceloop.span.kind',
  'traceloop.entity.name',
  'traceloop.entity.input',
  'traceloop.entity.output',
  'traceloop.association.properties.session_id',
  'ai.operationId',
  'ai.prompt',
  'ai.prompt.messages',
  'ai.prompt.tools',
  'ai.response.text',
  'ai.response.toolCalls',
  'ai.response.providerMetadata',
  'ai.usage.inputTokens',
  'ai.toolCall.args',
  'ai.toolCall.result',
  'ai.values',
  'ai.telemetry.metadata.userId',
  'mcp.method.name',
  'error.type',
  'http.response.status_code',
  'message',
  'content',
  'tool_calls',
  'db.query.result.document',
] as const;

const word = fc.constantFrom(
  'chat',
  'execute_tool',
  'retrieval',
  'embeddings',
  'invoke_agent',
  'LLM',
  'TOOL',
  'AGENT',
  'RETRIEVER',
  'tools/call',
  'workflow',
  'ai.generateText',
  'ai.streamText.doStream',
  'ai.toolCall',
  'ai.embedMany',
  'embedding',
  '',
  'null',
  '[',
  '{"',
  '"{"',
);
const member = fc.constantFrom(
  'role',
  'content',
  'parts',
  'type',
  'text',
  'tool_calls',
  'function',
  'name',
  'arguments',
  'toolUse',
  'toolResult',
  'messages',
  'message',
  'choices',
  'lc',
  'kwargs',
  'id',
  'output',
  'value',
  'args',
  'prompt',
  'system',
  'toolName',
  'input',
  'anthropic',
  'usage',
  'cache_read_input_tokens',
  '__proto__',
  'constructor',
);
const part = fc.constantFrom(
  'text',
  'tool_call',
  'tool_call_response',
  'tool_use',
  'tool_result',
  'function_call',
  'reasoning',
  'image',
  'json',
  'user',
  'assistant',
  'tool',
);

const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 5 },
    word,
    part,
    fc.string({ maxLength: 5 }),
    fc.integer(),
    fc.constantFrom(0.5, true, null, 2n ** 60n),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(member, tie('value'), { maxKeys: 4 }),
  ),
}));
/** Structures come as they are and as JSON. */
const structuredOrText = fc.tuple(value, fc.boolean()).map(([item, asText]) => (asText ? json(item) : item));
const sent = fc.oneof(
  { arbitrary: structuredOrText, weight: 9 },
  fc.constantFrom(new Uint8Array([1, 2]), new Uint8Array()),
);
const attributes = fc.uniqueArray(fc.tuple(fc.constantFrom(...KEYS), sent), {
  selector: ([key]) => key,
  maxLength: 16,
});

function json(item: AttributeValue): string {
  return JSON.stringify(item, (_key, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
}

describe('spans that hold anything', () => {
  it('are read without an error, and from rows as from spans', () => {
    const property = fc.property(attributes, attributes, (own, ofEvent) => {
      const event = (name: string) => ({ name, attributes: Object.fromEntries(ofEvent) });
      const events = [
        'gen_ai.user.message',
        'gen_ai.choice',
        'gen_ai.client.inference.operation.details',
        'db.query.result',
      ].map(event);
      const span = makeSpan({ attributes: Object.fromEntries(own), events });
      const trajectory = readTrajectory([span], { tenant: 't' });
      expect(trajectory.spanCount).toBe(1);
      for (const step of trajectory.steps)
        for (const call of step.toolCalls ?? []) expect(typeof call.arguments).toBe('string');
      expect(readTrajectory([asRow(span)], { tenant: 't' })).toEqual(trajectory);
    });
    fc.assert(property, { numRuns: 2500 });
  });

  it('have tools by the text of their bytes, as rows have', () => {
    const attributes = { 'ai.operationId': 'ai.generateText.doGenerate', 'ai.prompt.tools': [new Uint8Array([1, 2])] };
    const span = makeSpan({ attributes });
    for (const each of [span, asRow(span)])
      expect(readTrajectory([each], { tenant: 't' }).tools).toEqual([{ name: 'AQI=' }]);
  });

  it('have no value where bytes are empty, as rows have none', () => {
    const schema = { 'llm.tools.0.tool.json_schema': new Uint8Array() };
    const span = makeSpan({ attributes: { 'openinference.span.kind': 'LLM', ...schema } });
    for (const each of [span, asRow(span)]) expect(readTrajectory([each], { tenant: 't' }).tools).toEqual([]);
  });
});
