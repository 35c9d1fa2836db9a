import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createScriptedModel, type ScriptedModel } from '../scripted-model/index.js';
import { openOtlpSink, type OtlpSink, type SinkSpan } from '../otlp-sink.js';
import { planRequests } from './plan.js';
import { runFleet, type TraceTruth } from './run-fleet.js';

const TRACES = 60;

let model: ScriptedModel;
let sink: OtlpSink;

beforeEach(async () => {
  model = createScriptedModel({ seed: 7, latencyMs: 0 });
  await model.start(new AbortController().signal);
  sink = await openOtlpSink();
});

afterEach(async () => {
  await model.stop(new AbortController().signal);
  await sink.close();
});

async function run(release: string, otlp = sink, seed = 7): Promise<readonly TraceTruth[]> {
  const truths: TraceTruth[] = [];
  await runFleet({ seed, release, traces: TRACES, otlpUrl: otlp.url, modelUrl: model.url, concurrency: 8 }, (truth) =>
    truths.push(truth),
  );
  return truths;
}

const roots = (spans: readonly SinkSpan[]) => spans.filter((span) => !span.parentSpanId);
const withoutPlan = (spans: readonly SinkSpan[]) =>
  [...spans].sort((a, b) => (a.traceId + a.spanId < b.traceId + b.spanId ? -1 : 1));

describe('runFleet', () => {
  it('serves every request of release 1.0 and exports one root a trace under the planned id', async () => {
    const truths = await run('1.0');
    expect(truths).toHaveLength(TRACES);
    expect(truths.every(({ passed }) => passed)).toBe(true);
    expect(
      roots(sink.spans)
        .map((span) => span.traceId)
        .sort(),
    ).toEqual(truths.map(({ traceId }) => traceId).sort());
    expect(new Set(sink.spans.map((span) => span.release))).toEqual(new Set(['1.0']));
    expect(new Set(sink.spans.map((span) => span.spanId)).size).toBe(sink.spans.length);
  });

  it('fails exactly the requests of release 1.1 that the plan lets go wrong', async () => {
    const truths = await run('1.1');
    const planned = planRequests({ seed: 7, release: '1.1', count: TRACES }).filter((request) => request.misbehaviour);
    expect(planned.length).toBeGreaterThan(2);
    const failed = truths.filter(({ passed }) => !passed).map(({ traceId }) => traceId);
    expect(failed.sort()).toEqual(planned.map(({ traceId }) => traceId).sort());
  });

  it('speaks OTel GenAI in half of its traces, half of these over each client, and OpenInference in the rest', async () => {
    await run('1.0');
    const genAi = roots(sink.spans).filter((span) => span.attributes['gen_ai.operation.name'] === 'invoke_agent');
    const openInference = roots(sink.spans).filter((span) => span.attributes['openinference.span.kind'] === 'AGENT');
    expect([genAi.length, openInference.length]).toEqual([TRACES / 2, TRACES / 2]);
    expect(genAi.filter((span) => span.attributes['gen_ai.provider.name'] === 'anthropic')).toHaveLength(TRACES / 4);
    const inOpenInference = new Set(openInference.map((span) => span.traceId));
    const modelSpans = sink.spans.filter((span) => span.attributes['openinference.span.kind'] === 'LLM');
    expect(modelSpans.length).toBeGreaterThan(TRACES);
    expect(modelSpans.every((span) => inOpenInference.has(span.traceId))).toBe(true);
    expect(modelSpans.every((span) => span.scope === '@arizeai/openinference-instrumentation-openai')).toBe(true);
  });

  it('cuts the arguments of a tool call in both dialects where it goes wrong', async () => {
    await run('1.1');
    const cut = planRequests({ seed: 7, release: '1.1', count: TRACES }).filter(
      (request) => request.misbehaviour === 'cut_arguments',
    );
    expect(new Set(cut.map(({ agent }) => agent)).size).toBeGreaterThan(1);
    for (const { traceId, agent } of cut) {
      const key = agent === 'openinference-openai' ? 'input.value' : 'gen_ai.tool.call.arguments';
      const refund = sink.spans.find(
        (span) =>
          span.traceId === traceId && span.name.endsWith('issue_refund') && typeof span.attributes[key] === 'string',
      );
      const text = String(refund?.attributes[key]);
      expect(refund?.statusCode).toBe(2);
      if (agent === 'genai-anthropic') expect(JSON.parse(text)).not.toHaveProperty('reason');
      else expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
    }
  });

  it('exports the same spans for the same seed, whatever the order of execution, and others for another', async () => {
    await run('1.1');
    const second = await openOtlpSink();
    await run('1.1', second);
    const third = await openOtlpSink();
    await run('1.1', third, 8);
    expect(second.spans.length).toBe(sink.spans.length);
    const pick = (spans: readonly SinkSpan[]) =>
      withoutPlan(spans).map(({ traceId, spanId, parentSpanId, name, attributes, statusCode, statusMessage }) => {
        return { traceId, spanId, parentSpanId, name, attributes, statusCode, statusMessage };
      });
    expect(pick(second.spans)).toEqual(pick(sink.spans));
    const ids = new Set(sink.spans.map((span) => span.traceId));
    expect(third.spans.some((span) => ids.has(span.traceId))).toBe(false);
    await Promise.all([second.close(), third.close()]);
  });

  it('sends again what the receiver could not take', async () => {
    const busy = await openOtlpSink(2);
    const truths = await run('1.0', busy);
    expect(roots(busy.spans)).toHaveLength(truths.length);
    await busy.close();
  });
});

describe('what leaves the fleet', () => {
  it('holds no label, plan or truth in any span', async () => {
    await run('1.0');
    await run('1.1');
    const text = sink.bodies.join('\n');
    expect(text.length).toBeGreaterThan(100_000);
    const forbidden =
      /misbehav|cut_arguments|wrong_amount|wrong amount|briefOutage|isServed|"passed"|ground.?truth|\btruth\b|\blabel\b|expected_outcome|\bfault|\bverdict|\bpass(ed|es)?\b|\bfail(s|ed|ure)?\b|\bregress|\bbuggy?\b|\bplanned?\b/i;
    expect(forbidden.exec(text)?.[0]).toBeUndefined();
  });

  it('tells good and bad requests apart by nothing but what was asked and done', async () => {
    await run('1.1');
    const bad = new Set(
      planRequests({ seed: 7, release: '1.1', count: TRACES }).flatMap((request) =>
        request.misbehaviour ? [request.traceId] : [],
      ),
    );
    const keysOf = (isBad: boolean) =>
      new Set(
        sink.spans.filter((span) => bad.has(span.traceId) === isBad).flatMap((span) => Object.keys(span.attributes)),
      );
    const onlyBad = [...keysOf(true)].filter((key) => !keysOf(false).has(key));
    expect(onlyBad.filter((key) => key !== 'error.type')).toEqual([]);
  });
});
