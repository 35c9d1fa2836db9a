import Anthropic from '@anthropic-ai/sdk';
import type { Chat, ChatTurn } from './chat.js';
import { INSTRUCTIONS, TOOLS } from './tools.js';

const TOOL_PARAMS: Anthropic.Tool[] = TOOLS.map(({ name, description, parameters }) => ({
  name,
  description,
  input_schema: { ...parameters, required: [...parameters.required] },
}));

/** Talks to the model through the official Anthropic client, whose own spans appear when a tracer is registered. */
export function createAnthropicChat(modelUrl: string, model: string): Chat {
  const client = new Anthropic({ apiKey: 'scripted', authToken: null, baseURL: modelUrl });
  return {
    provider: 'anthropic',
    model,
    async complete(turns) {
      const message = await client.messages.create({
        model,
        max_tokens: 500,
        system: INSTRUCTIONS,
        messages: turns.map(toMessage),
        tools: TOOL_PARAMS,
      });
      return {
        id: message.id,
        model: message.model,
        text: message.content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
        calls: message.content.flatMap((block) =>
          block.type === 'tool_use' ? [{ id: block.id, name: block.name, arguments: JSON.stringify(block.input) }] : [],
        ),
        finishReason: message.stop_reason ?? '',
        inputTokens: message.usage.input_tokens,
        outputTokens: message.usage.output_tokens,
      };
    },
  };
}

function toMessage(turn: ChatTurn): Anthropic.MessageParam {
  if (turn.role === 'user') return { role: 'user', content: turn.text };
  if (turn.role === 'tool') {
    return { role: 'user', content: [{ type: 'tool_result', tool_use_id: turn.call.id, content: turn.answer }] };
  }
  const { text, calls } = turn.reply;
  const spoken: Anthropic.ContentBlockParam[] = text === '' ? [] : [{ type: 'text', text }];
  return {
    role: 'assistant',
    content: [
      ...spoken,
      ...calls.map(({ id, name, arguments: input }) => ({
        type: 'tool_use' as const,
        id,
        name,
        input: JSON.parse(input) as unknown,
      })),
    ],
  };
}
