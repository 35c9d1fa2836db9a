import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinLogEvents } from '../core/join-log-events.js';
import type { LogEvent } from '../core/log-event.js';
import type { Trajectory } from '../core/trajectory.js';
import { asLogRow, asRow, CAPTURES, readJoinedTraces, readLogs, readTraces } from '../test/fixtures/captures/load.js';
import { without } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

const QUESTION = 'What is the weather in Paris?';
const ANSWER = 'The weather in Paris is rainy, 14°C.';
const ARGUMENTS = '{"location":"Paris"}';
const RESULT = '{"location":"Paris","temp_c":14,"conditions":"rainy"}';
const MODEL = 'gpt-4o-mini-2024-07-18';

const [spans = []] = readTraces('otel-genai');
const logs = readLogs('otel-genai');

function read(joined: readonly LogEvent[]): Trajectory {
  return readTrajectory(joinLogEvents(spans, joined), { tenant: 'acme' });
}

describe('OTel GenAI with its content in log records', () => {
  it('reads the whole run, each message once although every record came in two encodings', () => {
    const run = read(logs);
    expect(without(run, 'steps')).toEqual({
      tenant: 'acme',
      traceId: '2dfead95f84373e3fcba82529d0cad33',
      service: 'otel-genai-agent',
      release: '',
      environment: '',
      instructions: 'You are a weather agent.',
      input: QUESTION,
      output: ANSWER,
      model: MODEL,
      provider: 'openai',
      tokens: { input: 170, output: 29 },
      finishReason: 'stop',
      sessionId: 'conv-9',
      userId: 'user-7',
      tools: [],
      dialects: ['otel-genai', 'otel-genai-legacy'],
      hasContent: true,
      spanCount: 6,
      durationMs: 114.154038,
    });
    expect(
      run.steps.map((step) => without(step, 'spanId', 'parentSpanId', 'startNs', 'durationMs', 'model', 'tokens')),
    ).toEqual([
      {
        kind: 'model',
        name: MODEL,
        arguments: QUESTION,
        toolCalls: [{ id: 'call_fake_weather_1', name: 'get_weather', arguments: ARGUMENTS }],
        finishReason: 'tool_call',
      },
      { kind: 'tool', name: 'get_weather', arguments: ARGUMENTS, result: RESULT },
      { kind: 'model', name: MODEL, arguments: RESULT, result: ANSWER, toolCalls: [], finishReason: 'stop' },
      { kind: 'embedding', name: 'text-embedding-3-small' },
      { kind: 'model', name: 'gpt-4o-mini', arguments: 'FAIL_PLEASE', error: "400 Invalid 'messages' (fake)" },
    ]);
  });

  it('says, before the logs are there, that they have to be sent', () => {
    expect(read([])).toMatchObject({
      hasContent: false,
      contentSwitch:
        'set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true at the sender and export its logs to Assay too, because it sends message text as log records',
    });
    expect(read(logs).contentSwitch).toBeUndefined();
  });

  it('reads the same from any order of arrival, although four messages bear one millisecond', () => {
    const expected = read(logs);
    const places = logs.map((_log, i) => i);
    const orders = fc.shuffledSubarray(places, { minLength: places.length });
    fc.assert(
      fc.property(orders, (order) => {
        expect(read(order.flatMap((i) => logs[i] ?? []))).toEqual(expected);
      }),
    );
  });

  it('reads the same from the table as from OTLP, and from both at once', () => {
    const expected = read(logs);
    const rows = logs.map(asLogRow);
    expect(read(rows)).toEqual(expected);
    expect(read([...rows, ...logs])).toEqual(expected);
    expect(readTrajectory(joinLogEvents(spans.map(asRow), rows), { tenant: 'acme' })).toEqual(expected);
  });
});

describe.each(CAPTURES)('%s', (capture) => {
  it('reads the same with its spans and log records as rows', () => {
    for (const trace of readJoinedTraces(capture))
      expect(readTrajectory(trace.map(asRow), { tenant: 'acme' })).toEqual(readTrajectory(trace, { tenant: 'acme' }));
  });
});
