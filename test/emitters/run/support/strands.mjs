import { Agent, tool } from '@strands-agents/sdk';
import { OpenAIModel } from '@strands-agents/sdk/models/openai';
import { z } from 'zod';
import { startSdk } from './otel.mjs';
import { getWeather, MODEL, MODEL_URL, QUESTION, SESSION, SYSTEM, TOOL, USER } from './scenario.mjs';

/** The weather agent of Strands. Which conventions its spans have is read from the environment when it is loaded. */
export async function runStrands() {
  const sdk = startSdk();
  const agent = new Agent({
    name: 'weather_agent',
    systemPrompt: SYSTEM,
    printer: false,
    model: new OpenAIModel({
      api: 'chat',
      modelId: MODEL,
      apiKey: 'test-key',
      clientConfig: { baseURL: `${MODEL_URL}/v1` },
    }),
    tools: [
      tool({
        name: TOOL.name,
        description: TOOL.description,
        inputSchema: z.object({ location: z.string() }),
        callback: (args) => getWeather(args),
      }),
    ],
    traceAttributes: { 'session.id': SESSION, 'user.id': USER },
  });
  await agent.invoke(QUESTION);
  await sdk.shutdown();
}
