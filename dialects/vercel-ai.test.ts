import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import { asRow } from '../test/fixtures/captures/load.js';
import { makeSpan } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

function read(attributes: Readonly<Record<string, AttributeValue>>) {
  const span = makeSpan({ attributes, scopeName: 'ai' });
  const trajectory = readTrajectory([span], { tenant: 't' });
  expect(readTrajectory([asRow(span)], { tenant: 't' })).toEqual(trajectory);
  return trajectory;
}

const CALL = { 'ai.operationId': 'ai.generateText.doGenerate', 'ai.model.id': 'm-1' };

describe('a model call', () => {
  it.each([
    { says: 'an object', input: { to: 'Rome' } },
    { says: 'JSON text', input: '{"to":"Rome"}' },
    { says: 'JSON text of JSON text', input: '"{\\"to\\":\\"Rome\\"}"' },
  ])('asks for a tool with arguments sent as $says', ({ input }) => {
    const run = read({
      ...CALL,
      'ai.response.text': '',
      'ai.response.finishReason': 'tool-calls',
      'ai.response.toolCalls': JSON.stringify([{ toolCallId: 'c1', toolName: 'measure', input }]),
    });
    expect(run.steps[0]).toMatchObject({
      toolCalls: [{ id: 'c1', name: 'measure', arguments: '{"to":"Rome"}' }],
      finishReason: 'tool_call',
    });
    expect(run.steps[0]?.result).toBeUndefined();
  });

  it('answers with an object where one was asked for', () => {
    const run = read({
      ...CALL,
      'ai.operationId': 'ai.generateObject.doGenerate',
      'ai.prompt.messages': '[{"role":"user","content":[{"type":"text","text":"How far?"}]}]',
      'ai.response.object': '{"km":7}',
    });
    expect(run).toMatchObject({ input: 'How far?', output: '{"km":7}' });
  });

  it('without recorded inputs and outputs holds no content, and still its counts and reason', () => {
    const run = read({
      ...CALL,
      'ai.response.finishReason': 'stop',
      'ai.usage.inputTokens': 5,
      'ai.usage.outputTokens': 3,
    });
    expect(run).toMatchObject({ hasContent: false, tokens: { input: 5, output: 3 }, finishReason: 'stop' });
    expect(run.steps[0]?.toolCalls).toBeUndefined();
    expect(run.contentSwitch).toContain('recordInputs');
  });

  it('in the OTel GenAI form of version 7 names the same switch', () => {
    const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai' };
    const run = readTrajectory([makeSpan({ attributes, scopeName: 'gen_ai' })], { tenant: 't' });
    expect(run.contentSwitch).toContain('recordInputs');
  });
});

describe('a run', () => {
  const RUN = { 'ai.operationId': 'ai.streamText', 'ai.model.id': 'm-1' };

  it('keeps a prompt that looks like JSON as the text that it is', () => {
    expect(read({ ...RUN, 'ai.prompt': '{"prompt":"[1, 2]"}' }).input).toBe('[1, 2]');
  });

  it('finds its instructions in any of the forms of a system prompt', () => {
    const told = [
      'Be brief.',
      { role: 'system', content: 'Be brief.' },
      [{ role: 'system', content: [{ type: 'text', text: 'Be brief.' }] }],
    ];
    for (const system of told)
      expect(read({ ...RUN, 'ai.prompt': JSON.stringify({ system, prompt: 'x' }) }).instructions).toBe('Be brief.');
  });

  it("is about the session and the user that the application's context names, in the OTel GenAI form too", () => {
    expect(
      read({
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.provider.name': 'openai',
        'ai.settings.context.userId': 'user-7',
        'ai.settings.context.threadId': 'thread-1',
      }),
    ).toMatchObject({ sessionId: 'thread-1', userId: 'user-7', dialects: ['otel-genai', 'vercel-ai'] });
  });
});

describe('other work', () => {
  it('embeds many texts as one step', () => {
    const run = read({ 'ai.operationId': 'ai.embedMany', 'ai.model.id': 'm-1', 'ai.values': ['"one"', '"two"'] });
    expect(run.steps).toMatchObject([{ kind: 'embedding', arguments: 'one\ntwo' }]);
  });

  it('ranks documents as a retrieval', () => {
    const run = read({
      'ai.operationId': 'ai.rerank.doRerank',
      'ai.documents': ['"one"', '"two"'],
      'ai.ranking': ['{"index":1,"relevanceScore":0.9}'],
    });
    expect(run.steps).toMatchObject([{ kind: 'retrieval', arguments: 'one\ntwo' }]);
  });

  it('runs a tool whose text result was encoded, and one that failed', () => {
    const tool = {
      'ai.operationId': 'ai.toolCall',
      'ai.toolCall.name': 'measure',
      'ai.toolCall.args': '{"to":"Rome"}',
    };
    expect(read({ ...tool, 'ai.toolCall.result': '"7 km"' }).steps).toMatchObject([
      { kind: 'tool', name: 'measure', arguments: '{"to":"Rome"}', result: '7 km' },
    ]);
    expect(read({ ...tool, 'error.type': 'TooFar' }).steps).toMatchObject([{ kind: 'tool', error: 'TooFar' }]);
  });
});

describe('input counts', () => {
  const CLAUDE = JSON.stringify({
    anthropic: { usage: { input_tokens: 58, cache_creation_input_tokens: 20, cache_read_input_tokens: 3 } },
  });

  it('of version 5 with Claude are completed by what went through the cache', () => {
    const sent = { ...CALL, 'ai.usage.promptTokens': 58, 'ai.usage.completionTokens': 17 };
    expect(read({ ...sent, 'ai.response.providerMetadata': CLAUDE }).tokens).toEqual({ input: 81, output: 17 });
    const older = '{"anthropic":{"cacheCreationInputTokens":20,"cacheReadInputTokens":3}}';
    expect(read({ ...sent, 'ai.response.providerMetadata': older }).tokens).toEqual({ input: 81, output: 17 });
    expect(read({ ...sent, 'ai.response.providerMetadata': '{"anthropic":{"usa' }).tokens?.input).toBe(58);
  });

  it('from version 6 on are left alone, since they include it', () => {
    const sent = { ...CALL, 'ai.usage.inputTokens': 81, 'ai.usage.inputTokenDetails.noCacheTokens': 58 };
    expect(read({ ...sent, 'ai.response.providerMetadata': CLAUDE }).tokens).toEqual({ input: 81, output: 0 });
  });

  it("of OpenLLMetry's Anthropic instrumentation are completed up to 0.27 and left alone after", () => {
    const attributes = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'm-1',
      'gen_ai.usage.input_tokens': 58,
      'gen_ai.usage.cache_read.input_tokens': 3,
      'gen_ai.usage.cache_creation.input_tokens': 20,
    };
    const scopeName = '@traceloop/instrumentation-anthropic';
    const input = (scopeVersion: string) =>
      readTrajectory([makeSpan({ attributes, scopeName, scopeVersion })], { tenant: 't' }).tokens?.input;
    expect([input('0.21.1'), input('0.27.0'), input('0.27.9')]).toEqual([81, 81, 81]);
    expect([input('0.28.0'), input('1.0.0'), input('')]).toEqual([58, 58, 58]);
  });
});
