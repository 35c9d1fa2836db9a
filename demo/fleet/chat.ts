/** A tool call as a client hands it over: arguments as text, even when they are no JSON. */
export interface ChatCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** What a model answered, in one shape for both clients. */
export interface ChatReply {
  readonly id: string;
  readonly model: string;
  readonly text: string;
  readonly calls: readonly ChatCall[];
  readonly finishReason: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A turn of the run so far. */
export type ChatTurn =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'assistant'; readonly reply: ChatReply }
  | { readonly role: 'tool'; readonly call: ChatCall; readonly answer: string };

/** A client of a model provider, tools and system prompt included. */
export interface Chat {
  readonly provider: 'openai' | 'anthropic';
  readonly model: string;
  complete(turns: readonly ChatTurn[]): Promise<ChatReply>;
}
