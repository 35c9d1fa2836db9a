// @traceloop/node-server-sdk 0.27: OpenTelemetry's GenAI names beside traceloop.*.
import * as traceloop from '@traceloop/node-server-sdk';
import { runTraceloop } from './support/traceloop.mjs';

await runTraceloop(traceloop);
