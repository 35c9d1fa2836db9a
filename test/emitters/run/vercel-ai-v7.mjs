// AI SDK 7 with @ai-sdk/otel: OpenTelemetry's own GenAI names. The session is an attribute that the application adds.
import { createOpenAI } from '@ai-sdk/openai7';
import { OpenTelemetry } from '@ai-sdk/otel';
import { generateText, registerTelemetry, stepCountIs, tool } from 'ai7';
import { weatherRequest } from './support/ai-sdk.mjs';
import { startSdk } from './support/otel.mjs';
import { MODEL, MODEL_URL, SESSION, USER } from './support/scenario.mjs';

const sdk = startSdk();
registerTelemetry(new OpenTelemetry({ runtimeContext: true }));
const model = createOpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` }).chat(MODEL);
await generateText({
  ...weatherRequest({ model, tool, stepCountIs }),
  runtimeContext: { userId: USER, sessionId: SESSION },
  telemetry: { functionId: 'weather-agent', includeRuntimeContext: { userId: true, sessionId: true } },
});
await sdk.shutdown();
