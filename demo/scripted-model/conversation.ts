/** A tool call as a model wrote it: its arguments are text, usually JSON. */
export interface ScriptedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export type ScriptedMessage =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly text: string; readonly calls: readonly ScriptedCall[] }
  | { readonly role: 'tool'; readonly callId: string; readonly text: string };

/** A request to the scripted model, whichever wire protocol it came over. */
export interface Conversation {
  readonly model: string;
  readonly system: string;
  readonly messages: readonly ScriptedMessage[];
  /** True when the request asks for the structured reply of a judge. */
  readonly isJudge: boolean;
}

/** What the scripted model says next. */
export type Turn =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly call: ScriptedCall }
  | { readonly kind: 'verdict'; readonly value: Readonly<Record<string, unknown>> };

/** Plausible token count of a text: a quarter of its characters. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Name that a judge's structured reply goes by. */
export const VERDICT_SCHEMA_NAME = 'assay_verdict';
