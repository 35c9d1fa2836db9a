import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;

const http = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for all of the machine.'),
  port: z.int().min(0).max(65_535).default(4318).describe('Port for OTLP over HTTP; 0 for any free one.'),
  headersTimeoutMs: z.int().positive().default(10_000).describe('Longest time a sender may take for the headers.'),
  requestTimeoutMs: z.int().positive().default(60_000).describe('Longest time a sender may take for a whole request.'),
  keepAliveTimeoutMs: z.int().positive().default(65_000).describe('How long an idle connection is kept.'),
});

/** Settings of the OTLP receiver. */
export const collectorConfig = z
  .strictObject({
    http: http.prefault({}),
    maxBodyBytes: z
      .int()
      .positive()
      .default(64 * MEBIBYTE)
      .describe('Largest request body, before and after decompression; larger ones are answered 413.'),
    maxInFlightBytes: z
      .int()
      .positive()
      .default(256 * MEBIBYTE)
      .describe('Bytes held at once for requests that the bus has not taken yet; beyond it senders are told to retry.'),
    maxTracesPerRequest: z
      .int()
      .positive()
      .default(20_000)
      .describe(
        'Most traces that the spans or log records of one request may belong to; a request with more is answered 413, its sender should send smaller batches.',
      ),
    tenant: z
      .string()
      .min(1)
      .max(128)
      .default('default')
      .describe('Tenant that all received spans and log records belong to.'),
  })
  // A request and its records, whose size is bounded by three bodies, must fit when nothing else is in flight.
  .refine((config) => config.maxInFlightBytes >= 4 * config.maxBodyBytes, {
    path: ['maxInFlightBytes'],
    error: 'expected at least four times maxBodyBytes, or the largest request could never be taken',
  });

export type CollectorConfig = z.output<typeof collectorConfig>;
