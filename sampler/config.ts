import { z } from 'zod';
import { Secret } from '../core/secret.js';

const probability = z.number().gt(0).max(1);
const share = z.number().min(0).max(1);

const patterns = z.array(z.string().min(1)).default([]);

const excludeConfig = z.strictObject({
  healthChecks: z
    .boolean()
    .default(true)
    .describe(
      'Whether a trace is excluded whose root is an HTTP request to a health path such as /healthz, or by kube-probe, and that holds no step of an agent.',
    ),
  services: patterns.describe('Services (service.name of the root) whose traces are excluded; * stands for any text.'),
  spanNames: patterns.describe('Names of root spans whose traces are excluded; * stands for any text.'),
  attributes: z
    .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe(
      'Attributes of the root span, or of its resource, that exclude a trace, each with its value; * stands for any text.',
    ),
});

/** Settings of assembly, checks and sampling. */
export const samplerConfig = z
  .strictObject({
    pi: z
      .strictObject({
        suspected: probability.default(1).describe('Share of suspected traces that is judged.'),
        unsuspected: probability.default(0.1).describe('Share of unsuspected traces that is judged.'),
        incomplete: probability.default(1).describe('Share of traces that never became whole that is judged.'),
        settled: probability
          .default(0.01)
          .describe('Share of traces settled by a check that is judged all the same, to audit the checks.'),
      })
      .prefault({})
      .describe('The sampling plan. A change becomes a new policy version when Assay starts.'),
    prior: z
      .strictObject({
        suspected: share.default(0.4).describe('Failure probability that is predicted for a suspected trace.'),
        unsuspected: share.default(0.01).describe('Failure probability that is predicted for an unsuspected trace.'),
        incomplete: share.default(0.2).describe('Failure probability that is predicted for an incomplete trace.'),
        settled: share.default(1).describe('Failure probability that is predicted for a settled trace.'),
      })
      .prefault({})
      .describe('Predictions stored with each decision, fixed before any verdict.'),
    exclude: excludeConfig.prefault({}).describe('Traces that are counted, and neither judged nor in any rate.'),
    suspicionThreshold: probability.default(0.5).describe('Suspicion in (0, 1] from which on a trace is suspected.'),
    quietMs: z
      .int()
      .min(50)
      .max(600_000)
      .default(2_000)
      .describe('How long no span may have come before a trace whose root has ended is whole, in milliseconds.'),
    orphanQuietMs: z
      .int()
      .min(50)
      .max(600_000)
      .default(10_000)
      .describe(
        'The same for a trace with spans whose parent has not come, in milliseconds; quietMs when that is longer.',
      ),
    deadlineMs: z
      .int()
      .min(100)
      .max(86_400_000)
      .default(600_000)
      .describe('Age at which a trace that is not whole is decided as incomplete, in milliseconds.'),
    maxOpenTraces: z
      .int()
      .min(1)
      .default(50_000)
      .describe('Most traces held open; above it the oldest are decided as incomplete.'),
    maxOpenBytes: z
      .int()
      .min(1_048_576)
      .default(268_435_456)
      .describe('Most bytes of spans and log events held open; above it the oldest traces are decided as incomplete.'),
    maxSpansPerTrace: z
      .int()
      .min(1)
      .default(10_000)
      .describe('Most spans kept of one trace; what comes after is dropped and the trace is incomplete.'),
    maxLogEventsPerTrace: z
      .int()
      .min(1)
      .default(10_000)
      .describe('Most log events kept of one trace; what comes after is dropped and the trace is incomplete.'),
    maxVersions: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe('Most decisions on one trace; late spans and log events beyond it are counted and change nothing.'),
    archiveWaitMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(60_000)
      .describe('Longest wait for the store to hold the earlier spans of a trace that grew, in milliseconds.'),
    indexHours: z
      .number()
      .positive()
      .default(48)
      .describe(
        'How long a decided trace is remembered to tell redelivered spans from late ones, in hours; longer than the retention of the bus.',
      ),
    stepBudget: z.int().min(1).default(50).describe('Steps of one trace above which it is suspicious.'),
    tokenBudget: z
      .int()
      .min(1)
      .default(200_000)
      .describe('Tokens of one trace, in and out, above which it is suspicious.'),
    repeatedCalls: z
      .int()
      .min(2)
      .default(2)
      .describe('How often the same tool is called with the same arguments before that is suspicious.'),
    salt: z
      .string()
      .min(16)
      .transform((salt) => new Secret(salt))
      .optional()
      .describe(
        'Secret of the keyed hash that draws the sample; all samplers of one pipeline need the same. Made once and kept in the data directory when it is left out.',
      ),
  })
  .check((context) => {
    const { quietMs, deadlineMs } = context.value;
    if (deadlineMs > quietMs) return;
    context.issues.push({
      code: 'custom',
      input: deadlineMs,
      path: ['deadlineMs'],
      message: `expected more than sampler.quietMs (${quietMs}), got ${deadlineMs}`,
    });
  });

export type ExcludeConfig = z.output<typeof excludeConfig>;
export type SamplerConfig = z.output<typeof samplerConfig>;
