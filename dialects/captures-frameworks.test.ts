import { describe, expect, it } from 'vitest';
import type { Step, Trajectory } from '../core/trajectory.js';
import { readJoinedTraces, type Capture } from '../test/fixtures/captures/load.js';
import { without } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

const QUESTION = 'What is the weather in Paris?';
const ANSWER = 'The weather in Paris is rainy, 14°C.';
const INSTRUCTIONS = 'You are a weather agent.';
const ARGUMENTS = '{"location":"Paris"}';
const RESULT = '{"location":"Paris","temp_c":14,"conditions":"rainy"}';
const SCHEMA = { type: 'object', properties: { location: { type: 'string' } }, required: ['location'] };
const CALL = { id: 'call_fake_weather_1', name: 'get_weather', arguments: ARGUMENTS };

/** The one trace of a capture. */
function readOnly(capture: Capture): Trajectory {
  const [only, ...more] = readJoinedTraces(capture);
  if (only === undefined || more.length > 0)
    throw new Error(`expected one trace in ${capture}, got ${more.length + 1}`);
  return readTrajectory(only, { tenant: 'acme' });
}

function outline(steps: readonly Step[]): readonly Partial<Step>[] {
  return steps.map((step) => without(step, 'spanId', 'parentSpanId', 'startNs', 'durationMs'));
}

describe('Langfuse', () => {
  const run = readOnly('langfuse');

  it('reads the run as its application told it, with release and environment from the spans where the resource has none', () => {
    expect(without(run, 'steps')).toEqual({
      tenant: 'acme',
      traceId: 'f61539fd58f23a33b4693235cd029243',
      service: 'langfuse-agent',
      release: 'v1.2.3',
      environment: 'test',
      instructions: INSTRUCTIONS,
      // The application set the trace's own input to this, which goes before the root observation's.
      input: 'q',
      output: ANSWER,
      model: 'gpt-4o-mini-2024-07-18',
      // 170/29 of the two turns and 7/3 of the generation by hand; the naive sum is 148/24.
      tokens: { input: 177, output: 32 },
      sessionId: 'sess-42',
      userId: 'user-7',
      tools: [{ name: 'get_weather', description: 'Get current weather', parameters: SCHEMA }],
      dialects: ['langfuse'],
      hasContent: true,
      spanCount: 7,
      durationMs: 184.680559,
    });
  });

  it('reads each observation, with cached and reasoning tokens in the counts and an ERROR level under an unset status', () => {
    expect(outline(run.steps)).toEqual([
      { kind: 'retrieval', name: 'kb.search', arguments: 'paris weather', result: 'Paris is rainy in autumn' },
      {
        kind: 'model',
        name: 'gpt-4o-mini-2024-07-18',
        model: 'gpt-4o-mini-2024-07-18',
        arguments: QUESTION,
        toolCalls: [CALL],
        tokens: { input: 58, output: 17 },
      },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      {
        kind: 'model',
        name: 'gpt-4o-mini',
        model: 'gpt-4o-mini',
        arguments: RESULT,
        result: ANSWER,
        toolCalls: [],
        tokens: { input: 112, output: 12 },
      },
      {
        kind: 'model',
        name: 'gpt-4o',
        model: 'gpt-4o',
        arguments: 'hi',
        result: 'hello',
        toolCalls: [],
        tokens: { input: 7, output: 3 },
      },
      {
        kind: 'model',
        name: 'gpt-4o-mini',
        model: 'gpt-4o-mini',
        arguments: 'FAIL_PLEASE',
        error: "Error: 400 Invalid 'messages' (fake)",
      },
    ]);
    expect(run.error).toBeUndefined();
  });
});

describe('Mastra', () => {
  const run = readOnly('mastra');

  it('reads the run, its session and user from the metadata', () => {
    expect(without(run, 'steps')).toEqual({
      tenant: 'acme',
      traceId: 'da99529fe3aa90d8751aeb0a66b9993a',
      service: 'mastra-agent',
      release: '1.71.0',
      environment: '',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'openai.chat',
      tokens: { input: 170, output: 29 },
      finishReason: 'stop',
      sessionId: 'sess-42',
      userId: 'user-7',
      tools: [{ name: 'get_weather' }],
      dialects: ['otel-genai', 'mastra'],
      hasContent: true,
      spanCount: 10,
      durationMs: 1232,
    });
  });

  it('makes one step of the two spans of a model call, and none of the loop and the chunks around it', () => {
    expect(outline(run.steps)).toEqual([
      {
        kind: 'model',
        name: 'gpt-4o-mini-2024-07-18',
        model: 'gpt-4o-mini-2024-07-18',
        arguments: QUESTION,
        toolCalls: [CALL],
        finishReason: 'tool_call',
        tokens: { input: 58, output: 17 },
      },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      {
        // It was given the tool's result, which the emitter abbreviates to the tool's name.
        kind: 'model',
        name: 'gpt-4o-mini-2024-07-18',
        model: 'gpt-4o-mini-2024-07-18',
        result: ANSWER,
        toolCalls: [],
        finishReason: 'stop',
        tokens: { input: 112, output: 12 },
      },
    ]);
  });

  it('keeps the place and the duration of the call itself, not of the turn around it that also ran the tool', () => {
    expect(run.steps.map((step) => [step.spanId, step.durationMs])).toEqual([
      ['c71c32f316b9d673', 294],
      ['27b118db21b23d55', 9],
      ['1456edb65d437a0e', 53],
    ]);
  });
});
