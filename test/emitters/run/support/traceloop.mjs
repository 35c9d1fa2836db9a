import OpenAI from 'openai';
import { ASSAY_URL, MODEL_URL, QUESTION, SERVICE, SESSION, USER } from './scenario.mjs';
import { openAiLoop } from './weather-loop.mjs';

/** The weather agent as a workflow of Traceloop's SDK, of whichever version. */
export async function runTraceloop(traceloop) {
  traceloop.initialize({
    appName: SERVICE,
    apiKey: 'test-key',
    baseUrl: ASSAY_URL,
    disableBatch: true,
    silenceInitializationMessage: true,
    traceloopSyncEnabled: false,
    instrumentModules: { openAI: OpenAI },
  });
  const client = new OpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` });
  const useTool = (run, args) => traceloop.withTool({ name: 'get_weather' }, async (toolArgs) => run(toolArgs), args);
  await traceloop.withAssociationProperties({ user_id: USER, session_id: SESSION }, () =>
    traceloop.withWorkflow(
      { name: 'weather_workflow' },
      (question) => traceloop.withAgent({ name: 'weather_agent' }, () => openAiLoop(client, { useTool }), question),
      QUESTION,
    ),
  );
  await traceloop.forceFlush();
}
