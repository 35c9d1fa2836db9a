/** One request to a judge model. Structured output only: the reply is JSON that fits the schema, or an error. */
export interface ModelRequest {
  readonly system: string;
  readonly user: string;
  /** JSON Schema of the reply, an object. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly schemaName: string;
  /** Left out for a model that takes none. */
  readonly temperature?: number;
  readonly maxOutputTokens: number;
}

export interface ModelReply {
  /** As the provider returned it, parsed; not yet checked against the schema. */
  readonly value: unknown;
  /** The model that answered, as the provider names it. */
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Price in micro-dollars per million tokens, which is picodollars a token. */
export interface ModelPrice {
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
  /** Names the table that the price comes from, such as `built-in 2026-11` or `config`. */
  readonly version: string;
}

/** What every request to a deployment of a model carries. Part of the judge's hash: another temperature is another judge. */
export interface ModelParameters {
  /** Absent for a model that takes none. */
  readonly temperature?: number;
  readonly maxOutputTokens: number;
}

/** What the cause of a `complete` error may carry. */
export interface ModelFailure {
  /** How long the provider asked to be left alone. */
  readonly retryAfterMs?: number;
  /** True when the provider cannot have charged for the call: it was never reached, or it answered with an error. */
  readonly unbilled?: boolean;
  /** What went wrong without a word of the provider's, which may repeat the request. */
  readonly brief?: string;
  /** Tokens that the provider says it charged for, for a reply that cannot be used. */
  readonly inputTokens?: number;
  readonly outputTokens?: number;
}

/** A reachable LLM endpoint with a known price. */
export interface Model {
  /** Such as `openai`, `anthropic`. */
  readonly provider: string;
  readonly name: string;
  /** Where the text goes, for the announcement. */
  readonly baseUrl: string;
  readonly price: ModelPrice;
  readonly parameters: ModelParameters;
  /**
   * One call, no retry of its own.
   * @throws {PipelineError} MODEL_UNREACHABLE, MODEL_THROTTLED, MODEL_TIMEOUT, MODEL_REFUSED (key, quota, unknown
   *   model), MODEL_REPLY_INVALID; the cause may be a {@link ModelFailure}
   */
  complete(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>;
}
