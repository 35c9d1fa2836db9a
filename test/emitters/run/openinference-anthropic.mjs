// @arizeai/openinference-instrumentation-anthropic; the Anthropic SDK's own spans nest under its spans.
import { context } from '@opentelemetry/api';
import Anthropic from '@anthropic-ai/sdk';
import { setSession, setUser, traceAgent, traceTool } from '@arizeai/openinference-core';
import { AnthropicInstrumentation } from '@arizeai/openinference-instrumentation-anthropic';
import { startSdk } from './support/otel.mjs';
import { MODEL_URL, QUESTION, SESSION, USER } from './support/scenario.mjs';
import { anthropicLoop } from './support/weather-loop.mjs';

const instrumentation = new AnthropicInstrumentation();
const sdk = startSdk({ instrumentations: [instrumentation] });
instrumentation.manuallyInstrument(Anthropic);
const client = new Anthropic({ apiKey: 'test-key', baseURL: MODEL_URL });

const useTool = (run, args) => traceTool(run, { name: 'get_weather' })(args);
const agent = traceAgent(async (_question) => anthropicLoop(client, { useTool }), { name: 'weather_agent' });
const scope = setUser(setSession(context.active(), { sessionId: SESSION }), { userId: USER });
await context.with(scope, () => agent(QUESTION));
await sdk.shutdown();
