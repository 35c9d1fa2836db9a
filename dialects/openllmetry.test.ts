import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import { asRow } from '../test/fixtures/captures/load.js';
import { makeSpan, spanId, type SpanSketch } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

function readSpan(sketch: SpanSketch) {
  const span = makeSpan(sketch);
  const trajectory = readTrajectory([span], { tenant: 't' });
  expect(readTrajectory([asRow(span)], { tenant: 't' })).toEqual(trajectory);
  return trajectory;
}

function read(attributes: Readonly<Record<string, AttributeValue>>) {
  return readSpan({ attributes });
}

function entity(kind: string, input: unknown, output: unknown) {
  return read({
    'traceloop.span.kind': kind,
    'traceloop.entity.name': 'thing',
    'traceloop.entity.input': JSON.stringify(input),
    'traceloop.entity.output': JSON.stringify(output),
  });
}

describe('what a decorated function was given and gave', () => {
  it.each([
    { says: 'one argument', input: { args: ['How far?'], kwargs: {} }, asked: 'How far?' },
    { says: 'one named text', input: { args: [], kwargs: { question: 'How far?' } }, asked: 'How far?' },
    { says: 'messages', input: { args: [[{ role: 'user', content: 'How far?' }]], kwargs: {} }, asked: 'How far?' },
    { says: 'nothing', input: { args: [], kwargs: {} }, asked: undefined },
    {
      says: 'several arguments, kept whole',
      input: { args: ['How far?', 7], kwargs: {} },
      asked: '{"args":["How far?",7],"kwargs":{}}',
    },
    {
      says: "LangChain's inputs",
      input: { inputs: { question: 'How far?' }, tags: [], kwargs: {} },
      asked: 'How far?',
    },
    { says: 'a text that is no object', input: 'How far?', asked: 'How far?' },
  ])('finds the question in $says', ({ input, asked }) => {
    expect(entity('workflow', input, 'Far.')).toMatchObject(asked === undefined ? {} : { input: asked });
    expect(entity('workflow', input, 'Far.').input).toBe(asked);
  });

  it('takes the quotes off a text and leaves JSON that a function gave as text alone', () => {
    const given = { args: ['x'], kwargs: {} };
    expect(entity('agent', given, 'Far "away".').output).toBe('Far "away".');
    expect(entity('agent', given, '{"km": 7}').output).toBe('{"km": 7}');
    expect(entity('agent', given, { outputs: { answer: 'Far.' }, kwargs: {} }).output).toBe('Far.');
  });

  it('reads the arguments of a tool, and of one over MCP, whose answer it unwraps', () => {
    const given = { args: [], kwargs: { seats: 2 } };
    expect(entity('tool', given, 'done').steps).toMatchObject([
      { kind: 'tool', name: 'thing', arguments: '{"seats":2}', result: 'done' },
    ]);
    expect(entity('tool', { tool_name: 'thing', arguments: { seats: 2 } }, { result: 'done' }).steps).toMatchObject([
      { kind: 'tool', arguments: '{"seats":2}', result: 'done' },
    ]);
  });

  it('keeps a text cut by an attribute limit as it came', () => {
    const run = read({ 'traceloop.span.kind': 'tool', 'traceloop.entity.input': '{"args":["How fa' });
    expect(run.steps[0]?.arguments).toBe('{"args":["How fa');
  });
});

describe('spans', () => {
  it('a task is no step, and what it holds is not lost when it is the root', () => {
    const run = entity('task', { args: ['How far?'], kwargs: {} }, 'Far.');
    expect(run).toMatchObject({ input: 'How far?', output: 'Far.', steps: [] });
  });

  it('are about the session and the user that the application names in its own way', () => {
    expect(
      read({
        'traceloop.association.properties.chat_id': 'chat-1',
        'traceloop.association.properties.userId': 'user-7',
        'traceloop.association.properties.plan': 'free',
      }),
    ).toMatchObject({ sessionId: 'chat-1', userId: 'user-7', dialects: ['openllmetry'] });
  });

  it('of a vector store are a retrieval of what its hits hold', () => {
    const run = readSpan({
      name: 'chroma.query',
      attributes: { 'db.system': 'chroma' },
      events: [
        { name: 'db.query.embeddings', attributes: { 'db.query.embeddings.vector': '[0.1]' } },
        { name: 'db.query.result', attributes: { 'db.query.result.document': 'first', 'db.query.result.id': '1' } },
        { name: 'db.query.result', attributes: { 'db.query.result.metadata': '{"title":"second"}' } },
      ],
    });
    expect(run.steps).toMatchObject([{ kind: 'retrieval', name: 'chroma.query', result: 'first\n{"title":"second"}' }]);
  });

  it('without content hold none, and still their counts', () => {
    const run = read({
      'gen_ai.system': 'OpenAI',
      'llm.request.type': 'chat',
      'gen_ai.request.model': 'm-1',
      'gen_ai.usage.prompt_tokens': 5,
      'gen_ai.usage.completion_tokens': 3,
      'gen_ai.completion.0.finish_reason': 'stop',
      'traceloop.workflow.name': 'w',
    });
    expect(run).toMatchObject({ hasContent: false, tokens: { input: 5, output: 3 }, finishReason: 'stop' });
    expect(run.steps[0]?.toolCalls).toBeUndefined();
    expect(run.contentSwitch).toContain('TRACELOOP_TRACE_CONTENT');
  });
});

describe('legacy names', () => {
  const CHAT = { 'gen_ai.system': 'OpenAI', 'llm.request.type': 'chat', 'gen_ai.request.model': 'm-1' };

  it('read messages by index, and the ids of calls where Python sends them', () => {
    const run = read({
      ...CHAT,
      'gen_ai.prompt.10.role': 'tool',
      'gen_ai.prompt.10.tool_call_id': 'c1',
      'gen_ai.prompt.10.content': '7 km',
      'gen_ai.prompt.9.role': 'assistant',
      'gen_ai.prompt.9.tool_calls.0.id': 'c1',
      'gen_ai.prompt.9.tool_calls.0.name': 'measure',
      'gen_ai.prompt.9.tool_calls.0.arguments': '"{\\"to\\":\\"Rome\\"}"',
      'gen_ai.prompt.2.role': 'user',
      'gen_ai.prompt.2.content': 'How far?',
      'gen_ai.completion.0.content': 'Far.',
    });
    expect(run).toMatchObject({ input: 'How far?', output: 'Far.' });
    expect(run.steps).toMatchObject([
      { kind: 'tool', name: 'measure', arguments: '{"to":"Rome"}', result: '7 km' },
      { kind: 'model', arguments: '7 km', result: 'Far.' },
    ]);
  });

  it('give lost calls their answers by order, where no tool span tells them', () => {
    const call = (n: number, to: string) => ({
      [`gen_ai.completion.0.tool_calls.${n}.name`]: 'measure',
      [`gen_ai.completion.0.tool_calls.${n}.arguments`]: `{"to":"${to}"}`,
    });
    const asked = { 'gen_ai.prompt.0.role': 'user', 'gen_ai.prompt.0.content': 'How far?' };
    const first = makeSpan({
      spanId: spanId(1),
      attributes: { ...CHAT, ...asked, ...call(0, 'Rome'), ...call(1, 'Oslo') },
    });
    const second = makeSpan({
      spanId: spanId(2),
      startNs: 2_000_000_000n,
      attributes: {
        ...CHAT,
        ...asked,
        'gen_ai.prompt.1.role': 'assistant',
        'gen_ai.prompt.1.content': 'null',
        'gen_ai.prompt.2.role': 'tool',
        'gen_ai.prompt.2.content': '7 km',
        'gen_ai.prompt.3.role': 'tool',
        'gen_ai.prompt.3.content': '9 km',
        'gen_ai.completion.0.content': 'Far.',
      },
    });
    expect(readTrajectory([second, first], { tenant: 't' }).steps).toMatchObject([
      { kind: 'model' },
      { kind: 'tool', arguments: '{"to":"Rome"}', result: '7 km' },
      { kind: 'tool', arguments: '{"to":"Oslo"}', result: '9 km' },
      { kind: 'model', result: 'Far.' },
    ]);
  });

  it('read the one call of the function interface', () => {
    const run = read({
      ...CHAT,
      'gen_ai.completion.0.finish_reason': 'function_call',
      'gen_ai.completion.0.content': 'null',
      'gen_ai.completion.0.function_call.name': 'measure',
      'gen_ai.completion.0.function_call.arguments': '{"to":"Rome"}',
    });
    expect(run.steps[0]).toMatchObject({
      toolCalls: [{ name: 'measure', arguments: '{"to":"Rome"}' }],
      finishReason: 'tool_call',
    });
    expect(run.steps[0]?.result).toBeUndefined();
  });

  it('tell an embedding from a model call by its type', () => {
    const run = read({ ...CHAT, 'llm.request.type': 'embedding', 'gen_ai.prompt.0.content': 'hello' });
    expect(run.steps).toMatchObject([{ kind: 'embedding', name: 'm-1', arguments: 'hello' }]);
  });

  it('read declared tools by either name of their schema', () => {
    const schema = { type: 'object', properties: {} };
    const run = read({
      ...CHAT,
      'llm.request.functions.1.name': 'b',
      'llm.request.functions.1.parameters': JSON.stringify(schema),
      'llm.request.functions.0.name': 'a',
      'llm.request.functions.0.arguments': JSON.stringify(schema),
    });
    expect(run.tools).toEqual([
      { name: 'a', parameters: schema },
      { name: 'b', parameters: schema },
    ]);
  });

  it('ignore indices beyond the cap and keys of objects for indices', () => {
    const run = read({
      ...CHAT,
      'gen_ai.prompt.0.role': 'user',
      'gen_ai.prompt.0.content': 'hello',
      'gen_ai.prompt.4294967295.content': 'attack',
      'gen_ai.prompt.__proto__.content': 'attack',
      'gen_ai.prompt.constructor.content': 'attack',
      'gen_ai.prompt.0.tool_calls.99999999.name': 'attack',
      'llm.request.functions.__proto__.name': 'attack',
      'gen_ai.prompt.': 'attack',
    });
    expect(run.input).toBe('hello');
    expect(run.tools).toEqual([]);
    expect(run.steps).toHaveLength(1);
    expect(Object.prototype).not.toHaveProperty('content');
  });
});
