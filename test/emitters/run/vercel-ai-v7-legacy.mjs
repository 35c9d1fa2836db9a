// AI SDK 7 with LegacyOpenTelemetry: the ai.* names of version 6.
import { createOpenAI } from '@ai-sdk/openai7';
import { LegacyOpenTelemetry } from '@ai-sdk/otel';
import { generateText, registerTelemetry, stepCountIs, tool } from 'ai7';
import { weatherRequest } from './support/ai-sdk.mjs';
import { startSdk } from './support/otel.mjs';
import { MODEL, MODEL_URL } from './support/scenario.mjs';

const sdk = startSdk();
registerTelemetry(new LegacyOpenTelemetry());
const model = createOpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` }).chat(MODEL);
await generateText({
  ...weatherRequest({ model, tool, stepCountIs }),
  telemetry: { functionId: 'weather-agent' },
});
await sdk.shutdown();
