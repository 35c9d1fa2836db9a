import type { Span } from '../core/span.js';
import { text } from './values.js';

interface Emitter {
  /** The dialect that it speaks, when that names it; else its scope or language does. */
  readonly dialect?: string;
  readonly scope?: RegExp;
  /** `telemetry.sdk.language` of the resource. */
  readonly language?: string;
  /** One imperative without a full stop. */
  readonly says: string;
}

const CAPTURE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const NEWEST = 'OTEL_SEMCONV_STABILITY_OPT_IN=gen_ai_latest_experimental';
const IN_PYTHON = `set ${NEWEST} and ${CAPTURE}=span_only at the sender`;

const AI_SDK =
  'remove recordInputs: false and recordOutputs: false from the telemetry option of the AI SDK calls (experimental_telemetry up to version 6)';
const TRACELOOP =
  'unset TRACELOOP_TRACE_CONTENT at the sender, and remove traceContent: false from its call of traceloop.initialize and from its workflows';

/** How each emitter is told to send message text. The narrower rows come first: several may fit one trace. */
const EMITTERS: readonly Emitter[] = [
  {
    scope: /^pydantic-ai$/,
    says: 'remove include_content=False from the InstrumentationSettings of Pydantic AI or from logfire.instrument_pydantic_ai',
  },
  {
    dialect: 'langfuse',
    says: 'give each Langfuse observation its input and output (leave captureInput and captureOutput of observe on, in Python LANGFUSE_OBSERVE_DECORATOR_IO_CAPTURE_ENABLED, and let mask keep the text)',
  },
  { dialect: 'vercel-ai', says: AI_SDK },
  { scope: /^gen_ai$/, says: AI_SDK },
  { scope: /^opentelemetry\.instrumentation\.openai\.v\d+$/, says: 'unset TRACELOOP_TRACE_CONTENT at the sender' },
  { dialect: 'openllmetry', says: TRACELOOP },
  { scope: /^@traceloop\//, says: TRACELOOP },
  { dialect: 'mastra', says: 'remove hideInput and hideOutput from the tracingOptions that Mastra is called with' },
  {
    dialect: 'strands',
    says: `set ${NEWEST},gen_ai_span_attributes_only for Strands, so that nothing on the way drops the span events with its messages`,
  },
  {
    dialect: 'openinference',
    says: 'unset OPENINFERENCE_HIDE_INPUTS, OPENINFERENCE_HIDE_OUTPUTS, OPENINFERENCE_HIDE_INPUT_MESSAGES, OPENINFERENCE_HIDE_OUTPUT_MESSAGES, OPENINFERENCE_HIDE_INPUT_TEXT and OPENINFERENCE_HIDE_OUTPUT_TEXT at the sender, or the same options of its traceConfig',
  },
  {
    scope: /^@?openlit\b/,
    says: 'set captureMessageContent to true in Openlit.init (in Python capture_message_content of openlit.init)',
  },
  {
    scope: /^@opentelemetry\/instrumentation-openai$/,
    says: `set ${CAPTURE}=true at the sender and export its logs to Assay too, because it sends message text as log records`,
  },
  {
    scope: /^opentelemetry\.(util\.genai|instrumentation\.(genai\.|openai_v2|google_genai|vertexai))/,
    says: IN_PYTHON,
  },
  {
    scope: /^com\.anthropic\.sdk\./,
    says: "add an instrumentation such as OpenInference's to the Anthropic SDK, because its own spans never hold message text",
  },
  { dialect: 'otel-genai', language: 'python', says: IN_PYTHON },
  {
    dialect: 'otel-genai',
    says: `set ${CAPTURE}=true at the sender, and export its logs to Assay too where it sends message text as log records`,
  },
];

const ONLY_EVALUATIONS = 'send the spans of the run too, because this trace holds nothing but evaluations of it';

/**
 * How the sender of a trace without content is told to send message text, as one imperative without a full stop.
 *
 * @param spans - without evaluations of the run
 * @param dialects - names of those that the trace speaks
 */
export function contentSwitch(spans: readonly Span[], dialects: readonly string[]): string {
  if (spans.length === 0) return ONLY_EVALUATIONS;
  const scopes = new Set(spans.map((span) => span.scopeName));
  const languages = new Set(spans.map((span) => text(span.resource.get('telemetry.sdk.language'))));
  const fits = ({ dialect, scope, language }: Emitter): boolean =>
    (dialect === undefined || dialects.includes(dialect)) &&
    (scope === undefined || [...scopes].some((name) => scope.test(name))) &&
    (language === undefined || languages.has(language));
  const found = EMITTERS.find(fits);
  if (found !== undefined) return found.says;
  return dialects.length === 0
    ? 'instrument the model calls of the sender, because no span of this trace was recognised as one'
    : 'let the sender record the messages of its model calls';
}
