// @arizeai/openinference-instrumentation-openai, with the agent, the tool and the session traced by its own helpers.
import { context } from '@opentelemetry/api';
import { setSession, setUser, traceAgent, traceTool } from '@arizeai/openinference-core';
import { OpenAIInstrumentation } from '@arizeai/openinference-instrumentation-openai';
import OpenAI from 'openai';
import { startSdk } from './support/otel.mjs';
import { MODEL_URL, QUESTION, SESSION, USER } from './support/scenario.mjs';
import { openAiLoop } from './support/weather-loop.mjs';

const instrumentation = new OpenAIInstrumentation();
const sdk = startSdk({ instrumentations: [instrumentation] });
instrumentation.manuallyInstrument(OpenAI);
const client = new OpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` });

const useTool = (run, args) => traceTool(run, { name: 'get_weather' })(args);
const agent = traceAgent(async (_question) => openAiLoop(client, { useTool }), { name: 'weather_agent' });
const scope = setUser(setSession(context.active(), { sessionId: SESSION }), { userId: USER });
await context.with(scope, () => agent(QUESTION));
await sdk.shutdown();
