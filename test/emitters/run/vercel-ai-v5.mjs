// AI SDK 5.
import { createOpenAI } from '@ai-sdk/openai5';
import { generateText, stepCountIs, tool } from 'ai5';
import { weatherRequest } from './support/ai-sdk.mjs';
import { startSdk } from './support/otel.mjs';
import { MODEL, MODEL_URL, SESSION, USER } from './support/scenario.mjs';

const sdk = startSdk();
const model = createOpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` }).chat(MODEL);
await generateText({
  ...weatherRequest({ model, tool, stepCountIs }),
  experimental_telemetry: {
    isEnabled: true,
    functionId: 'weather-agent',
    metadata: { userId: USER, sessionId: SESSION },
  },
});
await sdk.shutdown();
