// The same package alone, over streamed replies: the application traces nothing but its own request.
import { trace } from '@opentelemetry/api';
import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';
import OpenAI from 'openai';
import { startSdk } from './support/otel.mjs';
import { MODEL_URL } from './support/scenario.mjs';
import { openAiLoop } from './support/weather-loop.mjs';

const instrumentation = new OpenAIInstrumentation();
const sdk = startSdk({ instrumentations: [instrumentation] });
instrumentation.manuallyInstrument(OpenAI);
const client = new OpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` });

await trace.getTracer('app').startActiveSpan('POST /ask', async (span) => {
  await openAiLoop(client, { stream: true });
  span.end();
});
await sdk.shutdown();
