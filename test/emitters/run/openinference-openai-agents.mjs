// @arizeai/openinference-instrumentation-openai-agents over the OpenAI Agents SDK, which speaks the Responses protocol.
import { OpenAIAgentsInstrumentation } from '@arizeai/openinference-instrumentation-openai-agents';
import * as agents from '@openai/agents';
import OpenAI from 'openai';
import { z } from 'zod';
import { startSdk } from './support/otel.mjs';
import { getWeather, MODEL, MODEL_URL, QUESTION, SYSTEM, TOOL } from './support/scenario.mjs';

const sdk = startSdk();
const instrumentation = new OpenAIAgentsInstrumentation();
instrumentation.manuallyInstrument(agents);
agents.setDefaultOpenAIClient(new OpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` }));

const agent = new agents.Agent({
  name: 'weather_agent',
  instructions: SYSTEM,
  model: MODEL,
  tools: [
    agents.tool({
      name: TOOL.name,
      description: TOOL.description,
      parameters: z.object({ location: z.string() }),
      execute: async (args) => JSON.stringify(getWeather(args)),
    }),
  ],
});
await agents.run(agent, QUESTION);
await agents.getGlobalTraceProvider().forceFlush();
await sdk.shutdown();
