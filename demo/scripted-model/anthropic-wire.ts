import { z } from 'zod';
import { contentHash } from '../../core/keyed-hash.js';
import {
  countTokens,
  VERDICT_SCHEMA_NAME,
  type Conversation,
  type ScriptedMessage,
  type Turn,
} from './conversation.js';
import { readObject } from './reading.js';

const block = z.object({
  type: z.string(),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  tool_use_id: z.string().optional(),
  content: z.union([z.string(), z.array(z.object({ text: z.string().optional() }))]).optional(),
});
const request = z.object({
  model: z.string(),
  system: z.union([z.string(), z.array(z.object({ text: z.string() }))]).optional(),
  messages: z.array(z.object({ role: z.string(), content: z.union([z.string(), z.array(block)]) })),
  tool_choice: z.object({ type: z.string(), name: z.string().optional() }).optional(),
});

type WireBlock = z.output<typeof block>;

/**
 * Reads the body of `POST /v1/messages`.
 * @throws {z.ZodError} when it is no such request
 */
export function parseAnthropicRequest(body: unknown): Conversation {
  const parsed = request.parse(body);
  const { system = '' } = parsed;
  return {
    model: parsed.model,
    system: typeof system === 'string' ? system : system.map(({ text }) => text).join('\n'),
    messages: parsed.messages.flatMap(({ role, content }) =>
      toMessages(role, typeof content === 'string' ? [{ type: 'text', text: content }] : content),
    ),
    isJudge: parsed.tool_choice?.type === 'tool' && parsed.tool_choice.name === VERDICT_SCHEMA_NAME,
  };
}

function toMessages(role: string, blocks: readonly WireBlock[]): ScriptedMessage[] {
  const text = blocks.map((part) => part.text ?? '').join('');
  if (role === 'assistant') {
    const calls = blocks
      .filter(({ type }) => type === 'tool_use')
      .map(({ id = '', name = '', input }) => ({ id, name, arguments: JSON.stringify(input ?? {}) }));
    return [{ role: 'assistant', text, calls }];
  }
  const results = blocks.filter(({ type }) => type === 'tool_result');
  if (results.length === 0) return [{ role: 'user', text }];
  return results.map(({ tool_use_id: callId = '', content = '' }) => ({
    role: 'tool',
    callId,
    text: typeof content === 'string' ? content : content.map((part) => part.text ?? '').join(''),
  }));
}

/** The body of the answer. The same request gets the same body, ids included. */
export function toAnthropicReply(turn: Turn, conversation: Conversation, requestText: string): object {
  const block = toBlock(turn, requestText);
  return {
    id: `msg_${contentHash(requestText).slice(0, 24)}`,
    type: 'message',
    role: 'assistant',
    model: conversation.model,
    content: [block],
    stop_reason: turn.kind === 'text' ? 'end_turn' : 'tool_use',
    stop_sequence: null,
    usage: {
      input_tokens: countTokens(requestText),
      output_tokens: countTokens(JSON.stringify(block)),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  };
}

function toBlock(turn: Turn, requestText: string): object {
  if (turn.kind === 'text') return { type: 'text', text: turn.text };
  if (turn.kind === 'call') {
    const { id, name } = turn.call;
    return { type: 'tool_use', id, name, input: completeMembers(turn.call.arguments) };
  }
  const id = `toolu_${contentHash('verdict', requestText).slice(0, 24)}`;
  return { type: 'tool_use', id, name: VERDICT_SCHEMA_NAME, input: turn.value };
}

/** This protocol carries arguments as an object, so of a text that was cut only the members before the cut arrive. */
function completeMembers(text: string): object {
  for (let end = text.length; end > 0; end = text.lastIndexOf(',', end - 1)) {
    const whole = readObject(end === text.length ? text : `${text.slice(0, end)}}`);
    if (whole) return whole;
  }
  return {};
}
