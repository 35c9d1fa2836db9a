// AI SDK 6, streamed, over the Responses protocol.
import { createOpenAI } from '@ai-sdk/openai6';
import { stepCountIs, streamText, tool } from 'ai6';
import { weatherRequest } from './support/ai-sdk.mjs';
import { startSdk } from './support/otel.mjs';
import { MODEL, MODEL_URL, SESSION, USER } from './support/scenario.mjs';

const sdk = startSdk();
const result = streamText({
  ...weatherRequest({
    model: createOpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` }).responses(MODEL),
    tool,
    stepCountIs,
  }),
  experimental_telemetry: {
    isEnabled: true,
    functionId: 'weather-agent',
    metadata: { userId: USER, sessionId: SESSION },
  },
});
for await (const _ of result.textStream);
await sdk.shutdown();
