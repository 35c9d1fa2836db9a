import { z } from 'zod';
import { contentHash } from '../../core/keyed-hash.js';
import {
  countTokens,
  VERDICT_SCHEMA_NAME,
  type Conversation,
  type ScriptedMessage,
  type Turn,
} from './conversation.js';

const content = z.union([z.string(), z.array(z.object({ text: z.string().optional() })), z.null()]).optional();
const call = z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) });
const request = z.object({
  model: z.string(),
  messages: z.array(
    z.object({ role: z.string(), content, tool_call_id: z.string().optional(), tool_calls: z.array(call).optional() }),
  ),
  response_format: z.object({ json_schema: z.object({ name: z.string() }).optional() }).optional(),
});

type WireContent = z.output<typeof content>;

const toText = (value: WireContent): string =>
  typeof value === 'string' ? value : (value ?? []).map((part) => part.text ?? '').join('');

/**
 * Reads the body of `POST /v1/chat/completions`.
 * @throws {z.ZodError} when it is no such request
 */
export function parseOpenAiRequest(body: unknown): Conversation {
  const parsed = request.parse(body);
  const messages = parsed.messages.flatMap((message): ScriptedMessage[] => {
    const text = toText(message.content);
    if (message.role === 'user') return [{ role: 'user', text }];
    if (message.role === 'tool') return [{ role: 'tool', callId: message.tool_call_id ?? '', text }];
    if (message.role !== 'assistant') return [];
    const calls = (message.tool_calls ?? []).map(({ id, function: called }) => ({ id, ...called }));
    return [{ role: 'assistant', text, calls }];
  });
  const system = parsed.messages.filter(({ role }) => role === 'system' || role === 'developer');
  return {
    model: parsed.model,
    system: system.map((message) => toText(message.content)).join('\n'),
    messages,
    isJudge: parsed.response_format?.json_schema?.name === VERDICT_SCHEMA_NAME,
  };
}

/** The body of the answer. The same request gets the same body, ids included. */
export function toOpenAiReply(turn: Turn, conversation: Conversation, requestText: string): object {
  const message = toMessage(turn);
  const input = countTokens(requestText);
  const output = countTokens(JSON.stringify(message));
  return {
    id: `chatcmpl-${contentHash(requestText).slice(0, 24)}`,
    object: 'chat.completion',
    created: 1_767_225_600,
    model: conversation.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: turn.kind === 'call' ? 'tool_calls' : 'stop' }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}

function toMessage(turn: Turn): object {
  if (turn.kind === 'call') {
    const { id, name } = turn.call;
    const toolCalls = [{ id, type: 'function', function: { name, arguments: turn.call.arguments } }];
    return { role: 'assistant', content: null, tool_calls: toolCalls, refusal: null };
  }
  const content = turn.kind === 'text' ? turn.text : JSON.stringify(turn.value);
  return { role: 'assistant', content, refusal: null };
}
