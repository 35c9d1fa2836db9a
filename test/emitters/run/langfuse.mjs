// @langfuse/openai and @langfuse/tracing, sent by @langfuse/otel through an exporter that is given Assay's address.
import { observeOpenAI } from '@langfuse/openai';
import { LangfuseSpanProcessor } from '@langfuse/otel';
import { propagateAttributes, startActiveObservation } from '@langfuse/tracing';
import OpenAI from 'openai';
import { startSdk, traceExporter } from './support/otel.mjs';
import { MODEL_URL, QUESTION, SESSION, USER } from './support/scenario.mjs';
import { openAiLoop } from './support/weather-loop.mjs';

const processor = new LangfuseSpanProcessor({
  publicKey: 'pk-lf-test',
  secretKey: 'sk-lf-test',
  exporter: traceExporter(),
});
const sdk = startSdk({ spanProcessors: [processor] });
const client = observeOpenAI(new OpenAI({ apiKey: 'test-key', baseURL: `${MODEL_URL}/v1` }), {
  generationName: 'chat',
});
const useTool = (run, args) =>
  startActiveObservation(
    'get_weather',
    (observation) => {
      const result = run(args);
      observation.update({ input: args, output: result });
      return result;
    },
    { asType: 'tool' },
  );
await propagateAttributes({ userId: USER, sessionId: SESSION }, () =>
  startActiveObservation(
    'weather_agent',
    async (observation) => {
      const answer = await openAiLoop(client, { useTool });
      observation.update({ input: QUESTION, output: answer });
    },
    { asType: 'agent' },
  ),
);
await processor.forceFlush();
await sdk.shutdown();
