// The spans that @anthropic-ai/sdk makes by itself when a tracer is registered. They hold no message text.
import Anthropic from '@anthropic-ai/sdk';
import { trace } from '@opentelemetry/api';
import { startSdk } from './support/otel.mjs';
import { MODEL_URL } from './support/scenario.mjs';
import { anthropicLoop } from './support/weather-loop.mjs';

const sdk = startSdk();
const client = new Anthropic({ apiKey: 'test-key', baseURL: MODEL_URL });
await trace.getTracer('app').startActiveSpan('POST /ask', async (span) => {
  await anthropicLoop(client);
  span.end();
});
await sdk.shutdown();
