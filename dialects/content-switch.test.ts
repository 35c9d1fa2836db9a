import { describe, expect, it } from 'vitest';
import { makeSpan, type SpanSketch } from '../test/fixtures/captures/make-span.js';
import { readTrajectory } from './index.js';

const CHAT = { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'm-1' };

function switchOf(...sketches: readonly SpanSketch[]): string | undefined {
  return readTrajectory(sketches.map(makeSpan), { tenant: 't' }).contentSwitch;
}

describe('a trace without message text', () => {
  it.each<[string, SpanSketch, string]>([
    ['Pydantic AI', { scopeName: 'pydantic-ai', attributes: CHAT }, 'include_content=False'],
    ['Langfuse', { attributes: { 'langfuse.observation.type': 'generation' } }, 'captureInput'],
    [
      'Mastra',
      { attributes: { ...CHAT, 'mastra.span.type': 'agent_run', 'mastra.metadata.userId': 'u' } },
      'hideInput',
    ],
    [
      'Strands',
      { scopeName: 'strands-agents', attributes: { ...CHAT, system_prompt: 'Be brief.' } },
      'OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental,gen_ai_span_attributes_only',
    ],
    [
      'OpenLLMetry in Python',
      { scopeName: 'opentelemetry.instrumentation.openai.v1', attributes: CHAT },
      'unset TRACELOOP_TRACE_CONTENT',
    ],
    ['OpenInference', { attributes: { 'openinference.span.kind': 'LLM' } }, 'OPENINFERENCE_HIDE_INPUTS'],
    ['OpenLIT', { scopeName: '@openlit/instrumentation-openai', attributes: CHAT }, 'captureMessageContent'],
    [
      "OpenTelemetry's own instrumentation for JavaScript",
      { scopeName: '@opentelemetry/instrumentation-openai', attributes: CHAT },
      'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true at the sender and export its logs',
    ],
    [
      "OpenTelemetry's own instrumentation for Python",
      { scopeName: 'opentelemetry.instrumentation.openai_v2', attributes: CHAT },
      'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only',
    ],
    ['the Anthropic SDK', { scopeName: 'com.anthropic.sdk.typescript', attributes: CHAT }, 'add an instrumentation'],
    [
      'an unknown emitter in Python',
      { attributes: CHAT, resource: { 'telemetry.sdk.language': 'python' } },
      'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only',
    ],
    ['an unknown emitter', { attributes: CHAT }, 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true'],
    ['nobody known', { attributes: { 'http.route': '/' } }, 'no span of this trace was recognised'],
  ])('of %s names the switch of its emitter, in one imperative', (_name, sketch, words) => {
    const says = switchOf(sketch);
    expect(says).toContain(words);
    expect(says).toMatch(/^[a-z].*[^.]$/);
  });

  it('names the narrower of two emitters', () => {
    const outer = { attributes: { 'openinference.span.kind': 'LLM', 'llm.model_name': 'm-1' } };
    const inner = { spanId: '00000000000000aa', scopeName: 'com.anthropic.sdk.typescript', attributes: CHAT };
    expect(switchOf(outer, { ...inner, parentSpanId: makeSpan().spanId })).toContain('OPENINFERENCE_HIDE_INPUTS');
  });

  it('is the only one that has a switch', () => {
    const said = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }]);
    expect(switchOf({ attributes: { ...CHAT, 'gen_ai.input.messages': said } })).toBeUndefined();
  });
});
