import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import type { Span } from '../core/span.js';
import { makeSpan, spanId, type SpanSketch } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

type Row = readonly [
  id: number,
  parent: number | undefined,
  attributes: Readonly<Record<string, AttributeValue>>,
  more?: SpanSketch,
];

const CHAT = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-1' };
const AGENT = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'a-1' };
const TOOL = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'pay' };

function usage(input: number, output: number) {
  return { 'gen_ai.usage.input_tokens': input, 'gen_ai.usage.output_tokens': output };
}

/** Spans that start one after another. */
function spansOf(...rows: readonly Row[]): readonly Span[] {
  return rows.map(([id, parent, attributes, more], i) =>
    makeSpan({
      spanId: spanId(id),
      parentSpanId: parent === undefined ? '' : spanId(parent),
      startNs: 1_000_000_000n + BigInt(i) * 1_000_000n,
      attributes,
      ...more,
    }),
  );
}

function read(...rows: readonly Row[]) {
  return readTrajectory(spansOf(...rows), { tenant: 't' });
}

function outline(...rows: readonly Row[]) {
  return read(...rows).steps.map((step) => `${step.kind} ${step.name}`);
}

function said(role: string, text: string) {
  return { role, parts: [{ type: 'text', content: text }] };
}

function messages(kind: 'input' | 'output', ...list: readonly unknown[]) {
  return { [`gen_ai.${kind}.messages`]: JSON.stringify(list) };
}

describe('tokens', () => {
  it('come from leaf model spans and not from the agents above that repeat their sum', () => {
    const run = read(
      [0, undefined, { ...AGENT, ...usage(30, 12) }],
      [1, 0, { ...AGENT, ...usage(30, 12) }],
      [2, 1, { ...CHAT, ...usage(10, 5) }],
      [3, 1, { ...CHAT, ...usage(20, 7) }],
    );
    expect(run.tokens).toEqual({ input: 30, output: 12 });
    expect(run.steps.map((step) => step.tokens)).toEqual([
      undefined,
      { input: 10, output: 5 },
      { input: 20, output: 7 },
    ]);
  });

  it('come from the agent when no model span below it says any', () => {
    expect(read([0, undefined, { ...AGENT, ...usage(30, 12) }], [1, 0, CHAT]).tokens).toEqual({
      input: 30,
      output: 12,
    });
  });

  it('of an agent that a tool of a model span runs are counted beside those of the model span', () => {
    const run = read(
      [0, undefined, { ...CHAT, ...usage(10, 5) }],
      [1, 0, TOOL],
      [2, 1, AGENT],
      [3, 2, { ...CHAT, ...usage(20, 7) }],
    );
    expect(run.tokens).toEqual({ input: 30, output: 12 });
  });

  it('are never more than a number can count', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const run = read(
      [0, undefined, AGENT],
      [1, 0, { ...CHAT, ...usage(most, 1) }],
      [2, 0, { ...CHAT, ...usage(most, 2) }],
    );
    expect(run.tokens).toEqual({ input: most, output: 3 });
  });

  it.each([1e308, 2 ** 53, -1, '1e400', 'NaN'])('of %s are no count', (bad) => {
    const wrong = { 'gen_ai.usage.input_tokens': bad, 'gen_ai.usage.output_tokens': 4.6 };
    const run = read([0, undefined, AGENT], [1, 0, { ...CHAT, ...wrong }], [2, 0, { ...CHAT, ...wrong }]);
    expect(run.tokens).toEqual({ input: 0, output: 10 });
  });

  it('are absent and not zero when nobody sent any', () => {
    expect(read([0, undefined, CHAT]).tokens).toBeUndefined();
  });
});

describe('nested duplicates', () => {
  it.each<[string, Row[]]>([
    [
      'by response id',
      [
        [0, undefined, { ...CHAT, ...usage(9, 5), 'gen_ai.response.id': 'r' }],
        [1, 0, { ...CHAT, ...usage(10, 5), 'gen_ai.response.id': 'r' }],
      ],
    ],
    [
      'by model and tokens',
      [
        [0, undefined, { ...CHAT, ...usage(10, 5) }],
        [1, 0, { ...CHAT, ...usage(10, 5), 'gen_ai.response.id': 'r' }],
      ],
    ],
    [
      'through spans of no kind',
      [
        [0, undefined, { ...CHAT, ...usage(10, 5) }],
        [1, 0, {}],
        [2, 1, { ...CHAT, ...usage(10, 5) }],
      ],
    ],
    [
      'three deep',
      [
        [0, undefined, { ...CHAT, ...usage(10, 5) }],
        [1, 0, { ...CHAT, ...usage(10, 5) }],
        [2, 1, { ...CHAT, ...usage(10, 5) }],
      ],
    ],
  ])('of a model call are one step, matched %s', (_name, rows) => {
    const run = read(...rows);
    expect(run.steps.map((step) => step.kind)).toEqual(['model']);
    expect(run.tokens).toMatchObject({ output: 5 });
  });

  it('lend each other what one of them lacks', () => {
    const inner = {
      ...CHAT,
      ...usage(10, 5),
      'gen_ai.response.model': 'm-1-2026',
      'gen_ai.response.finish_reasons': ['stop'],
    };
    const run = read([0, undefined, { ...CHAT, ...messages('output', said('assistant', 'Hello')) }], [1, 0, inner]);
    expect(run.steps).toMatchObject([
      { model: 'm-1-2026', result: 'Hello', finishReason: 'stop', tokens: { input: 10, output: 5 } },
    ]);
  });

  it('are none when the inner calls differ: the outer span is then an agent', () => {
    const rows: Row[] = [
      [9, undefined, {}],
      [0, 9, { ...CHAT, ...usage(30, 12) }],
      [1, 0, { ...CHAT, ...usage(10, 5) }],
      [2, 0, { ...CHAT, ...usage(20, 7) }],
    ];
    expect(read(...rows).steps.map((step) => step.kind)).toEqual(['agent', 'model', 'model']);
    expect(read(...rows).tokens).toEqual({ input: 30, output: 12 });
  });
});

describe('a tool call over MCP', () => {
  const MCP = { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'pay', 'gen_ai.operation.name': 'execute_tool' };

  it('is one step although it is three spans, with what any of them says', () => {
    const run = read(
      [0, undefined, AGENT],
      [1, 0, { ...TOOL, 'gen_ai.tool.call.arguments': '{"a":1}' }],
      [2, 1, MCP],
      [3, 2, { ...MCP, 'gen_ai.tool.call.result': 'done', 'error.type': 'tool_error' }],
    );
    expect(run.steps).toMatchObject([
      { kind: 'tool', name: 'pay', arguments: '{"a":1}', result: 'done', error: 'tool_error' },
    ]);
  });

  it('is one step without a tool span of its own, and listing tools is none', () => {
    expect(
      outline([0, undefined, AGENT], [1, 0, MCP], [2, 1, MCP], [3, 0, { 'mcp.method.name': 'tools/list' }]),
    ).toEqual(['tool pay']);
  });

  it('leaves a tool that calls itself, and another that it calls, as steps of their own', () => {
    const call = (id: string, name = 'pay') => ({ ...TOOL, 'gen_ai.tool.name': name, 'gen_ai.tool.call.id': id });
    expect(outline([0, undefined, call('c1')], [1, 0, call('c2')], [2, 1, call('c3', 'audit')])).toEqual([
      'tool pay',
      'tool pay',
      'tool audit',
    ]);
  });
});

describe('steps', () => {
  it('come by start, whatever the order of spans', () => {
    const rows: Row[] = [
      [0, undefined, AGENT],
      [1, 0, CHAT],
      [2, 0, TOOL],
      [3, 0, CHAT],
    ];
    const spans = spansOf(...rows);
    const kinds = (list: readonly Span[]) => readTrajectory(list, { tenant: 't' }).steps.map((step) => step.kind);
    expect(kinds(spans)).toEqual(['model', 'tool', 'model']);
    expect(kinds(spans.toReversed())).toEqual(['model', 'tool', 'model']);
  });

  it('hold a failed span of no kind only where nothing below it failed', () => {
    const failed = { statusCode: 2, statusMessage: 'no' } as const;
    expect(outline([0, undefined, AGENT], [1, 0, {}, { ...failed, name: 'GET /stock' }])).toEqual(['other GET /stock']);
    expect(outline([0, undefined, AGENT], [1, 0, {}, failed], [2, 1, TOOL, failed])).toEqual(['tool pay']);
  });

  it('never last less than nothing', () => {
    const run = read([0, undefined, CHAT, { startNs: 5_000_000n, endNs: 0n }]);
    expect(run.steps[0]?.durationMs).toBe(0);
    expect(run.durationMs).toBe(0);
  });
});

describe('tool steps from messages', () => {
  const call = (id: string | undefined, seats: number) => ({
    role: 'assistant',
    parts: [{ type: 'tool_call', ...(id === undefined ? {} : { id }), name: 'book', arguments: { seats } }],
  });
  const answer = (id: string | undefined, response: unknown) => ({
    role: 'tool',
    parts: [{ type: 'tool_call_response', ...(id === undefined ? {} : { id }), response }],
  });
  const asked = said('user', 'Book.');

  it.each(['with', 'without'])('are one a call, answered from the later conversation, %s ids', (ids) => {
    const [c1, c2, c3] = ids === 'with' ? ['c1', 'c2', 'c3'] : [];
    const first = [asked, call(c1, 2), answer(c1, 'full')];
    const second = [...first, call(c2, 2), answer(c2, 'booked')];
    const run = read(
      [0, undefined, { ...CHAT, ...messages('input', asked), ...messages('output', call(c1, 2)) }],
      [1, undefined, { ...CHAT, ...messages('input', ...first), ...messages('output', call(c2, 2)) }],
      [2, undefined, { ...CHAT, ...messages('input', ...second), ...messages('output', call(c3, 4)) }],
    );
    const tools = run.steps.filter((step) => step.kind === 'tool');
    expect(tools.map(({ arguments: given, result }) => [given, result])).toEqual([
      ['{"seats":2}', 'full'],
      ['{"seats":2}', 'booked'],
      ['{"seats":4}', undefined],
    ]);
  });

  it('leave out calls of earlier turns of the conversation', () => {
    const earlier = [asked, call('c1', 2), answer('c1', 'booked'), said('assistant', 'Done.')];
    const run = read([
      0,
      undefined,
      {
        ...CHAT,
        ...messages('input', ...earlier, said('user', 'Thanks.')),
        ...messages('output', said('assistant', 'Bye.')),
      },
    ]);
    expect(run).toMatchObject({ input: 'Thanks.', output: 'Bye.' });
    expect(run.steps.map((step) => step.kind)).toEqual(['model']);
  });

  it('take no tool result of the user role for a question', () => {
    const result = { role: 'user', parts: [{ type: 'tool_call_response', id: 'c1', result: 'booked' }] };
    const run = read([0, undefined, { ...CHAT, ...messages('input', asked, call('c1', 2), result) }]);
    expect(run.input).toBe('Book.');
    expect(run.steps).toMatchObject([
      { kind: 'tool', result: 'booked' },
      { kind: 'model', arguments: 'booked' },
    ]);
  });

  it('are not made where the emitter sends tool spans', () => {
    const run = read(
      [0, undefined, { ...CHAT, ...messages('output', call('c1', 2)) }],
      [1, 0, { ...TOOL, 'gen_ai.tool.name': 'book' }],
    );
    expect(run.steps.filter((step) => step.kind === 'tool')).toHaveLength(1);
  });
});

describe('what was asked and answered', () => {
  it('comes from the root first, then the outermost agent, then the model steps', () => {
    const chat = {
      ...CHAT,
      ...messages('input', said('user', 'model asks')),
      ...messages('output', said('assistant', 'model says')),
    };
    const agent = {
      ...AGENT,
      ...messages('input', said('user', 'agent asks')),
      ...messages('output', said('assistant', 'agent says')),
    };
    expect(read([0, undefined, {}], [1, 0, chat])).toMatchObject({ input: 'model asks', output: 'model says' });
    expect(read([0, undefined, {}], [1, 0, agent], [2, 1, chat])).toMatchObject({
      input: 'agent asks',
      output: 'agent says',
    });
    const root = {
      ...AGENT,
      ...messages('input', said('user', 'root asks')),
      ...messages('output', said('assistant', 'root says')),
    };
    expect(read([0, undefined, root], [1, 0, agent], [2, 1, chat])).toMatchObject({
      input: 'root asks',
      output: 'root says',
    });
  });

  it('fails as a run only when the root says so', () => {
    const failed = { statusCode: 2, statusMessage: 'no' } as const;
    expect(read([0, undefined, AGENT], [1, 0, TOOL, failed]).error).toBeUndefined();
    expect(read([0, undefined, AGENT, failed], [1, 0, TOOL]).error).toBe('no');
  });
});

describe('broken trees', () => {
  it.each<[string, Row[]]>([
    [
      'an orphan',
      [
        [1, 7, CHAT],
        [2, 1, TOOL],
      ],
    ],
    [
      'a span that is its own parent',
      [
        [1, 1, CHAT],
        [2, 1, TOOL],
      ],
    ],
    [
      'a cycle',
      [
        [1, 2, CHAT],
        [2, 3, TOOL],
        [3, 1, {}],
      ],
    ],
    [
      'a branch off a cycle',
      [
        [5, 1, CHAT],
        [1, 2, {}],
        [2, 1, TOOL],
      ],
    ],
  ])('with %s are read whole', (_name, rows) => {
    const run = read(...rows);
    expect(run.spanCount).toBe(rows.length);
    expect(run.steps.map((step) => step.kind).sort()).toEqual(['model', 'tool']);
  });

  it('prefer a true root to an earlier orphan', () => {
    expect(read([1, 7, CHAT], [2, undefined, { ...AGENT, ...messages('input', said('user', 'Hi')) }]).input).toBe('Hi');
  });

  it('of no spans at all are refused', () => {
    expect(() => readTrajectory([], { tenant: 't' })).toThrow(
      new RangeError('expected the spans of one trace, got none'),
    );
  });

  it('take the span that ended later of two with one id', () => {
    const open = makeSpan({ attributes: CHAT, endNs: 0n });
    const ended = makeSpan({ attributes: { ...CHAT, ...usage(1, 2) } });
    for (const spans of [
      [open, ended],
      [ended, open],
    ])
      expect(readTrajectory(spans, { tenant: 't' })).toMatchObject({ spanCount: 1, tokens: { input: 1, output: 2 } });
  });
});

describe('5,000 spans are read well within a second', () => {
  const conversation = [said('user', 'Book.'), said('assistant', 'x'.repeat(500)), said('user', 'y'.repeat(500))];
  const attributes = {
    ...CHAT,
    ...usage(1, 1),
    ...messages('input', ...conversation),
    ...messages('output', said('assistant', 'z')),
  };

  it.each<[string, (id: number) => Row]>([
    ['side by side', (id) => [id, id === 0 ? undefined : 0, id % 2 === 0 ? attributes : TOOL]],
    ['each in the other', (id) => [id, id === 0 ? undefined : id - 1, id % 2 === 0 ? attributes : TOOL]],
    ['model spans each in the other', (id) => [id, id === 0 ? undefined : id - 1, attributes]],
    ['model spans in one', (id) => [id, id === 0 ? undefined : 0, { ...attributes, 'gen_ai.response.id': String(id) }]],
    ['orphans', (id) => [id, 1_000_000 + id, attributes]],
    ['a cycle', (id) => [id, (id + 1) % 5000, attributes]],
  ])('%s', (_name, row) => {
    const spans = spansOf(...Array.from({ length: 5000 }, (_item, id) => row(id)));
    // Of the processor and not of the clock: other work on the machine does not count.
    const before = process.cpuUsage();
    const run = readTrajectory(spans, { tenant: 't' });
    const { user, system } = process.cpuUsage(before);
    expect(run.spanCount).toBe(5000);
    expect((user + system) / 1000).toBeLessThan(1000);
  });
});
