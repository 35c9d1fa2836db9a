import { describe, expect, it } from 'vitest';
import type { AttributeValue } from '../core/attributes.js';
import type { Feedback } from '../core/feedback.js';
import type { LogEvent } from '../core/log-event.js';
import { OWN_ATTRIBUTE } from '../core/own-spans.js';
import type { Span } from '../core/span.js';
import { asLogRow, asRow, readLogs, readTraces } from '../test/fixtures/captures/load.js';
import { makeSpan, spanId, type SpanSketch } from '../test/fixtures/captures/make-span.js';
import { readFeedback, readTrajectory, responseIdsOf, type FeedbackTarget } from './index.js';

const RUN = 'fb706ad01ce46afcf47b0e27a3328297';
const ROOT = '0ae79af799dad50e';
const TRACE = makeSpan().traceId;
const OTHER = 'f'.repeat(32);

/** Reads feedback, and makes sure that rows and another order of arrival give the same. */
function read(
  spans: readonly Span[],
  logs: readonly LogEvent[],
  target: Partial<FeedbackTarget> = {},
): readonly Feedback[] {
  const whole = { traceId: TRACE, responseIds: [], ...target };
  const found = readFeedback({ spans, logs }, whole);
  expect(readFeedback({ spans: spans.map(asRow), logs: logs.map(asLogRow) }, whole)).toEqual(found);
  expect(readFeedback({ spans: [...spans, ...spans].reverse(), logs: [...logs].reverse() }, whole)).toEqual(found);
  return found;
}

function annotated(attributes: Readonly<Record<string, AttributeValue>>, more: SpanSketch = {}): Span {
  return makeSpan({ attributes, ...more });
}

function link(traceId: string, to: string) {
  return { traceId, spanId: to, traceState: '', attributes: new Map() };
}

function evaluation(more: Readonly<Record<string, AttributeValue>>, log: Partial<LogEvent> = {}): LogEvent {
  return {
    traceId: TRACE,
    spanId: spanId(1),
    timeNs: 5n,
    severityNumber: 9,
    severityText: '',
    name: 'gen_ai.evaluation.result',
    body: null,
    resource: new Map(),
    scopeName: 'test',
    scopeVersion: '',
    attributes: new Map(Object.entries({ 'gen_ai.evaluation.name': 'relevance', ...more })),
    ...log,
  };
}

const THUMBS = { 'annotations.0.annotation.name': 'thumbs', 'annotations.0.annotation.score': 1 };

describe('the recorded feedback', () => {
  const spans = readTraces('feedback').flat();

  it('is found by span, by scope, by link, by parent and by response id, each once although all came twice', () => {
    const target = { traceId: RUN, responseIds: ['chatcmpl-fake1'], sessionId: 'sess-42' };
    const relevance = { name: 'Relevance', score: 0.9, label: 'relevant', explanation: 'on topic', source: 'unknown' };
    expect(read(spans, readLogs('feedback'), target)).toEqual([
      { name: 'coherence', label: 'coherent', source: 'unknown', spanId: '', timeNs: 1795228274118000000n },
      { name: 'retrieval_quality', score: 0.92, source: 'unknown', spanId: '', timeNs: 1795228274118000000n },
      { name: 'thumbs', score: 1, label: 'up', source: 'human', spanId: ROOT, timeNs: 1795228274118000000n },
      {
        name: 'hallucination',
        score: 0,
        label: 'factual',
        explanation: 'Supported by context.',
        source: 'llm',
        spanId: ROOT,
        timeNs: 1795228274119000000n,
      },
      { ...relevance, spanId: ROOT, timeNs: 1795228274120000000n },
      {
        name: 'helpful',
        score: 1,
        label: 'true',
        explanation: 'nice',
        source: 'unknown',
        spanId: ROOT,
        timeNs: 1795228274120000000n,
      },
      { ...relevance, spanId: '', timeNs: 1795228274121000000n },
    ]);
  });

  it('is none of another trace, and without the response id one less', () => {
    expect(read(spans, readLogs('feedback'), { traceId: OTHER, sessionId: 'sess-1' })).toEqual([]);
    expect(read(spans, readLogs('feedback'), { traceId: RUN, sessionId: 'sess-42' })).toHaveLength(6);
  });

  it('is no step of the run, and the trace of an evaluator has none', () => {
    const [run, evaluator] = readTraces('feedback').map((trace) => readTrajectory(trace, { tenant: 't' }));
    expect(run).toMatchObject({ input: 'q', output: 'a', steps: [], hasContent: true, spanCount: 2 });
    expect(evaluator).toMatchObject({ steps: [], hasContent: false, spanCount: 1 });
    expect(evaluator?.contentSwitch).toBe(
      'send the spans of the run too, because this trace holds nothing but evaluations of it',
    );
  });
});

describe('an evaluation event', () => {
  const SCORE = { 'gen_ai.evaluation.score.value': 0.5 };

  it('is about the span that it is parented to, as a log record or as an event of the span', () => {
    const name = 'gen_ai.evaluation.result';
    const attributes = { 'gen_ai.evaluation.name': 'relevance', ...SCORE };
    const said = { name: 'relevance', score: 0.5, source: 'unknown', spanId: spanId(1) };
    expect(read([], [evaluation(SCORE)])).toMatchObject([said]);
    expect(read([makeSpan({ spanId: spanId(1), events: [{ name, attributes }] })], [])).toMatchObject([said]);
    expect(read([], [evaluation({ ...SCORE, 'event.name': name }, { name: '' })])).toMatchObject([said]);
  });

  it('from another trace is about the span that gave the response which it names', () => {
    const chat = makeSpan({ spanId: spanId(2), attributes: { 'gen_ai.response.id': 'r-1' } });
    const elsewhere = evaluation({ ...SCORE, 'gen_ai.response.id': 'r-1' }, { traceId: OTHER });
    expect(responseIdsOf([chat])).toEqual(['r-1']);
    expect(read([chat], [elsewhere], { responseIds: responseIdsOf([chat]) })).toMatchObject([{ spanId: spanId(2) }]);
    expect(read([chat], [elsewhere], { responseIds: ['r-2'] })).toEqual([]);
  });

  it('that failed to score, has no name, or is a verdict of Assay is no feedback', () => {
    const own = new Map([[OWN_ATTRIBUTE, 'true']]);
    expect(read([], [evaluation({ 'error.type': 'timeout' })])).toEqual([]);
    expect(read([], [evaluation({ ...SCORE, 'gen_ai.evaluation.name': '' })])).toEqual([]);
    expect(read([], [evaluation(SCORE, { resource: own })])).toEqual([]);
  });
});

describe('annotations of OpenInference', () => {
  it('are about the one linked span, wherever they stand in a tree', () => {
    const later = { traceId: OTHER, parentSpanId: spanId(7), links: [link(TRACE, spanId(3))] };
    expect(read([annotated(THUMBS, later)], [])).toMatchObject([{ name: 'thumbs', spanId: spanId(3) }]);
  });

  it('with two links are about nobody knows which', () => {
    const links = [link(TRACE, spanId(3)), link(TRACE, spanId(4))];
    expect(read([annotated(THUMBS, { traceId: OTHER, links })], [])).toEqual([]);
  });

  it('of a trace are about the linked trace, of a session about the session', () => {
    const attributes = {
      'trace.annotations.0.annotation.name': 'done',
      'trace.annotations.0.annotation.label': 'yes',
      'session.evaluations.0.evaluation.name': 'mood',
      'session.evaluations.0.evaluation.label': 'good',
      'session.id': 's-1',
    };
    const span = annotated(attributes, { traceId: OTHER, links: [link(TRACE, spanId(3))] });
    const names = (target: Partial<FeedbackTarget>) => read([span], [], target).map((one) => one.name);
    expect(names({ sessionId: 's-1' })).toEqual(['done', 'mood']);
    expect(names({ sessionId: 's-2' })).toEqual(['done']);
    expect(names({ traceId: 'e'.repeat(32), sessionId: 's-1' })).toEqual(['mood']);
  });

  it.each([
    'annotations.99999999.annotation.name',
    'annotations.0.evaluation.name',
    'annotations.0.annotation.__proto__',
  ])('ignore %s', (key) => {
    expect(read([annotated({ [key]: 'x', 'annotations.0.annotation.score': 1 })], [])).toEqual([]);
  });
});

describe('feedback of Logfire', () => {
  it.each<[AttributeValue, Partial<Feedback>]>([
    [true, { score: 1, label: 'true' }],
    [false, { score: 0, label: 'false' }],
    [0.25, { score: 0.25 }],
    ['too long', { label: 'too long' }],
  ])('with the value %j is about the parent', (value, said) => {
    const attributes = { 'logfire.feedback.name': 'useful', 'logfire.span_type': 'annotation', useful: value };
    const span = annotated(attributes, { spanId: spanId(5), parentSpanId: spanId(4), startNs: 9n });
    expect(read([span], [])).toEqual([{ name: 'useful', ...said, source: 'unknown', spanId: spanId(4), timeNs: 9n }]);
  });
});

describe('an evaluation inside a trace', () => {
  const AGENT = { 'openinference.span.kind': 'AGENT', 'input.value': 'Hi', 'output.value': 'Hello' };
  const CHAT = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'm-1',
    'gen_ai.usage.input_tokens': 3,
    'gen_ai.usage.output_tokens': 4,
  };
  const judged = JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'It is faithful.' }] }]);

  it.each([
    ['openinference.span.kind', 'EVALUATOR'],
    ['langfuse.observation.type', 'evaluator'],
    ['mastra.span.type', 'scorer_run'],
    ['logfire.span_type', 'annotation'],
  ])('marked by %s = %s changes nothing of the run, nor does the model that it asks', (key, value) => {
    const run = [
      makeSpan({ spanId: spanId(0), attributes: AGENT }),
      makeSpan({ spanId: spanId(1), parentSpanId: spanId(0), startNs: 1_001_000_000n, attributes: CHAT }),
    ];
    const evaluator = [
      makeSpan({
        spanId: spanId(2),
        parentSpanId: spanId(1),
        startNs: 1_002_000_000n,
        statusCode: 2,
        statusMessage: 'low score',
        attributes: { [key]: value, 'input.value': 'Judge this', 'output.value': 'It is faithful.' },
      }),
      makeSpan({
        spanId: spanId(3),
        parentSpanId: spanId(2),
        startNs: 1_003_000_000n,
        attributes: { ...CHAT, 'gen_ai.output.messages': judged },
      }),
    ];
    const alone = readTrajectory(run, { tenant: 't' });
    const both = readTrajectory([...evaluator, ...run], { tenant: 't' });
    expect(alone).toMatchObject({ input: 'Hi', output: 'Hello', tokens: { input: 3, output: 4 } });
    expect({ ...both, spanCount: 2, dialects: alone.dialects }).toEqual(alone);
  });
});
