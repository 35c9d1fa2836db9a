// @mastra/core with @mastra/observability, sent by @mastra/otel-exporter.
import { createOpenAI } from '@ai-sdk/openai6';
import { Agent } from '@mastra/core/agent';
import { Mastra } from '@mastra/core/mastra';
import { createTool } from '@mastra/core/tools';
import { Observability } from '@mastra/observability';
import { OtelExporter } from '@mastra/otel-exporter';
import { z } from 'zod';
import {
  ASSAY_URL,
  getWeather,
  MODEL,
  MODEL_URL,
  QUESTION,
  SERVICE,
  SESSION,
  SYSTEM,
  TOOL,
  USER,
} from './support/scenario.mjs';

const exporter = new OtelExporter({
  provider: { custom: { endpoint: ASSAY_URL, protocol: 'http/protobuf' } },
});
const weather = createTool({
  id: TOOL.name,
  description: TOOL.description,
  inputSchema: z.object({ location: z.string() }),
  execute: async (args) => getWeather(args.context ?? args),
});
const agent = new Agent({
  id: 'weather-agent',
  name: 'weather-agent',
  instructions: SYSTEM,
  model: createOpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` }).chat(MODEL),
  tools: { [TOOL.name]: weather },
});
const mastra = new Mastra({
  agents: { weather: agent },
  logger: false,
  observability: new Observability({ configs: { otel: { serviceName: SERVICE, exporters: [exporter] } } }),
});
await mastra.getAgent('weather').generate(QUESTION, {
  tracingOptions: { metadata: { userId: USER, sessionId: SESSION } },
});
await mastra.shutdown();
