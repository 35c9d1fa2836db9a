import OpenAI from 'openai';
import type { Chat, ChatTurn } from './chat.js';
import { INSTRUCTIONS, TOOLS } from './tools.js';

const TOOL_PARAMS: OpenAI.ChatCompletionFunctionTool[] = TOOLS.map(({ name, description, parameters }) => ({
  type: 'function',
  function: { name, description, parameters: { ...parameters } },
}));

/**
 * Talks to the model through the official OpenAI client. The method is taken when this is called: made before an
 * instrumentation patches the client, it stays untraced; made after, it is traced.
 */
export function createOpenAiChat(modelUrl: string, model: string): Chat {
  const client = new OpenAI({ apiKey: 'scripted', baseURL: `${modelUrl}/v1`, organization: null, project: null });
  const { completions } = client.chat;
  const create = completions.create.bind(completions);
  return {
    provider: 'openai',
    model,
    async complete(turns) {
      const messages: OpenAI.ChatCompletionMessageParam[] = [
        { role: 'system', content: INSTRUCTIONS },
        ...turns.map(toMessage),
      ];
      const completion = await create({ model, messages, tools: TOOL_PARAMS, temperature: 0.2 });
      const choice = completion.choices[0];
      const calls = choice?.message.tool_calls ?? [];
      return {
        id: completion.id,
        model: completion.model,
        text: choice?.message.content ?? '',
        calls: calls.flatMap((call) => (call.type === 'function' ? [{ id: call.id, ...call.function }] : [])),
        finishReason: choice?.finish_reason ?? '',
        inputTokens: completion.usage?.prompt_tokens ?? 0,
        outputTokens: completion.usage?.completion_tokens ?? 0,
      };
    },
  };
}

function toMessage(turn: ChatTurn): OpenAI.ChatCompletionMessageParam {
  if (turn.role === 'user') return { role: 'user', content: turn.text };
  if (turn.role === 'tool') return { role: 'tool', tool_call_id: turn.call.id, content: turn.answer };
  const { text, calls } = turn.reply;
  return {
    role: 'assistant',
    content: text === '' ? null : text,
    tool_calls: calls.map(({ id, ...called }) => ({ id, type: 'function', function: called })),
  };
}
