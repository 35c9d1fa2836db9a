import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import type { Trajectory } from '../core/trajectory.js';
import { asRow } from '../test/fixtures/captures/load.js';
import { makeSpan, spanId, type SpanSketch } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

/** Reads spans, and makes sure that they read alike as rows. */
function read(...sketches: readonly SpanSketch[]): Trajectory {
  const spans = sketches.map((sketch, i) =>
    makeSpan({ spanId: spanId(i), startNs: 1_000_000_000n + BigInt(i) * 1_000_000n, ...sketch }),
  );
  const run = readTrajectory(spans, { tenant: 't' });
  expect(readTrajectory(spans.map(asRow), { tenant: 't' })).toEqual(run);
  return run;
}

function generation(attributes: Readonly<Record<string, AttributeValue>>): SpanSketch {
  return { attributes: { 'langfuse.observation.type': 'generation', ...attributes } };
}

describe('Langfuse', () => {
  it.each([
    [
      'details taken out of both',
      { input: 80, output: 8, total: 124, input_cached_tokens: 32, output_reasoning_tokens: 4 },
    ],
    [
      'details inside both',
      { input: 112, output: 12, total: 124, input_cached_tokens: 32, output_reasoning_tokens: 4 },
    ],
    [
      'details inside the output only',
      { input: 80, output: 12, total: 124, input_cached_tokens: 32, output_reasoning_tokens: 4 },
    ],
    [
      'details inside the input only',
      { input: 112, output: 8, total: 124, input_cached_tokens: 32, output_reasoning_tokens: 4 },
    ],
    [
      'no total',
      { input: 80, output: 8, cache_read_input_tokens: 30, cache_creation_input_tokens: 2, output_reasoning_tokens: 4 },
    ],
    ['no details', { input: 112, output: 12 }],
  ])('counts the tokens whole from usage with %s', (_name, usage) => {
    const run = read(generation({ 'langfuse.observation.usage_details': JSON.stringify(usage) }));
    expect(run.tokens).toEqual({ input: 112, output: 12 });
  });

  it('counts nothing where nothing was counted', () => {
    expect(read(generation({ 'langfuse.observation.usage_details': '{}' })).tokens).toBeUndefined();
  });

  it.each([
    ['a message', '{"role":"assistant","content":"Hello"}'],
    ['text', 'Hello'],
    ['a list of messages', '[{"role":"assistant","content":"Hello"}]'],
    ['a completion', '{"choices":[{"message":{"role":"assistant","content":"Hello"}}]}'],
  ])('reads an answer that is %s', (_name, output) => {
    const run = read(generation({ 'langfuse.observation.input': 'Hi', 'langfuse.observation.output': output }));
    expect(run).toMatchObject({
      input: 'Hi',
      output: 'Hello',
      steps: [{ kind: 'model', arguments: 'Hi', toolCalls: [] }],
    });
  });

  it("reads calls of a streamed answer and of OpenAI's Responses, which have no role", () => {
    const streamed = '{"tool_calls":[{"function":{"name":"pay","arguments":"{\\"sum\\":1}"}}]}';
    const item = '{"type":"function_call","call_id":"c1","name":"pay","arguments":"{\\"sum\\":1}"}';
    const [first, second] = [streamed, item].map(
      (output) => read(generation({ 'langfuse.observation.output': output })).steps[0]?.toolCalls,
    );
    expect(first).toEqual([{ name: 'pay', arguments: '{"sum":1}' }]);
    expect(second).toEqual([{ id: 'c1', name: 'pay', arguments: '{"sum":1}' }]);
  });

  it("keeps an answer that is the application's own structure as it was sent", () => {
    expect(read(generation({ 'langfuse.observation.output': '{"sum":1}' })).output).toBe('{"sum":1}');
  });

  it('reads the trace input and output of any span before the root, and its own user and session before the general ones', () => {
    const run = read(
      {
        attributes: { 'langfuse.observation.type': 'agent', 'langfuse.observation.input': 'raw', 'session.id': 's-2' },
      },
      {
        parentSpanId: spanId(0),
        attributes: {
          'langfuse.observation.type': 'span',
          'langfuse.trace.input': '{"question":"Hi"}',
          'langfuse.trace.output': 'Hello',
          'langfuse.user.id': 'u-1',
          'langfuse.session.id': 's-1',
          'session.id': 's-1',
        },
      },
    );
    expect(run).toMatchObject({ input: 'Hi', output: 'Hello', userId: 'u-1' });
  });

  it('leaves the release to the resource where that has one', () => {
    const attributes = { 'langfuse.observation.type': 'agent', 'langfuse.release': 'span' };
    expect(read({ attributes, resource: { 'service.version': 'resource' } }).release).toBe('resource');
    expect(read({ attributes }).release).toBe('span');
  });

  it('says nothing about a foreign span that its processor only decorated', () => {
    const run = read({ attributes: { 'gen_ai.operation.name': 'chat', 'langfuse.environment': 'test' } });
    expect(run.dialects).toEqual(['otel-genai']);
  });

  it('takes no warning for a failure', () => {
    const level = { 'langfuse.observation.level': 'WARNING', 'langfuse.observation.status_message': 'slow' };
    expect(read(generation(level)).error).toBeUndefined();
  });
});

describe('Mastra', () => {
  const STEP = { 'gen_ai.operation.name': 'agent_step', 'mastra.span.type': 'model_step' };
  const INFERENCE = {
    'gen_ai.operation.name': 'chat',
    'mastra.span.type': 'model_inference',
    'gen_ai.request.model': 'm-1',
  };
  const usage = { 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5 };
  const input = '[{"role":"user","content":"Hi"}]';

  it('tells a failed try from the one that answered, and gives the turn to that', () => {
    const run = read(
      { attributes: { 'mastra.span.type': 'agent_run', 'gen_ai.operation.name': 'invoke_agent' } },
      {
        parentSpanId: spanId(0),
        attributes: {
          ...STEP,
          'mastra.model_step.input': input,
          'mastra.model_step.output': '{"text":"Hello","toolCalls":[]}',
        },
      },
      { parentSpanId: spanId(1), attributes: INFERENCE, statusCode: 2, statusMessage: 'overloaded' },
      { parentSpanId: spanId(1), attributes: { ...INFERENCE, ...usage } },
    );
    expect(run.steps).toMatchObject([
      { kind: 'model', spanId: spanId(2), error: 'overloaded' },
      {
        kind: 'model',
        spanId: spanId(3),
        arguments: 'Hi',
        result: 'Hello',
        toolCalls: [],
        tokens: { input: 10, output: 5 },
      },
    ]);
    expect(run).toMatchObject({ output: 'Hello', tokens: { input: 10, output: 5 } });
  });

  it('reads older versions, whose generation is the model call and which have no inference span', () => {
    const run = read(
      { attributes: { 'mastra.span.type': 'agent_run', 'gen_ai.operation.name': 'invoke_agent' } },
      {
        parentSpanId: spanId(0),
        attributes: {
          'mastra.span.type': 'model_generation',
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': 'm-1',
          ...usage,
        },
      },
      {
        parentSpanId: spanId(1),
        attributes: {
          ...STEP,
          'mastra.model_step.input': input,
          'mastra.model_step.output': '{"text":"Hello","toolCalls":[]}',
        },
      },
    );
    expect(run.steps).toMatchObject([
      { kind: 'model', arguments: 'Hi', result: 'Hello', tokens: { input: 10, output: 5 } },
    ]);
    expect(run.steps).toHaveLength(1);
  });

  it('reads tools that the client runs, which have no names of OTel GenAI', () => {
    const run = read({
      name: 'pick_file',
      attributes: {
        'mastra.span.type': 'client_tool_call',
        'gen_ai.operation.name': 'client_tool_call',
        'mastra.client_tool_call.input': '{"kind":"pdf"}',
        'mastra.client_tool_call.output': 'a.pdf',
        'mastra.metadata.threadId': 'th-1',
        'mastra.metadata.resourceId': 'u-1',
      },
    });
    expect(run).toMatchObject({ sessionId: 'th-1', userId: 'u-1' });
    expect(run.steps).toMatchObject([
      { kind: 'tool', name: 'pick_file', arguments: '{"kind":"pdf"}', result: 'a.pdf' },
    ]);
  });
});

describe('Strands under the newest conventions', () => {
  const scope = { scopeName: 'strands-agents' };
  const details = (key: string, value: unknown) => ({
    name: 'gen_ai.client.inference.operation.details',
    attributes: { [key]: JSON.stringify(value) },
  });
  const call = { type: 'tool_call', name: 'pay', id: 'c1', arguments: { sum: 1 } };
  const TOOL = {
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.provider.name': 'strands-agents',
    'gen_ai.tool.name': 'pay',
    'gen_ai.tool.call.id': 'c1',
  };
  const run = (status: string, attributes: Readonly<Record<string, AttributeValue>>) =>
    read(
      {
        ...scope,
        attributes: {
          'gen_ai.operation.name': 'invoke_agent',
          system_prompt: '"Be brief."',
          'gen_ai.usage.input_tokens': 10,
          'gen_ai.usage.output_tokens': 5,
        },
      },
      {
        ...scope,
        parentSpanId: spanId(0),
        attributes: {
          'gen_ai.operation.name': 'chat',
          'gen_ai.request.model': 'm-1',
          'gen_ai.usage.input_tokens': 10,
          'gen_ai.usage.output_tokens': 5,
        },
        events: [
          details('gen_ai.system_instructions', [{ type: 'text', content: 'Be brief.' }]),
          details('gen_ai.input.messages', [{ role: 'user', parts: [{ type: 'text', content: 'Pay.' }] }]),
          details('gen_ai.output.messages', [{ role: 'assistant', parts: [call], finish_reason: 'toolUse' }]),
        ],
      },
      {
        ...scope,
        parentSpanId: spanId(0),
        attributes: { ...TOOL, 'gen_ai.tool.status': status, ...attributes },
        events: [
          details('gen_ai.input.messages', [{ role: 'tool', parts: [call] }]),
          details('gen_ai.output.messages', [
            { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: [{ text: 'no such card' }] }] },
          ]),
        ],
      },
    );

  it('reads messages from details that are repeated once an attribute, and the sums of the agent once', () => {
    const attributes = {
      'gen_ai.tool.call.arguments': '{"sum": 1}',
      'gen_ai.tool.call.result': '[{"json":{"paid":true}}]',
    };
    expect(run('success', attributes)).toMatchObject({
      instructions: 'Be brief.',
      input: 'Pay.',
      tokens: { input: 10, output: 5 },
      steps: [
        { kind: 'model', toolCalls: [{ id: 'c1', name: 'pay', arguments: '{"sum":1}' }], finishReason: 'tool_call' },
        { kind: 'tool', name: 'pay', arguments: '{"sum": 1}', result: '{"paid":true}' },
      ],
    });
  });

  it("finds a failed tool's answer in its events, where alone it stands", () => {
    expect(run('error', {}).steps[1]).toMatchObject({ arguments: '{"sum":1}', result: 'no such card' });
  });

  it('finds the instructions on the agent when no model span has them', () => {
    const prompt = '[{"text":"Be brief."},{"cachePoint":{"type":"default"}},{"text":"Be kind."}]';
    const attributes = { 'gen_ai.operation.name': 'invoke_agent', system_prompt: prompt };
    expect(read({ ...scope, attributes }).instructions).toBe('Be brief.\nBe kind.');
  });
});
