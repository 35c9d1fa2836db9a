import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import type { Trajectory } from '../core/trajectory.js';
import { asRow } from '../test/fixtures/captures/load.js';
import { makeSpan, type SpanSketch } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

const CHAT = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-1' };
const INPUT = [
  { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
  {
    role: 'user',
    parts: [
      { type: 'text', content: 'Book a table.' },
      { type: 'uri', modality: 'image', uri: 'http://x/1.png' },
    ],
  },
];
const OUTPUT = [
  {
    role: 'assistant',
    parts: [
      { type: 'reasoning', content: 'A tool can do that.' },
      { type: 'text', content: 'One moment.' },
      { type: 'tool_call', id: 'c1', name: 'book', arguments: { seats: 2, at: '19:00' } },
    ],
    finish_reason: 'stop',
  },
];

/** Reads one span, and makes sure that it reads alike as a row. */
function read(...sketches: readonly SpanSketch[]): Trajectory {
  const spans = sketches.map(makeSpan);
  const trajectory = readTrajectory(spans, { tenant: 't' });
  expect(readTrajectory(spans.map(asRow), { tenant: 't' })).toEqual(trajectory);
  return trajectory;
}

describe('messages as attributes', () => {
  const asText = {
    ...CHAT,
    'gen_ai.input.messages': JSON.stringify(INPUT),
    'gen_ai.output.messages': JSON.stringify(OUTPUT),
  };
  const expected = {
    instructions: 'Be brief.',
    input: 'Book a table.\n[image]',
    output: 'One moment.',
    finishReason: 'tool_call',
    hasContent: true,
    steps: [
      {
        kind: 'model',
        result: 'One moment.',
        toolCalls: [{ id: 'c1', name: 'book', arguments: '{"at":"19:00","seats":2}' }],
      },
      { kind: 'tool', name: 'book', arguments: '{"at":"19:00","seats":2}' },
    ],
  };

  it('reads them as JSON text, and a stop that calls a tool as a tool call', () => {
    expect(read({ attributes: asText })).toMatchObject(expected);
  });

  it('reads the same from structured values', () => {
    const structured = {
      ...CHAT,
      'gen_ai.input.messages': INPUT,
      'gen_ai.output.messages': OUTPUT,
    } as unknown as Record<string, AttributeValue>;
    expect(read({ attributes: structured })).toEqual(read({ attributes: asText }));
  });

  it('reads the same from an event that is repeated once an attribute', () => {
    const name = 'gen_ai.client.inference.operation.details';
    const events = (['gen_ai.input.messages', 'gen_ai.output.messages'] as const).map((key) => ({
      name,
      attributes: { [key]: asText[key] },
    }));
    expect(read({ attributes: CHAT, events })).toEqual(read({ attributes: asText }));
  });

  it('says instructions once that stand in both places', () => {
    const both = { ...asText, 'gen_ai.system_instructions': '[{"type":"text","content":"Be brief."}]' };
    expect(read({ attributes: both }).instructions).toBe('Be brief.');
  });

  it('keeps text that is no JSON, or was cut', () => {
    const cut = JSON.stringify(INPUT).slice(0, 60);
    const run = read({ attributes: { ...CHAT, 'gen_ai.input.messages': cut, 'gen_ai.output.messages': 'Fine.' } });
    expect(run).toMatchObject({ input: cut, output: 'Fine.' });
  });

  it.each(['<REDACTED>', '__REDACTED__', ''])('takes %j for hidden', (marker) => {
    const parts = [{ type: 'text', content: marker }];
    const messages = JSON.stringify([{ role: 'user', parts }]);
    const call = [
      { role: 'assistant', parts: [...parts, { type: 'tool_call', id: 'c1', name: 'book', arguments: marker }] },
    ];
    const run = read({
      attributes: { ...CHAT, 'gen_ai.input.messages': messages, 'gen_ai.output.messages': JSON.stringify(call) },
    });
    expect(run.hasContent).toBe(false);
    expect(run.input).toBeUndefined();
    expect(run.steps[0]?.toolCalls).toEqual([{ id: 'c1', name: 'book', arguments: '' }]);
  });

  it.each(['null', '', null])('takes %j beside a tool call for no content', (content) => {
    const message = {
      role: 'assistant',
      content,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'book', arguments: '{"a":1' } }],
    };
    const run = read({ attributes: { ...CHAT, 'gen_ai.completion': JSON.stringify([message]) } });
    expect(run.output).toBeUndefined();
    expect(run.steps[0]?.toolCalls).toEqual([{ id: 'c1', name: 'book', arguments: '{"a":1' }]);
  });

  it('keeps cut arguments of a call as the model wrote them, and takes a second layer of JSON off', () => {
    const part = (text: string) => ({ type: 'tool_call', name: 'pay', arguments: text });
    const parts = [
      part('{"amount": 12, "to": "A'),
      part(JSON.stringify('{"amount": 9}')),
      part('{"id": 9007199254740993}'),
    ];
    const run = read({
      attributes: { ...CHAT, 'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts }]) },
    });
    expect(run.steps[0]?.toolCalls?.map((call) => call.arguments)).toEqual([
      '{"amount": 12, "to": "A',
      '{"amount": 9}',
      '{"id": 9007199254740993}',
    ]);
  });
});

describe('names of other generations', () => {
  it('reads deprecated names of counts, prompt and completion, and the provider as system', () => {
    const attributes = {
      'gen_ai.operation.name': 'text_completion',
      'gen_ai.system': 'openai',
      'gen_ai.usage.prompt_tokens': 7,
      'gen_ai.usage.completion_tokens': 3,
      'gen_ai.prompt': '[{"role":"user","content":"Hi"}]',
      'gen_ai.completion': '[{"role":"assistant","content":"Hello"}]',
    };
    const run = read({ attributes });
    expect(run).toMatchObject({ provider: 'openai', tokens: { input: 7, output: 3 }, input: 'Hi', output: 'Hello' });
    expect(run.dialects).toEqual(['otel-genai', 'otel-genai-legacy']);
  });

  it('reads messages of old span events, also when all of one is JSON in one attribute', () => {
    const events = [
      { name: 'gen_ai.system.message', attributes: { content: 'Be brief.' } },
      { name: 'gen_ai.user.message', attributes: { 'gen_ai.event.content': '{"role":"user","content":"Hi"}' } },
      {
        name: 'gen_ai.choice',
        attributes: { finish_reason: 'length', index: 0, message: '{"role":"assistant","content":"Hel"}' },
      },
    ];
    expect(read({ attributes: CHAT, events })).toMatchObject({
      instructions: 'Be brief.',
      input: 'Hi',
      output: 'Hel',
      finishReason: 'length',
    });
  });

  it.each([
    ['["tool_calls"]', 'tool_call'],
    ['end_turn', 'stop'],
    [['max_tokens'], 'length'],
    ['["refusal"]', 'content_filter'],
    ['pause_turn', 'pause_turn'],
  ])('reads the finish reason %j as %s', (sent, reason) => {
    expect(read({ attributes: { ...CHAT, 'gen_ai.response.finish_reasons': sent } }).finishReason).toBe(reason);
  });

  it.each([
    ['conversation', { 'gen_ai.conversation.id': 's-1', 'session.id': 's-2' }],
    ['session', { 'session.id': 's-1' }],
  ])('reads the session from the %s id, and the user from the old name too', (_name, ids) => {
    expect(read({ attributes: { ...CHAT, ...ids, 'enduser.id': 'u-1' } })).toMatchObject({
      sessionId: 's-1',
      userId: 'u-1',
    });
  });

  it('reads the environment under its new and old name', () => {
    expect(read({ resource: { 'deployment.environment': 'prod' } }).environment).toBe('prod');
    expect(
      read({ resource: { 'deployment.environment': 'old', 'deployment.environment.name': 'new' } }).environment,
    ).toBe('new');
  });

  it.each([
    ['flat', [{ type: 'function', name: 'f', description: 'd', parameters: { type: 'object' } }]],
    ['nested', [{ type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } }]],
    ['inputSchema', [{ type: 'function', name: 'f', description: 'd', inputSchema: { type: 'object' } }]],
    ['input_schema', [{ name: 'f', description: 'd', input_schema: { type: 'object' } }]],
    ['toolSpec', [{ toolSpec: { name: 'f', description: 'd', inputSchema: { json: { type: 'object' } } } }]],
  ])('reads %s tool definitions', (_name, definitions) => {
    const expected = [{ name: 'f', description: 'd', parameters: { type: 'object' } }];
    expect(read({ attributes: { ...CHAT, 'gen_ai.tool.definitions': JSON.stringify(definitions) } }).tools).toEqual(
      expected,
    );
    const each = definitions.map((definition) => JSON.stringify(definition));
    expect(read({ attributes: { ...CHAT, 'gen_ai.tool.definitions': each } }).tools).toEqual(expected);
  });
});

describe('tools, retrieval and failures', () => {
  const TOOL = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'pay' };

  it('reads structured arguments and results of a tool as canonical JSON, texts as they are', () => {
    const [asObject] = read({
      attributes: { ...TOOL, 'gen_ai.tool.call.arguments': { b: 1, a: 2 }, 'gen_ai.tool.call.result': { ok: true } },
    }).steps;
    expect(asObject).toMatchObject({ name: 'pay', arguments: '{"a":2,"b":1}', result: '{"ok":true}' });
    const [asText] = read({ attributes: { ...TOOL, 'gen_ai.tool.call.arguments': '{"b": 1, "a"' } }).steps;
    expect(asText?.arguments).toBe('{"b": 1, "a"');
  });

  it('reads a retrieval', () => {
    const attributes = {
      'gen_ai.operation.name': 'retrieval',
      'gen_ai.data_source.id': 'kb',
      'gen_ai.retrieval.query.text': 'opening hours',
      'gen_ai.retrieval.documents':
        '[{"id":"d1","score":0.5,"content":"Nine to five"},{"id":"d2","content":"Closed on Monday"}]',
    };
    expect(read({ attributes }).steps).toMatchObject([
      { kind: 'retrieval', name: 'kb', arguments: 'opening hours', result: 'Nine to five\nClosed on Monday' },
    ]);
  });

  it.each<[string, SpanSketch, string]>([
    ['status ERROR', { statusCode: 2, statusMessage: 'card refused' }, 'card refused'],
    ['status ERROR without a word', { statusCode: 2 }, 'failed without a message'],
    [
      'an exception event under status OK',
      { statusCode: 1, events: [{ name: 'exception', attributes: { 'exception.message': 'boom' } }] },
      'boom',
    ],
    [
      'an exception type',
      { events: [{ name: 'exception', attributes: { 'exception.type': 'TypeError' } }] },
      'TypeError',
    ],
    [
      'the exception event of G3',
      { events: [{ name: 'gen_ai.client.operation.exception', attributes: { 'exception.message': 'boom' } }] },
      'boom',
    ],
    ['error.type', { attributes: { ...TOOL, 'error.type': 'timeout' } }, 'timeout'],
    ['an HTTP status', { attributes: { ...TOOL, 'http.response.status_code': 429 } }, 'HTTP 429'],
    ['tool_error of MCP', { attributes: { ...TOOL, 'error.type': 'tool_error' } }, 'tool_error'],
    [
      'isError in the result',
      { attributes: { ...TOOL, 'gen_ai.tool.call.result': '{"isError":true,"content":[]}' } },
      '{"isError":true,"content":[]}',
    ],
    [
      'the tool status',
      { attributes: { ...TOOL, 'gen_ai.tool.status': 'error', 'gen_ai.tool.call.result': 'no such card' } },
      'no such card',
    ],
  ])('sees a failure in %s', (_name, sketch, message) => {
    const run = read({ attributes: TOOL, ...sketch });
    expect(run.error).toBe(message);
    expect(run.steps).toMatchObject([{ kind: 'tool', error: message }]);
  });

  it.each<[string, SpanSketch]>([
    ['a message on a status that is no error', { statusCode: 1, statusMessage: 'done' }],
    ['an HTTP status below 400', { attributes: { ...TOOL, 'http.response.status_code': 304 } }],
    [
      "a tool's own word error",
      { attributes: { ...TOOL, 'gen_ai.tool.call.result': '{"status":"error","isErrorFree":true}' } },
    ],
  ])('sees none in %s', (_name, sketch) => {
    expect(read({ attributes: TOOL, ...sketch }).error).toBeUndefined();
  });
});
