import { describe, expect, it } from 'vitest';
import {
  ANSWER,
  ARGUMENTS,
  CALL,
  CLAUDE_CALL,
  INSTRUCTIONS,
  outline,
  QUESTION,
  read,
  readOne,
  RESULT,
  SCHEMA,
  SORTED_RESULT,
} from '../test/fixtures/captures/weather.js';

const OPENAI = { provider: 'openai.chat', model: 'gpt-4o-mini-2024-07-18', call: CALL, says: undefined };
const CLAUDE = {
  provider: 'anthropic.messages',
  model: 'claude-sonnet-4-20250514',
  call: CLAUDE_CALL,
  says: 'Let me check.',
};
const WHOM = { sessionId: 'sess-42', userId: 'user-7' };
const NOBODY = { sessionId: undefined, userId: undefined };

describe('Vercel AI SDK by its own names', () => {
  it.each([
    { capture: 'vercel-ai-v5', traceId: '81d945', service: 'ai-sdk-agent', input: 170, whom: WHOM, ...OPENAI },
    { capture: 'vercel-ai-v5', traceId: 'c3b9d2', service: 'ai-sdk-agent', input: 190, whom: WHOM, ...CLAUDE },
    { capture: 'vercel-ai-v6', traceId: '5cb188', service: 'ai-sdk-agent', input: 170, whom: WHOM, ...OPENAI },
    { capture: 'vercel-ai-v6', traceId: '3fbc0c', service: 'ai-sdk-agent', input: 190, whom: WHOM, ...CLAUDE },
    {
      capture: 'vercel-ai-v7-legacy',
      traceId: '0898eb',
      service: 'ai-sdk7-agent',
      input: 170,
      whom: NOBODY,
      ...OPENAI,
    },
    {
      capture: 'vercel-ai-v7-legacy',
      traceId: '0423d6',
      service: 'ai-sdk7-agent',
      input: 190,
      whom: NOBODY,
      ...CLAUDE,
    },
  ] as const)(
    'reads the run of $capture on $model, and counts $input tokens whatever its root and its cache say',
    ({ capture, traceId, service, input, whom, provider, model, call, says }) => {
      const run = readOne(capture, traceId);
      expect(run).toMatchObject({
        service,
        release: '1.0.0',
        environment: 'test',
        instructions: INSTRUCTIONS,
        input: QUESTION,
        output: ANSWER,
        model,
        provider,
        tokens: { input, output: 29 },
        finishReason: 'stop',
        dialects: ['otel-genai', 'vercel-ai'],
        hasContent: true,
        spanCount: 4,
      });
      expect({ sessionId: run.sessionId, userId: run.userId }).toEqual(whom);
      expect(run.error).toBeUndefined();
      expect(run.tools).toMatchObject([
        { name: 'get_weather', description: 'Get current weather', parameters: SCHEMA },
      ]);
      const [first, tool, last, ...more] = outline(run.steps);
      expect(first).toEqual({
        kind: 'model',
        name: model,
        model,
        arguments: QUESTION,
        ...(says === undefined ? {} : { result: says }),
        toolCalls: [call],
        finishReason: 'tool_call',
        tokens: { input: input - 112, output: 17 },
      });
      expect(tool).toEqual({ kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT });
      expect(last).toEqual({
        kind: 'model',
        name: model,
        model,
        arguments: SORTED_RESULT,
        result: ANSWER,
        toolCalls: [],
        finishReason: 'stop',
        tokens: { input: 112, output: 12 },
      });
      expect(more).toEqual([]);
    },
  );

  it.each([
    { capture: 'vercel-ai-v5', traceId: 'fd0284', whom: WHOM },
    { capture: 'vercel-ai-v6', traceId: 'e43534', whom: WHOM },
    { capture: 'vercel-ai-v7-legacy', traceId: 'f29e4f', whom: NOBODY },
  ] as const)('counts the two nested spans of an embedding of $capture once', ({ capture, traceId, whom }) => {
    const run = readOne(capture, traceId);
    expect(run).toMatchObject({
      input: 'hello',
      model: 'text-embedding-3-small',
      provider: 'openai.embedding',
      dialects: ['vercel-ai'],
      hasContent: true,
      spanCount: 2,
    });
    expect({ sessionId: run.sessionId, userId: run.userId }).toEqual(whom);
    expect(run.output).toBeUndefined();
    expect(run.tokens).toBeUndefined();
    expect(outline(run.steps)).toEqual([{ kind: 'embedding', name: 'text-embedding-3-small', arguments: 'hello' }]);
  });

  it.each([
    { capture: 'vercel-ai-v5', traceId: 'a4751b' },
    { capture: 'vercel-ai-v6', traceId: 'b43432' },
    { capture: 'vercel-ai-v7-legacy', traceId: 'f26d74' },
  ] as const)('reads the failed run of $capture, and tells the failure once', ({ capture, traceId }) => {
    const run = readOne(capture, traceId);
    expect(run).toMatchObject({ input: 'FAIL_PLEASE', model: 'gpt-4o-mini', error: "Invalid 'messages' (fake)" });
    expect(run.output).toBeUndefined();
    expect(run.tokens).toBeUndefined();
    expect(outline(run.steps)).toEqual([
      {
        kind: 'model',
        name: 'gpt-4o-mini',
        model: 'gpt-4o-mini',
        arguments: 'FAIL_PLEASE',
        error: "Invalid 'messages' (fake)",
      },
    ]);
  });
});

describe('Vercel AI SDK 5 under OpenInference', () => {
  it('reads the run through double-encoded arguments, empty values and a root that repeats the last usage', () => {
    const run = readOne('openinference-vercel', '99b397');
    expect(run).toMatchObject({
      service: 'oi-vercel',
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'openai.chat',
      tokens: { input: 170, output: 29 },
      finishReason: 'stop',
      sessionId: 'sess-42',
      userId: 'user-7',
      dialects: ['openinference', 'otel-genai', 'vercel-ai'],
      spanCount: 4,
    });
    expect(run.instructions).toBeUndefined();
    expect(run.tools).toMatchObject([{ name: 'get_weather', description: 'Get current weather', parameters: SCHEMA }]);
    expect(outline(run.steps)).toMatchObject([
      {
        kind: 'model',
        arguments: QUESTION,
        toolCalls: [CALL],
        finishReason: 'tool_call',
        tokens: { input: 58, output: 17 },
      },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      {
        kind: 'model',
        arguments: SORTED_RESULT,
        result: ANSWER,
        tokens: { input: 112, output: 12 },
        finishReason: 'stop',
      },
    ]);
  });
});

describe('Vercel AI SDK 7 in its OTel GenAI form', () => {
  it.each([
    { traceId: '2e331c', model: 'gpt-4o-mini-2024-07-18', provider: 'openai', input: 170, call: CALL, says: undefined },
    {
      traceId: 'd84276',
      model: 'claude-sonnet-4-20250514',
      provider: 'anthropic',
      input: 190,
      call: CLAUDE_CALL,
      says: 'Let me check.',
    },
  ])('reads the run on $model, whose root repeats the sum', ({ traceId, model, provider, input, call, says }) => {
    const run = readOne('vercel-ai-v7-genai', traceId);
    expect(run).toMatchObject({
      service: 'ai-sdk7-agent',
      release: '1.0.0',
      environment: 'test',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model,
      provider,
      tokens: { input, output: 29 },
      finishReason: 'stop',
      dialects: ['otel-genai'],
      spanCount: 6,
    });
    expect(run.sessionId).toBeUndefined();
    expect(run.userId).toBeUndefined();
    expect(run.tools).toMatchObject([{ name: 'get_weather', description: 'Get current weather', parameters: SCHEMA }]);
    const [first, tool, last, ...more] = outline(run.steps);
    expect(first).toMatchObject({ kind: 'model', arguments: QUESTION, toolCalls: [call], finishReason: 'tool_call' });
    expect(first?.result).toBe(says);
    expect(tool).toEqual({ kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT });
    expect(last).toMatchObject({
      kind: 'model',
      arguments: SORTED_RESULT,
      result: ANSWER,
      toolCalls: [],
      finishReason: 'stop',
    });
    expect(more).toEqual([]);
  });

  it('counts the two nested spans of an embedding once; they hold no text', () => {
    const run = readOne('vercel-ai-v7-genai', '37a008');
    expect(run).toMatchObject({ model: 'text-embedding-3-small', provider: 'openai', hasContent: false, spanCount: 2 });
    expect(outline(run.steps)).toEqual([{ kind: 'embedding', name: 'text-embedding-3-small' }]);
    expect(run.tokens).toBeUndefined();
  });

  it('reads a run that failed, and tells the failure once', () => {
    const run = readOne('vercel-ai-v7-genai', 'c78d93');
    expect(run).toMatchObject({
      input: 'FAIL_PLEASE',
      model: 'gpt-4o-mini',
      error: "Invalid 'messages' (fake)",
      hasContent: true,
    });
    expect(run.output).toBeUndefined();
    expect(run.tokens).toBeUndefined();
    expect(outline(run.steps)).toEqual([
      {
        kind: 'model',
        name: 'gpt-4o-mini',
        model: 'gpt-4o-mini',
        arguments: 'FAIL_PLEASE',
        error: "Invalid 'messages' (fake)",
      },
    ]);
  });
});

describe('Vercel AI SDK 7 after a call that was refused once', () => {
  it('reads one clean run, because the emitter sends nothing of the call that it made again', () => {
    const [run, ...more] = read('vercel-ai-v7-retry');
    expect(more).toEqual([]);
    expect(run).toMatchObject({
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      tokens: { input: 170, output: 29 },
      finishReason: 'stop',
      dialects: ['otel-genai'],
      spanCount: 6,
    });
    expect(run?.error).toBeUndefined();
    expect(outline(run?.steps ?? [])).toMatchObject([
      { kind: 'model', toolCalls: [CALL], tokens: { input: 58, output: 17 } },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      { kind: 'model', result: ANSWER, toolCalls: [], tokens: { input: 112, output: 12 } },
    ]);
  });
});
