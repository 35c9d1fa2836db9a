/** What kind of work a step was. */
export type StepKind = 'model' | 'tool' | 'retrieval' | 'embedding' | 'agent' | 'guardrail' | 'other';

/** Finish reasons, normalised; anything else is kept as it came. */
export type FinishReason = 'stop' | 'tool_call' | 'length' | 'content_filter' | 'error' | (string & {});

/** A call that a model asked for, as the model wrote it. */
export interface ToolCall {
  readonly id?: string;
  readonly name: string;
  /** The model's own text, usually JSON; possibly cut or invalid. */
  readonly arguments: string;
}

/** A tool that the agent declared to the model. */
export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments, when it was sent. */
  readonly parameters?: unknown;
}

/** Tokens as the provider bills them: input includes cached, output includes reasoning. */
export interface TokenCount {
  readonly input: number;
  readonly output: number;
}

/** One thing the agent did, in order of start. */
export interface Step {
  readonly kind: StepKind;
  /** Tool, model or span name. */
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** What went in, as text: tool arguments, retrieval query; for a model the last user or tool message. */
  readonly arguments?: string;
  /** What came out, as text: tool result, documents, the model's text. */
  readonly result?: string;
  /** Message of the failure, in whatever disguise the emitter sent it. */
  readonly error?: string;
  readonly durationMs: number;
  readonly startNs: bigint;
  /** Model steps only. */
  readonly toolCalls?: readonly ToolCall[];
  readonly tokens?: TokenCount;
  readonly finishReason?: FinishReason;
  readonly model?: string;
}

/** One trace read into the vocabulary that checks, judges and people share, whatever instrumentation sent it. */
export interface Trajectory {
  readonly tenant: string;
  readonly traceId: string;
  readonly service: string;
  /** `service.version`, or empty. */
  readonly release: string;
  /** `deployment.environment.name`, or empty. */
  readonly environment: string;
  /** System instructions as the first model step had them. */
  readonly instructions?: string;
  /** What the user asked, as text. */
  readonly input?: string;
  /** The final answer, as text. */
  readonly output?: string;
  readonly model?: string;
  readonly provider?: string;
  /** Sum over leaf model steps; absent when no emitter sent counts. */
  readonly tokens?: TokenCount;
  readonly finishReason?: FinishReason;
  readonly sessionId?: string;
  readonly userId?: string;
  /** Message of the failure of the whole run, when the root says that it failed. */
  readonly error?: string;
  readonly steps: readonly Step[];
  readonly tools: readonly ToolDefinition[];
  /** Names of the dialects that contributed, in order of precedence. */
  readonly dialects: readonly string[];
  /** False when no span of the trace holds message text: such a trace cannot be judged. */
  readonly hasContent: boolean;
  /** Without content: how the emitter is told to send message text, as one imperative without a full stop. */
  readonly contentSwitch?: string;
  /** Holds nothing but evaluations or feedback on a run, which is another trace or is not here yet. */
  readonly onlyEvaluations?: true;
  readonly spanCount: number;
  readonly durationMs: number;
}
