import { z } from 'zod';
import { otlpEndpoint, otlpHeaders } from '../core/otlp/endpoint.js';

/** Settings of the publisher: where verdicts go, as OpenTelemetry events. */
export const publisherConfig = z
  .strictObject({
    endpoint: otlpEndpoint
      .optional()
      .describe('OTLP/HTTP receiver that gets every verdict, with or without /v1/logs. Unset: verdicts stay here.'),
    headers: otlpHeaders.default({}).describe('Headers of every request, such as authorization. Values are secrets.'),
    maxBatch: z.int().min(1).max(10_000).default(512).describe('Most verdicts in one request.'),
    lingerMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(500)
      .describe('How long the first verdict of a request waits for others, in milliseconds.'),
    timeoutMs: z.int().positive().max(600_000).default(10_000).describe('Longest wait for one answer.'),
    backoffMs: z
      .int()
      .positive()
      .max(3_600_000)
      .default(1_000)
      .describe('First wait after an answer that asks to try again, or none; doubles each time.'),
    maxBackoffMs: z
      .int()
      .positive()
      .max(3_600_000)
      .default(60_000)
      .describe('Longest such wait, unless the receiver asks for a longer one by Retry-After.'),
    giveUpAfterMs: z
      .int()
      .positive()
      .default(86_400_000)
      .describe('Age at which a verdict that was tried in vain is dropped, and counted. The store keeps it.'),
  })
  .refine(({ backoffMs, maxBackoffMs }) => maxBackoffMs >= backoffMs, {
    path: ['maxBackoffMs'],
    error: 'expected at least backoffMs',
  });

export type PublisherConfig = z.output<typeof publisherConfig>;
