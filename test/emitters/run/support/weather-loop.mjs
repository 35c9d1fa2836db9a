import { getWeather, MODEL, QUESTION, SYSTEM, TOOL } from './scenario.mjs';

/** The agent written by hand over the OpenAI SDK: a call, its tool, and the answer. `useTool` may trace the tool. */
export async function openAiLoop(client, { useTool = (run, args) => run(args), stream = false } = {}) {
  const tools = [{ type: 'function', function: TOOL }];
  const messages = [
    { role: 'system', content: SYSTEM },
    { role: 'user', content: QUESTION },
  ];
  for (;;) {
    const message = await ask(client, { model: MODEL, temperature: 0.2, messages, tools }, stream);
    messages.push(message);
    if (message.tool_calls === undefined) return message.content;
    for (const call of message.tool_calls) {
      const result = await useTool(getWeather, JSON.parse(call.function.arguments));
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(result) });
    }
  }
}

async function ask(client, request, stream) {
  if (!stream) {
    const { message } = (await client.chat.completions.create(request)).choices[0];
    const { role, content, tool_calls } = message;
    return { role, content, ...(tool_calls === undefined ? {} : { tool_calls }) };
  }
  const chunks = await client.chat.completions.create({
    ...request,
    stream: true,
    stream_options: { include_usage: true },
  });
  let content = '';
  const calls = [];
  for await (const chunk of chunks) {
    const delta = chunk.choices[0]?.delta;
    content += delta?.content ?? '';
    for (const part of delta?.tool_calls ?? []) {
      const call = (calls[part.index] ??= { id: part.id, type: 'function', function: { name: '', arguments: '' } });
      call.function.name += part.function.name ?? '';
      call.function.arguments += part.function.arguments ?? '';
    }
  }
  return { role: 'assistant', content: content || null, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}

/** The same over the Anthropic SDK. */
export async function anthropicLoop(client, { useTool = (run, args) => run(args) } = {}) {
  const tools = [{ name: TOOL.name, description: TOOL.description, input_schema: TOOL.parameters }];
  const messages = [{ role: 'user', content: QUESTION }];
  for (;;) {
    const request = { model: 'claude-3-5-haiku-20241022', max_tokens: 300, system: SYSTEM, messages, tools };
    const { content } = await client.messages.create(request);
    messages.push({ role: 'assistant', content });
    const calls = content.filter(({ type }) => type === 'tool_use');
    if (calls.length === 0) return content[0].text;
    const results = [];
    for (const call of calls) {
      const result = await useTool(getWeather, call.input);
      results.push({ type: 'tool_result', tool_use_id: call.id, content: JSON.stringify(result) });
    }
    messages.push({ role: 'user', content: results });
  }
}
