import { describe, expect, it } from 'vitest';
import { mapAttributes, readTraces } from '../test/fixtures/captures/load.js';
import {
  ANSWER,
  ARGUMENTS,
  CALL,
  INSTRUCTIONS,
  outline,
  QUESTION,
  read,
  SCHEMA,
} from '../test/fixtures/captures/weather.js';
import { readTrajectory } from './index.js';

/** As `json.dumps` writes it. */
const PYTHON_RESULT = '{"location": "Paris", "temp_c": 14, "conditions": "rainy"}';

describe.each([
  ['openinference-python', 'openinference'],
  ['openllmetry-python', 'otel-genai'],
] as const)('%s, which marks nothing but model calls', (capture, dialect) => {
  const [run, refused] = read(capture);

  it('reads a run from a plain span around its model calls', () => {
    expect(run).toMatchObject({
      service: 'weather-agent',
      release: '1.0.0',
      instructions: INSTRUCTIONS,
      input: QUESTION,
      output: ANSWER,
      model: 'gpt-4o-mini-2024-07-18',
      provider: 'openai',
      finishReason: 'stop',
      tokens: { input: 170, output: 29 },
      sessionId: 'sess-42',
      userId: 'user-7',
      tools: [{ name: 'get_weather', description: 'Get current weather', parameters: SCHEMA }],
      dialects: [dialect],
      hasContent: true,
      spanCount: 3,
    });
    expect(run?.error).toBeUndefined();
  });

  it('reads the tool, which has no span, from the messages', () => {
    expect(outline(run?.steps ?? [])).toMatchObject([
      { kind: 'model', arguments: QUESTION, toolCalls: [CALL], finishReason: 'tool_call' },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: PYTHON_RESULT },
      { kind: 'model', result: ANSWER, toolCalls: [], finishReason: 'stop' },
    ]);
  });

  it('reads what a refused call failed with', () => {
    expect(refused).toMatchObject({ input: QUESTION, spanCount: 2, userId: 'user-7' });
    expect(refused?.steps.map((step) => step.kind)).toEqual(['model']);
    expect(refused?.steps[0]?.error).toContain('Error code: 404');
  });
});

it('OpenLLMetry in Python names its own switch where it keeps message text back', () => {
  const [sent = []] = readTraces('openllmetry-python');
  const spans = sent.map((span) =>
    mapAttributes(span, (attributes) => new Map([...attributes].filter(([key]) => !/messages|tool/.test(key)))),
  );
  const { hasContent, contentSwitch } = readTrajectory(spans, { tenant: 'acme' });
  expect(hasContent).toBe(false);
  expect(contentSwitch).toBe('unset TRACELOOP_TRACE_CONTENT at the sender');
});
