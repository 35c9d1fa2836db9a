import type { StepKind, ToolCall, ToolDefinition } from '../core/trajectory.js';

/** A tool's answer, as it stands in a conversation. */
export interface ToolResult {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly text?: string | undefined;
  readonly failed: boolean;
}

/** One message of a conversation, whatever shape it was sent in. */
export interface Message {
  /** `system`, `user`, `assistant` or `tool` where the emitter's word means that; else its own word. */
  readonly role: string;
  readonly text?: string | undefined;
  readonly toolCalls: readonly ToolCall[];
  readonly toolResults: readonly ToolResult[];
  readonly finishReason?: string | undefined;
}

/** What one span says, in the fields that trajectories are made of. A dialect fills those that it knows. */
export interface SpanFields {
  readonly kind?: StepKind | undefined;
  /** Of the tool, agent or data source. */
  readonly name?: string | undefined;
  readonly responseModel?: string | undefined;
  readonly requestModel?: string | undefined;
  readonly provider?: string | undefined;
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  /** As the emitter wrote it. */
  readonly finishReason?: string | undefined;
  readonly responseId?: string | undefined;
  readonly instructions?: string | undefined;
  readonly inputMessages?: readonly Message[] | undefined;
  readonly outputMessages?: readonly Message[] | undefined;
  /** Of the tool call that the span ran. */
  readonly callId?: string | undefined;
  /** Tool arguments, retrieval query, embedded text. */
  readonly arguments?: string | undefined;
  /** Tool result, documents. */
  readonly result?: string | undefined;
  /** What the span was given and gave, when no better field says it. */
  readonly inputText?: string | undefined;
  readonly outputText?: string | undefined;
  readonly tools?: readonly ToolDefinition[] | undefined;
  /** What the whole run was asked and answered, where the application says so itself. */
  readonly runInput?: string | undefined;
  readonly runOutput?: string | undefined;
  /** Where the emitter puts these on spans; the resource has the first word. */
  readonly release?: string | undefined;
  readonly environment?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly userId?: string | undefined;
  /** One side of a call over the Model Context Protocol. */
  readonly mcp?: true | undefined;
  /** Holds the messages of the one model call beneath it, which its own span lacks. */
  readonly aroundModel?: true | undefined;
  /** An evaluation of the run, or feedback on it, and so no part of it. */
  readonly aside?: true | undefined;
  /** A failure that only this dialect can see. */
  readonly failure?: string | undefined;
}

export type MutableFields = { -readonly [K in keyof SpanFields]: SpanFields[K] };

/**
 * Fills the fields that are still empty.
 *
 * @returns whether it filled any
 */
export function fill(target: MutableFields, from: SpanFields): boolean {
  const to: Record<string, unknown> = target;
  let filled = false;
  for (const key of Object.keys(from) as (keyof SpanFields)[]) {
    if (to[key] !== undefined || from[key] === undefined) continue;
    to[key] = from[key];
    filled = true;
  }
  return filled;
}
