// @arizeai/openinference-instrumentation-langchain over LangChain's own agent loop of a chat model and a tool.
import { LangChainInstrumentation } from '@arizeai/openinference-instrumentation-langchain';
import * as callbackManager from '@langchain/core/callbacks/manager';
import { HumanMessage, SystemMessage } from '@langchain/core/messages';
import { RunnableLambda } from '@langchain/core/runnables';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { z } from 'zod';
import { startSdk } from './support/otel.mjs';
import { getWeather, MODEL, MODEL_URL, QUESTION, SESSION, SYSTEM, TOOL, USER } from './support/scenario.mjs';

const instrumentation = new LangChainInstrumentation();
const sdk = startSdk({ instrumentations: [instrumentation] });
instrumentation.manuallyInstrument(callbackManager);

const weather = tool(async (args) => JSON.stringify(getWeather(args)), {
  name: TOOL.name,
  description: TOOL.description,
  schema: z.object({ location: z.string() }),
});
const model = new ChatOpenAI({
  model: MODEL,
  temperature: 0.2,
  apiKey: 'test-key',
  configuration: { baseURL: `${MODEL_URL}/v1` },
}).bindTools([weather]);

const agent = RunnableLambda.from(async ({ question }, config) => {
  const messages = [new SystemMessage(SYSTEM), new HumanMessage(question)];
  for (;;) {
    const reply = await model.invoke(messages, config);
    messages.push(reply);
    if (reply.tool_calls.length === 0) return reply.content;
    for (const call of reply.tool_calls) messages.push(await weather.invoke({ ...call, type: 'tool_call' }, config));
  }
}).withConfig({ runName: 'weather_agent' });

await agent.invoke({ question: QUESTION }, { metadata: { session_id: SESSION, user_id: USER } });
await sdk.shutdown();
