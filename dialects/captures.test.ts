import { describe, expect, it } from 'vitest';
import { asRow, byTrace, CAPTURES, readRequests, readTraces } from '../test/fixtures/captures/load.js';
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
import { readTrajectory } from './index.js';

describe('OpenInference, OpenAI and Anthropic clients', () => {
  it('reads the agent run; its streamed turn sends no tokens, so only the first turn counts', () => {
    const run = readOne('openinference', '3efa4c');
    expect(run).toMatchObject({
      tenant: 'acme',
      traceId: '3efa4c1ce12cbd356a852d6a6702f7d9',
      service: 'openinference-agent',
      release: '1.0.0',
      environment: 'test',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'openai',
      tokens: { input: 58, output: 17 },
      finishReason: 'stop',
      sessionId: 'sess-42',
      userId: 'user-7',
      tools: [{ name: 'get_weather', description: 'Get current weather', parameters: SCHEMA }],
      dialects: ['openinference'],
      hasContent: true,
      spanCount: 5,
      durationMs: 102.612188,
    });
    expect(run.error).toBeUndefined();
    expect(outline(run.steps)).toEqual([
      { kind: 'retrieval', name: 'kb.search', arguments: QUESTION, result: 'Paris is rainy in autumn' },
      {
        kind: 'model',
        name: 'gpt-4o-mini-2024-07-18',
        model: 'gpt-4o-mini-2024-07-18',
        arguments: QUESTION,
        toolCalls: [CALL],
        tokens: { input: 58, output: 17 },
        finishReason: 'tool_call',
      },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      {
        kind: 'model',
        name: 'gpt-4o-mini',
        model: 'gpt-4o-mini',
        arguments: RESULT,
        result: ANSWER,
        toolCalls: [],
        finishReason: 'stop',
      },
    ]);
  });

  it('reads a Responses call that stands alone: the tool was asked for, and no answer to it is in the trace', () => {
    const run = readOne('openinference', 'dd78fc');
    expect(run).toMatchObject({ instructions: INSTRUCTIONS, input: QUESTION, tokens: { input: 58, output: 17 } });
    expect(run.output).toBeUndefined();
    expect(run.tools).toEqual([{ name: 'get_weather', parameters: SCHEMA }]);
    expect(outline(run.steps)).toMatchObject([
      { kind: 'model', toolCalls: [CALL] },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS },
    ]);
    expect(run.steps[1]?.result).toBeUndefined();
  });

  it('reads an embedding as a step that spends no model tokens', () => {
    const run = readOne('openinference', 'ccd0f2');
    expect(run).toMatchObject({
      input: 'hello',
      model: 'text-embedding-3-small',
      sessionId: 'sess-42',
      userId: 'user-7',
    });
    expect(run.tokens).toBeUndefined();
    expect(outline(run.steps)).toEqual([{ kind: 'embedding', name: 'text-embedding-3-small', arguments: 'hello' }]);
  });

  it("counts a Claude call once although the SDK's own span lies beneath it, and finds its instructions", () => {
    const run = readOne('openinference', 'a71a0f');
    expect(run).toMatchObject({
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: 'Let me check.',
      model: 'claude-sonnet-4-20250514',
      provider: 'anthropic',
      tokens: { input: 78, output: 17 },
      finishReason: 'tool_call',
      sessionId: 'sess-42',
      userId: 'user-7',
      dialects: ['openinference', 'otel-genai'],
      spanCount: 2,
    });
    expect(outline(run.steps)).toMatchObject([
      { kind: 'model', result: 'Let me check.', toolCalls: [CLAUDE_CALL], finishReason: 'tool_call' },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS },
    ]);
  });

  it('takes the tool call from the messages when the second Claude turn is a trace of its own', () => {
    const run = readOne('openinference', '77d8d1');
    expect(run).toMatchObject({
      input: QUESTION,
      output: ANSWER,
      tokens: { input: 112, output: 12 },
      finishReason: 'stop',
    });
    expect(outline(run.steps)).toMatchObject([
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      { kind: 'model', arguments: RESULT, result: ANSWER, toolCalls: [] },
    ]);
  });

  it('adds up to 190/29 over the two Claude turns', () => {
    const turns = ['a71a0f', '77d8d1'].map((traceId) => readOne('openinference', traceId).tokens);
    expect(turns.map((tokens) => tokens?.input).reduce((a = 0, b = 0) => a + b)).toBe(190);
    expect(turns.map((tokens) => tokens?.output).reduce((a = 0, b = 0) => a + b)).toBe(29);
  });
});

describe('OpenInference, LangChain', () => {
  const run = readOne('openinference-langchain', '3f3d83');

  it('reads the run, with the user from the metadata where LangChain leaves it', () => {
    expect(run).toMatchObject({
      service: 'langchain-agent',
      release: '',
      environment: '',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini',
      provider: 'openai',
      tokens: { input: 170, output: 29 },
      finishReason: 'stop',
      sessionId: 'sess-42',
      userId: 'user-7',
      hasContent: true,
      spanCount: 6,
    });
    expect(run.tools).toMatchObject([{ name: 'get_weather', description: 'Get current weather', parameters: SCHEMA }]);
  });

  it('makes the tool call whole again, which its span shows as a bare value and a serialised message', () => {
    expect(outline(run.steps).filter((step) => step.kind === 'tool')).toEqual([
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
    ]);
  });

  it('reads calls without ids, and the failed call without its stack trace', () => {
    expect(outline(run.steps)).toMatchObject([
      { kind: 'retrieval', name: 'KB', arguments: QUESTION, result: 'Paris is rainy in autumn' },
      { kind: 'model', toolCalls: [{ name: 'get_weather', arguments: ARGUMENTS }], finishReason: 'tool_call' },
      { kind: 'tool' },
      { kind: 'model', arguments: RESULT, result: ANSWER, finishReason: 'stop' },
      {
        kind: 'model',
        arguments: 'FAIL_PLEASE',
        error: "400 Invalid 'messages' (fake)\n\nError: 400 Invalid 'messages' (fake)",
      },
    ]);
    expect(run.error).toBeUndefined();
  });
});

describe('OpenInference, OpenAI Agents', () => {
  it('reads the run; the emitter says 17 tokens for the last turn too, and stop on the turn that calls a tool', () => {
    const run = readOne('openinference-openai-agents', 'df6891');
    expect(run).toMatchObject({
      service: 'openai-agents',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'openai',
      tokens: { input: 170, output: 34 },
      finishReason: 'stop',
      spanCount: 8,
    });
    expect(run.sessionId).toBeUndefined();
    expect(run.userId).toBeUndefined();
    expect(outline(run.steps)).toMatchObject([
      { kind: 'agent', name: 'weather_agent' },
      { kind: 'model', arguments: QUESTION, toolCalls: [CALL], finishReason: 'tool_call' },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      { kind: 'model', arguments: RESULT, result: ANSWER, toolCalls: [], finishReason: 'stop' },
    ]);
  });
});

describe('OTel GenAI with its content in log records', () => {
  it('reads all but the messages, and says that there are none', () => {
    const run = readOne('otel-genai', '2dfead');
    expect(run).toMatchObject({
      service: 'otel-genai-agent',
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'openai',
      tokens: { input: 170, output: 29 },
      finishReason: 'stop',
      sessionId: 'conv-9',
      userId: 'user-7',
      tools: [],
      dialects: ['otel-genai'],
      hasContent: false,
      spanCount: 6,
    });
    expect(run.input).toBeUndefined();
    expect(run.output).toBeUndefined();
    expect(run.error).toBeUndefined();
    expect(outline(run.steps)).toEqual([
      {
        kind: 'model',
        name: 'gpt-4o-mini-2024-07-18',
        model: 'gpt-4o-mini-2024-07-18',
        tokens: { input: 58, output: 17 },
        finishReason: 'tool_call',
      },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      {
        kind: 'model',
        name: 'gpt-4o-mini-2024-07-18',
        model: 'gpt-4o-mini-2024-07-18',
        tokens: { input: 112, output: 12 },
        finishReason: 'stop',
      },
      { kind: 'embedding', name: 'text-embedding-3-small' },
      { kind: 'model', name: 'gpt-4o-mini', model: 'gpt-4o-mini', error: "400 Invalid 'messages' (fake)" },
    ]);
  });
});

describe('Strands, with its content in span events', () => {
  it('reads the run from Bedrock blocks, and old and new token names once', () => {
    const run = readOne('strands', '4a2eec');
    expect(run).toMatchObject({
      service: 'strands-agent',
      release: '1.0.0',
      environment: 'test',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini',
      provider: 'strands-agents',
      tokens: { input: 170, output: 29 },
      finishReason: 'stop',
      sessionId: 'sess-42',
      userId: 'user-7',
      tools: [{ name: 'get_weather' }],
      dialects: ['strands', 'otel-genai', 'otel-genai-legacy'],
      spanCount: 6,
    });
    expect(outline(run.steps)).toMatchObject([
      {
        kind: 'model',
        arguments: QUESTION,
        toolCalls: [CALL],
        finishReason: 'tool_call',
        tokens: { input: 58, output: 17 },
      },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: SORTED_RESULT },
      { kind: 'model', arguments: SORTED_RESULT, result: ANSWER, toolCalls: [], finishReason: 'stop' },
    ]);
  });
});

describe('OTel GenAI over gRPC', () => {
  it('reads the one turn of each of the two requests', () => {
    const runs = read('grpc');
    expect(runs.map((run) => run.traceId.slice(0, 6))).toEqual(['0fc720', 'dd7fa8']);
    for (const run of runs) {
      expect(run).toMatchObject({
        service: 'grpc-agent',
        input: QUESTION,
        model: 'gpt-4o-mini',
        provider: 'openai',
        tokens: { input: 58, output: 17 },
        finishReason: 'tool_call',
        spanCount: 1,
      });
      expect(run.output).toBeUndefined();
      expect(outline(run.steps)).toMatchObject([
        { kind: 'model', toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: ARGUMENTS }] },
        { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS },
      ]);
    }
  });
});

describe.each(CAPTURES)('%s', (capture) => {
  it('reads each request as it reads all of them, so that a span that came twice counts once', () => {
    const all = new Map(read(capture).map((trajectory) => [trajectory.traceId, trajectory]));
    for (const spans of readRequests(capture).values())
      for (const trace of byTrace(spans)) {
        const trajectory = readTrajectory(trace, { tenant: 'acme' });
        expect(trajectory).toEqual(all.get(trajectory.traceId));
      }
  });

  it('reads rows of the span table, where all values are strings, as it reads the spans', () => {
    for (const trace of readTraces(capture)) {
      const rows = trace.map(asRow);
      expect(readTrajectory(rows, { tenant: 'acme' })).toEqual(readTrajectory(trace, { tenant: 'acme' }));
    }
  });

  it('reads spans in any order', () => {
    for (const trace of readTraces(capture))
      expect(readTrajectory(trace.toReversed(), { tenant: 'acme' })).toEqual(readTrajectory(trace, { tenant: 'acme' }));
  });
});
