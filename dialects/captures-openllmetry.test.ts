import { describe, expect, it } from 'vitest';
import {
  ANSWER,
  ARGUMENTS,
  CALL,
  CLAUDE_CALL,
  INSTRUCTIONS,
  outline,
  QUESTION,
  readOne,
  RESULT,
  SCHEMA,
} from '../test/fixtures/captures/weather.js';

describe.each(['openllmetry', 'openllmetry-json'] as const)('OpenLLMetry 0.27, %s', (capture) => {
  const run = readOne(capture, capture === 'openllmetry' ? 'ddc4ed' : 'a37372');

  it('reads the workflow that ran the agent on two models, and whom it was for', () => {
    expect(run).toMatchObject({
      service: 'traceloop-agent',
      release: '',
      environment: '',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'openai',
      finishReason: 'stop',
      sessionId: 'sess-42',
      userId: 'user-7',
      tools: [{ name: 'get_weather', description: 'Get current weather', parameters: SCHEMA }],
      dialects: ['otel-genai', 'openllmetry'],
      hasContent: true,
      spanCount: 7,
    });
    expect(run.error).toBeUndefined();
  });

  it('completes the Claude counts, which leave out the cache, to the true 78/17 and 112/12', () => {
    const claude = run.steps.filter((step) => step.model === 'claude-sonnet-4-20250514');
    expect(claude.map((step) => step.tokens)).toEqual([
      { input: 78, output: 17 },
      { input: 112, output: 12 },
    ]);
  });

  it('repeats the emitter on the streamed turn, whose tokens it counts itself: 28/11 of the true 112/12', () => {
    expect(run.steps[3]?.tokens).toEqual({ input: 28, output: 11 });
    expect(run.tokens).toEqual({ input: 58 + 28 + 190, output: 17 + 11 + 29 });
  });

  it('reads the steps, with the arguments of the tool out of kwargs', () => {
    const answered = { kind: 'model', arguments: RESULT, result: ANSWER, toolCalls: [], finishReason: 'stop' };
    expect(outline(run.steps)).toMatchObject([
      { kind: 'agent', name: 'weather_agent', arguments: QUESTION, result: ANSWER },
      {
        kind: 'model',
        name: 'gpt-4o-mini-2024-07-18',
        arguments: QUESTION,
        toolCalls: [CALL],
        finishReason: 'tool_call',
      },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      { ...answered, name: 'gpt-4o-mini-2024-07-18' },
      { kind: 'model', result: 'Let me check.', toolCalls: [CLAUDE_CALL], finishReason: 'tool_call' },
      { ...answered, name: 'claude-sonnet-4-20250514' },
    ]);
    expect(run.steps).toHaveLength(6);
  });
});

describe('OpenLLMetry 0.21, by its legacy names', () => {
  const run = readOne('openllmetry-legacy', '298143');

  it('reads the run from flattened messages, and the declared tool whose schema stands under arguments', () => {
    expect(run).toMatchObject({
      service: 'traceloop-agent',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'OpenAI',
      finishReason: 'stop',
      sessionId: 'sess-42',
      userId: 'user-7',
      tools: [{ name: 'get_weather', description: 'Get current weather', parameters: SCHEMA }],
      dialects: ['otel-genai', 'openllmetry'],
      hasContent: true,
      spanCount: 7,
    });
  });

  it('repeats the emitter, which sends no cache counts of Claude and counts the streamed turn itself', () => {
    expect(run.steps.flatMap((step) => step.tokens ?? [])).toEqual([
      { input: 58, output: 17 },
      { input: 28, output: 11 },
      { input: 58, output: 17 },
      { input: 80, output: 12 },
    ]);
    expect(run.tokens).toEqual({ input: 224, output: 57 });
  });

  it('reads calls that have lost their ids, the word null for no text, and blocks sent as JSON text', () => {
    const { name, arguments: given } = CALL;
    expect(outline(run.steps)).toMatchObject([
      { kind: 'agent', name: 'weather_agent', arguments: QUESTION, result: ANSWER },
      { kind: 'model', arguments: QUESTION, toolCalls: [{ name, arguments: given }], finishReason: 'tool_call' },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      { kind: 'model', arguments: RESULT, result: ANSWER, toolCalls: [], finishReason: 'stop' },
      { kind: 'model', arguments: QUESTION, toolCalls: [CALL], finishReason: 'tool_call' },
      { kind: 'model', arguments: RESULT, result: ANSWER, toolCalls: [], finishReason: 'stop' },
    ]);
    expect(run.steps[1]?.toolCalls?.[0]).not.toHaveProperty('id');
    expect(JSON.stringify(outline(run.steps))).not.toContain('null');
  });
});
