// @traceloop/node-server-sdk 0.21: gen_ai.prompt.N and llm.* names.
import * as traceloop from 'traceloop-legacy';
import { runTraceloop } from './support/traceloop.mjs';

await runTraceloop(traceloop);
