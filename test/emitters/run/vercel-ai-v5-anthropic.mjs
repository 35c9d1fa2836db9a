// AI SDK 5 over the Anthropic protocol, streamed: cached input is not in its count of input.
import { createAnthropic } from '@ai-sdk/anthropic5';
import { stepCountIs, streamText, tool } from 'ai5';
import { weatherRequest } from './support/ai-sdk.mjs';
import { startSdk } from './support/otel.mjs';
import { MODEL_URL, SESSION, USER } from './support/scenario.mjs';

const sdk = startSdk();
const model = createAnthropic({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` })('claude-3-5-haiku-20241022');
const result = streamText({
  ...weatherRequest({ model, tool, stepCountIs }),
  experimental_telemetry: {
    isEnabled: true,
    functionId: 'weather-agent',
    metadata: { userId: USER, sessionId: SESSION },
  },
});
for await (const _ of result.textStream);
await sdk.shutdown();
