import { z } from 'zod';
import { getWeather, QUESTION, SYSTEM, TOOL } from './scenario.mjs';

/** What `generateText` and `streamText` of every version of the AI SDK are given. */
export function weatherRequest({ model, tool, stepCountIs }) {
  return {
    model,
    system: SYSTEM,
    prompt: QUESTION,
    stopWhen: stepCountIs(5),
    tools: {
      [TOOL.name]: tool({
        description: TOOL.description,
        inputSchema: z.object({ location: z.string() }),
        execute: async (args) => getWeather(args),
      }),
    },
  };
}
