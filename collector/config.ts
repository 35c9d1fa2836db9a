import { z } from 'zod';
import { Secret } from '../core/secret.js';
import { SIGNAL_NAMES } from './signal-names.js';

const MEBIBYTE = 1024 * 1024;
/** Fewer could be guessed. */
const MIN_TOKEN_LENGTH = 16;

const GRPC_PORT = 4317;

const port = z.int().min(0).max(65_535);
const host = z
  .string()
  .min(1)
  .default('127.0.0.1')
  .describe('Address to listen on; 0.0.0.0 for all of the machine, and then with collector.auth.tokens.');
const maxConnections = z
  .int()
  .positive()
  .default(1_024)
  .describe(
    'Connections open at once; for a newcomer beyond it the one is closed that has been of no use the longest.',
  );
const headersTimeoutMs = z.int().positive().default(10_000).describe('Longest time a sender may take for the headers.');
const requestTimeoutMs = z
  .int()
  .positive()
  .default(60_000)
  .describe('Longest time a sender may take for a whole request.');

const tenant = z.string().min(1).max(128);

const cors = z.strictObject({
  allowedOrigins: z
    .array(
      z.string().refine((text) => text === '*' || isOrigin(text), {
        error: 'expected an origin such as https://app.example.com, or *',
      }),
    )
    .default([])
    .describe(
      'Origins of the web pages that may send, each as https://app.example.com; * for every page. None by default.',
    ),
  allowedHeaders: z
    .array(z.string().regex(/^[A-Za-z0-9-]+$/, 'expected the name of a header'))
    .default(['content-type', 'content-encoding', 'authorization', 'x-api-key'])
    .describe('Headers that such a page may send.'),
});

const http = z.strictObject({
  host,
  port: port.default(4318).describe('Port for OTLP over HTTP; 0 for any free one.'),
  headersTimeoutMs,
  requestTimeoutMs,
  keepAliveTimeoutMs: z.int().positive().default(65_000).describe('How long an idle connection is kept.'),
  maxConnections,
  maxHeaderBytes: z
    .int()
    .min(1_024)
    .default(16 * 1024)
    .describe('Largest headers of one request; larger ones are answered 431.'),
  cors: cors.prefault({}),
  acceptTextPlain: z
    .boolean()
    .default(false)
    .describe('Takes text/plain for JSON, which some web SDKs send to have no preflight. Any page could then send.'),
});

const grpc = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether to listen for OTLP over gRPC.'),
  host,
  port: port
    .optional()
    .describe('Port for OTLP over gRPC; 0 for any free one. Unset: 4317, or any free one where that for HTTP is, too.'),
  handshakeTimeoutMs: headersTimeoutMs.describe('Longest time a new connection may take to speak HTTP/2.'),
  requestTimeoutMs,
  maxConnections,
  maxConcurrentStreams: z.int().positive().default(100).describe('Calls open at once on one connection.'),
  keepAliveTimeMs: z
    .int()
    .positive()
    .default(60_000)
    .describe('How often a connection is asked whether it still lives.'),
  keepAliveTimeoutMs: z.int().positive().default(20_000).describe('How long its answer may take.'),
  maxConnectionIdleMs: z.int().positive().default(300_000).describe('How long a connection without calls is kept.'),
  maxConnectionAgeMs: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Age at which a connection is asked to end, so that senders spread over replicas; 0 for never.'),
});

const items = z.strictObject({
  maxBytes: z
    .int()
    .positive()
    .default(32 * MEBIBYTE)
    .describe('Largest span or log record; a larger one is rejected by itself, in a partial success.'),
  maxParts: z
    .int()
    .positive()
    .default(8_192)
    .describe(
      'Most attributes, events and links of one span or log record, together; one with more is rejected by itself.',
    ),
  maxKeyBytes: z
    .int()
    .positive()
    .default(4_096)
    .describe('Longest attribute key; a span or log record with a longer one is rejected by itself.'),
});

const feedback = z.strictObject({
  enabled: z
    .boolean()
    .default(false)
    .describe(
      'Takes support flags at POST /v1/feedback on collector.http: each makes its trace a case of the adversarial set.',
    ),
  criterion: z
    .string()
    .max(200)
    .default('')
    .describe(
      'Rubric by which a flagged case is judged when the set is sent to an agent. Unset: it is listed, and not judged.',
    ),
});

const token = z.strictObject({
  token: z
    .string()
    .min(MIN_TOKEN_LENGTH)
    .transform((text) => new Secret(text))
    .describe('What the sender shows, as Authorization: Bearer, as the password of Basic, or as x-api-key.'),
  tenant: tenant.optional().describe('Tenant that all belongs to which is sent with it. Unset: collector.tenant.'),
  signals: z.array(z.enum(SIGNAL_NAMES)).min(1).optional().describe('What may be sent with it. Unset: everything.'),
});

const auth = z.strictObject({
  tokens: z
    .array(token)
    .default([])
    .refine((tokens) => new Set(tokens.map(({ token }) => textOf(token))).size === tokens.length, {
      error: 'expected each token once, got one that is there twice',
    })
    .describe('Who may send; several are valid at once, so that one can be replaced. None by default: everybody may.'),
});

/** Settings of the OTLP receiver. */
export const collectorConfig = z
  .strictObject({
    http: http.prefault({}),
    grpc: grpc.prefault({}),
    auth: auth.prefault({}),
    feedback: feedback.prefault({}),
    maxBodyBytes: z
      .int()
      .positive()
      .default(64 * MEBIBYTE)
      .describe(
        'Largest request body, before and after decompression; larger ones are answered 413, or RESOURCE_EXHAUSTED. 4194304 does in a sidecar.',
      ),
    maxInflationRatio: z
      .int()
      .positive()
      .default(200)
      .describe(
        'How many times its size a gzip body of more than 4 MiB may inflate to; more is answered 413. Telemetry seldom goes beyond 30, a bomb of zeros has 1,000.',
      ),
    maxInFlightBytes: z
      .int()
      .positive()
      .default(256 * MEBIBYTE)
      .describe('Bytes held at once for requests that the bus has not taken yet; beyond it senders are told to retry.'),
    maxHeapRatio: z
      .number()
      .gt(0)
      .max(1)
      .default(0.85)
      .describe("Share of the receiver's heap limit that may be in use; beyond it senders are told to retry."),
    maxTracesPerRequest: z
      .int()
      .positive()
      .default(20_000)
      .describe(
        'Most traces that the spans or log records of one request may belong to; a request with more is answered 413, its sender should send smaller batches.',
      ),
    items: items.prefault({}),
    tenant: tenant.default('default').describe('Tenant that all belongs to which is sent without a token of another.'),
  })
  // A request and its records, whose size is bounded by three bodies, must fit when nothing else is in flight.
  .refine((config) => config.maxInFlightBytes >= 4 * config.maxBodyBytes, {
    path: ['maxInFlightBytes'],
    error: 'expected at least four times maxBodyBytes, or the largest request could never be taken',
  })
  .transform(({ grpc, ...config }) => {
    // Who asks for any port has several of these on one machine, and would find the fixed one taken.
    const { port: grpcPort = config.http.port === 0 ? 0 : GRPC_PORT } = grpc;
    return { ...config, grpc: { ...grpc, port: grpcPort } };
  });

export type CollectorConfig = z.output<typeof collectorConfig>;

/** What is too short is no secret yet, but text. */
function textOf(token: Secret | string): string {
  return typeof token === 'string' ? token : token.reveal();
}

function isOrigin(text: string): boolean {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}
