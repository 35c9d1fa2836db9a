import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { transcodeJson } from '../core/otlp/transcode-json.js';
import type { Span } from '../core/span.js';
import { readTrajectory } from '../dialects/index.js';
import { buildPrompt, builtInRubrics, loadRubric, renderEvidence } from '../judges/index.js';
import { planRequests, runFleet, type TraceTruth } from './fleet/index.js';
import { openOtlpSink } from './otlp-sink.js';
import {
  assess,
  createScriptedModel,
  evidenceKey,
  readEvidence,
  scriptedVerdict,
  type JudgePrompt,
} from './scripted-model/index.js';

const SEED = 3;
const TRACES = 400;

const truths = new Map<string, boolean>();
const prompts = new Map<string, JudgePrompt>();
const rubric = loadRubric(builtInRubrics(), 'task-completion');

/** From the fleet's own export to the prompt that a judge gets, through Assay's real code. */
beforeAll(async () => {
  const { signal } = new AbortController();
  const model = createScriptedModel({ seed: SEED, latencyMs: 0 });
  const sink = await openOtlpSink();
  await model.start(signal);
  const addresses = { otlpUrl: sink.url, modelUrl: model.url };
  const remember = ({ traceId, passed }: TraceTruth) => truths.set(traceId, passed);
  await runFleet({ seed: SEED, release: '1.1', traces: TRACES, concurrency: 16, ...addresses }, remember);
  await model.stop(signal);
  await sink.close();
  const spans = new Map<string, Span[]>();
  for (const span of sink.bodies.flatMap((body) => decodeSpans(transcodeJson(body)))) {
    spans.set(span.traceId, [...(spans.get(span.traceId) ?? []), span]);
  }
  for (const [traceId, ofTrace] of spans) prompts.set(traceId, promptOf(ofTrace, 'a1b2c3'));
});

afterAll(() => {
  prompts.clear();
});

function promptOf(spans: readonly Span[], nonce: string): JudgePrompt {
  const { evidence } = renderEvidence(readTrajectory(spans, { tenant: '' }), { evidenceTokens: 6_000 });
  return buildPrompt(rubric, evidence, nonce);
}

describe('the scripted judge behind the real prompt', () => {
  it('finds in the text alone what really happened, of every trace of every dialect', () => {
    expect(truths.size).toBe(TRACES);
    expect([...truths.values()].filter((passed) => !passed).length).toBeGreaterThan(20);
    const wrong = planRequests({ seed: SEED, release: '1.1', count: TRACES }).filter(({ traceId }) => {
      const prompt = prompts.get(traceId);
      return !prompt || assess(readEvidence(prompt)).passed !== truths.get(traceId);
    });
    expect(
      wrong.map(({ agent, intent, misbehaviour, briefOutage }) => ({ agent, intent, misbehaviour, briefOutage })),
    ).toEqual([]);
  });

  it('gets evidence of its own for every trace, so that no two share their errors', () => {
    expect(new Set([...prompts.values()].map((prompt) => evidenceKey(prompt))).size).toBe(TRACES);
  });

  it('is told no label: no prompt holds a plan or a truth', () => {
    const forbidden = /misbehav|cut_arguments|wrong_amount|briefOutage|isServed|ground.?truth|\blabelled\b/i;
    for (const { user } of prompts.values()) expect(forbidden.exec(user)?.[0]).toBeUndefined();
  });

  it('quotes nothing that the evidence does not hold', () => {
    for (const prompt of prompts.values()) {
      for (const quote of scriptedVerdict(prompt, 1, SEED).quotes) {
        expect(prompt.user).toContain(JSON.stringify(quote).slice(1, -1));
      }
    }
  });
});
