import { z } from 'zod';
import { otlpEndpoint, otlpHeaders } from '../../core/otlp/endpoint.js';

/** Settings of Assay's own spans. No `OTEL_*` variable of the environment changes them: those are the agent's. */
export const telemetryConfig = z.strictObject({
  endpoint: otlpEndpoint
    .optional()
    .describe("OTLP/HTTP receiver of Assay's own spans, with or without /v1/traces. Unset: none are made."),
  headers: otlpHeaders.default({}).describe('Headers of every request, such as authorization. Values are secrets.'),
  sampleRatio: z.number().min(0).max(1).default(1).describe("Share of Assay's own traces that is sent."),
});

export type TelemetryConfig = z.output<typeof telemetryConfig>;
