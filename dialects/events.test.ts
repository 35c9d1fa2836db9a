import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import { joinLogEvents } from '../core/join-log-events.js';
import type { LogEvent } from '../core/log-event.js';
import type { Trajectory } from '../core/trajectory.js';
import { asLogRow, asRow } from '../test/fixtures/captures/load.js';
import { makeSpan, spanId, type SpanSketch } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

const CHAT = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-1' };
const DETAILS = 'gen_ai.client.inference.operation.details';

interface LogSketch {
  readonly name: string;
  readonly body?: AttributeValue;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly spanId?: string;
  readonly timeNs?: bigint;
}

function makeLog({ name, body = null, attributes = {}, timeNs = 1_000_000_000n, ...rest }: LogSketch): LogEvent {
  const traceId = makeSpan().traceId;
  const plain = { severityNumber: 9, severityText: '', scopeName: 'test', scopeVersion: '', resource: new Map() };
  return {
    ...plain,
    traceId,
    spanId: makeSpan().spanId,
    name,
    body,
    timeNs,
    attributes: new Map(Object.entries(attributes)),
    ...rest,
  };
}

/** Reads spans with log records, and makes sure that they read alike as rows. */
function read(sketches: readonly SpanSketch[], logs: readonly LogSketch[] = []): Trajectory {
  const spans = sketches.map(makeSpan);
  const records = logs.map(makeLog);
  const run = readTrajectory(joinLogEvents(spans, records), { tenant: 't' });
  const rows = joinLogEvents(spans.map(asRow), records.map(asLogRow));
  expect(readTrajectory(rows, { tenant: 't' })).toEqual(run);
  return run;
}

function user(content: AttributeValue): LogSketch {
  return { name: 'gen_ai.user.message', body: { content } };
}

function choice(message: AttributeValue, index = 0): LogSketch {
  return { name: 'gen_ai.choice', body: { index, finish_reason: 'stop', message } };
}

function asks(id: string, name = 'pay'): AttributeValue {
  return { tool_calls: [{ id, type: 'function', function: { name, arguments: `{"for":"${id}"}` } }] };
}

describe('message events', () => {
  const expected = {
    instructions: 'Be brief.',
    input: 'Hi',
    output: 'Hello',
    finishReason: 'length',
    hasContent: true,
    dialects: ['otel-genai', 'otel-genai-legacy'],
  };
  const bodies: readonly (readonly [string, AttributeValue])[] = [
    ['gen_ai.system.message', { content: 'Be brief.' }],
    ['gen_ai.user.message', { role: 'user', content: 'Hi' }],
    ['gen_ai.choice', { index: 0, finish_reason: 'length', message: { role: 'assistant', content: 'Hello' } }],
  ];

  it('read alike from a structured body, from its JSON, and from attributes', () => {
    const structured = read(
      [{ attributes: CHAT }],
      bodies.map(([name, body]) => ({ name, body })),
    );
    expect(structured).toMatchObject(expected);
    const json = bodies.map(([name, body]) => ({ name, body: JSON.stringify(body) }));
    expect(read([{ attributes: CHAT }], json)).toEqual(structured);
    const attributes = bodies.map(([name, body]) => ({ name, attributes: body as Record<string, AttributeValue> }));
    expect(read([{ attributes: CHAT }], attributes)).toEqual(structured);
    expect(read([{ attributes: CHAT, events: attributes }])).toEqual(structured);
  });

  it('may have their name in the attribute event.name, also on a span', () => {
    const events = bodies.map(([name, body]) => ({
      name: 'event',
      attributes: { 'event.name': name, ...(body as Record<string, AttributeValue>) },
    }));
    expect(read([{ attributes: CHAT, events }])).toMatchObject(expected);
  });

  it('take a body that is bare text for the content', () => {
    expect(read([{ attributes: CHAT }], [{ name: 'gen_ai.user.message', body: 'Hi' }]).input).toBe('Hi');
  });

  it('of a run without a span id belong to its root', () => {
    const run = read([{ attributes: CHAT }], [{ ...user('Hi'), spanId: '' }]);
    expect(run.input).toBe('Hi');
  });

  it('are read once when a span has them as its own events and as log records', () => {
    const events = [
      { name: 'gen_ai.user.message', attributes: { content: 'Hi' } },
      { name: 'gen_ai.choice', attributes: { finish_reason: 'tool_calls', message: JSON.stringify(asks('c1')) } },
    ];
    const late = { timeNs: 1_000_500_000n };
    const run = read(
      [{ attributes: CHAT, events }],
      [
        { ...user('Hi'), ...late },
        { ...choice(asks('c1')), ...late },
      ],
    );
    expect(run.steps[0]?.toolCalls).toEqual([{ id: 'c1', name: 'pay', arguments: '{"for":"c1"}' }]);
  });

  it('give way to the same content on the span', () => {
    const own = JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] }]);
    const run = read([{ attributes: { ...CHAT, 'gen_ai.output.messages': own } }], [choice({ content: 'Hello' })]);
    expect(run.output).toBe('Hello');
    expect(run.steps).toMatchObject([{ kind: 'model', result: 'Hello' }]);
  });

  it('are no content when they are evaluations, plain log lines, or of a span that is not there', () => {
    const run = read(
      [{ attributes: CHAT }],
      [
        {
          name: 'gen_ai.evaluation.result',
          attributes: { 'gen_ai.evaluation.name': 'r', 'gen_ai.evaluation.score.value': 1 },
        },
        { name: '', body: 'listening on 8080' },
        { ...user('Hi'), spanId: spanId(99) },
      ],
    );
    expect(run).toMatchObject({ hasContent: false, dialects: ['otel-genai'] });
  });

  it('that are choices of one answer are read by their index', () => {
    const run = read([{ attributes: CHAT }], [choice({ content: 'Second' }, 1), choice({ content: 'First' })]);
    expect(run.output).toBe('Second');
  });
});

describe('messages of one time', () => {
  const T = 3_000_000_000n;
  const models = [0, 1, 2].map((i) => ({
    spanId: spanId(i),
    startNs: BigInt(i + 1) * 1_000_000_000n,
    attributes: { ...CHAT, 'gen_ai.response.id': `r${i}` },
  }));
  const history: readonly LogSketch[] = [
    { name: 'gen_ai.system.message', body: { content: 'Be brief.' } },
    user('Pay both.'),
    { name: 'gen_ai.assistant.message', body: asks('c1') },
    { name: 'gen_ai.tool.message', body: { id: 'c1', content: 'paid one' } },
    { name: 'gen_ai.assistant.message', body: asks('c2') },
    { name: 'gen_ai.tool.message', body: { id: 'c2', content: 'paid two' } },
  ].map((log) => ({ ...log, spanId: spanId(2), timeNs: T }));
  const choices = [
    { ...choice(asks('c1')), spanId: spanId(0) },
    { ...choice(asks('c2')), spanId: spanId(1), timeNs: 2_000_000_000n },
    { ...choice({ content: 'Both paid.' }), spanId: spanId(2), timeNs: T },
  ];

  it.each([
    ['as said', [0, 1, 2, 3, 4, 5]],
    ['backwards', [5, 4, 3, 2, 1, 0]],
    ['mixed', [4, 1, 3, 5, 0, 2]],
  ])('stand in the order that the calls of the trace give them, come %s', (_name, order) => {
    const run = read(models, [...choices, ...order.flatMap((i) => history[i] ?? [])]);
    expect(run.steps.findLast((step) => step.kind === 'model')).toMatchObject({ arguments: 'paid two' });
    expect(run.steps.filter((step) => step.kind === 'tool').map((step) => step.result)).toEqual([
      'paid one',
      'paid two',
    ]);
  });

  it('keep the order of arrival in a conversation of several questions, where nothing else tells it', () => {
    const said = [user('First?'), { name: 'gen_ai.assistant.message', body: { content: 'One.' } }, user('Second?')];
    expect(read([{ attributes: CHAT }], said).input).toBe('Second?');
  });

  const answered = [{ name: 'gen_ai.assistant.message', body: asks('c1') }, user('Yes'), choice({ content: 'Done.' })];

  it.each([
    ['once', answered],
    ['twice', [...answered, ...answered]],
    ['twice, the second time backwards', [...answered, ...answered.toReversed()]],
  ])(
    'that belong to one question hold its call, which came before the trace, when the request came %s',
    (_name, logs) => {
      expect(read([{ attributes: CHAT }], logs).steps.map((step) => step.kind)).toEqual(['tool', 'model']);
    },
  );

  it.each([
    ['once', 1],
    ['twice', 2],
  ])('keep a call of an earlier turn out of the run whose question has the same words, when it came %s', (_name, n) => {
    const said = [user('Yes'), ...answered];
    const logs = Array.from({ length: n }, () => said).flat();
    expect(read([{ attributes: CHAT }], logs).steps.map((step) => step.kind)).toEqual(['model']);
  });
});

describe('operation details', () => {
  const input = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }]);
  const output = [{ role: 'assistant', parts: [{ type: 'text', content: 'Hello' }], finish_reason: 'stop' }];
  const expected = { input: 'Hi', output: 'Hello', finishReason: 'stop', tokens: { input: 3, output: 4 } };
  const said: Readonly<Record<string, AttributeValue>> = {
    'gen_ai.input.messages': input,
    'gen_ai.output.messages': output,
    'gen_ai.usage.input_tokens': 3,
    'gen_ai.usage.output_tokens': 4,
  };

  it('are read from a log record by its attributes, and by its body', () => {
    const byAttributes = read([{ attributes: CHAT }], [{ name: DETAILS, attributes: said }]);
    expect(byAttributes).toMatchObject(expected);
    expect(read([{ attributes: CHAT }], [{ name: DETAILS, body: said }])).toEqual(byAttributes);
  });

  it('that repeat what the span has add nothing', () => {
    const alone = read([{ attributes: { ...CHAT, ...said } }]);
    expect(read([{ attributes: { ...CHAT, ...said } }], [{ name: DETAILS, attributes: said, body: said }])).toEqual(
      alone,
    );
  });
});

describe('a failure in a log record', () => {
  const name = 'gen_ai.client.operation.exception';

  it.each<[string, LogSketch]>([
    ['attributes', { name, attributes: { 'exception.type': 'RateLimit', 'exception.message': 'slow down' } }],
    ['body', { name, body: { 'exception.message': 'slow down' } }],
    ['body of bare text', { name, body: 'slow down', attributes: { 'exception.type': 'RateLimit' } }],
  ])('is seen in its %s', (_name, log) => {
    expect(read([{ attributes: CHAT }], [log]).error).toBe('slow down');
  });
});
