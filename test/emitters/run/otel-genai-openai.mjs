// @opentelemetry/instrumentation-openai: spans of the first GenAI conventions, content in log records alone.
import { createRequire } from 'node:module';
import { trace } from '@opentelemetry/api';
import { OpenAIInstrumentation } from '@opentelemetry/instrumentation-openai';
import { startSdk } from './support/otel.mjs';
import { MODEL_URL } from './support/scenario.mjs';
import { openAiLoop } from './support/weather-loop.mjs';

const sdk = startSdk({ instrumentations: [new OpenAIInstrumentation({ captureMessageContent: true })] });
// It patches what is required, so the package is loaded after it, and as CommonJS.
const OpenAI = createRequire(import.meta.url)('openai');
const client = new OpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` });

await trace.getTracer('app').startActiveSpan('POST /ask', async (span) => {
  await openAiLoop(client);
  span.end();
});
await sdk.shutdown();
