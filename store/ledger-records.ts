import { z } from 'zod';
import { CASE_ORIGINS, type AdversarialCase } from '../core/adversarial-case.js';
import { ALARM_KINDS, ALARM_STATES, SEVERITIES, type AlarmTransition } from '../core/alarm.js';
import { STRATA, type Decision, type Policy } from '../core/decision.js';
import { PipelineError } from '../core/errors.js';
import { LABEL_QUEUES, LABEL_SOURCES, LABEL_VALUES, type Label } from '../core/label.js';
import { NOTIFICATION_OUTCOMES, type NotificationAttempt } from '../core/notification.js';
import { VERDICT_OUTCOMES, type Spend, type Verdict } from '../core/verdict.js';

// Unknown keys are let through, and missing ones have defaults: another version of Assay may have written the record.

const count = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const timeMs = z.number().min(0);
const stratum = z.enum(STRATA);

const finding = z.object({
  check: z.string(),
  severity: z.enum(['settles', 'suspicious', 'note']),
  message: z.string(),
  spanId: z.string(),
  fails: z.array(z.string()).exactOptional(),
});

const decision = z.object({
  tenant: z.string(),
  traceId: z.string(),
  version: count,
  service: z.string(),
  release: z.string(),
  environment: z.string(),
  sessionId: z.string(),
  userId: z.string(),
  complete: z.boolean(),
  completeness: z.string(),
  firstSeenMs: timeMs,
  lastSeenMs: timeMs,
  decidedAtMs: timeMs,
  spanCount: count,
  logCount: count.default(0),
  rootSpanId: z.string().default(''),
  spanXor: z.string(),
  criteria: z.array(z.string()),
  findings: z.array(finding),
  settled: z.array(z.object({ criterion: z.string(), outcome: z.enum(['pass', 'fail']), check: z.string() })),
  suspicion: z.number(),
  stratum,
  g: z.number(),
  pi: z.number(),
  upstreamWeight: z.number(),
  outcome: z.enum(['selected', 'settled', 'sampled_out', 'abstained', 'excluded']),
  audit: z.boolean(),
  reason: z.string(),
  policyVersion: count,
  durationMs: z.number(),
  tokens: z.object({ input: z.number(), output: z.number() }),
  evidenceTokens: z.number(),
  modelCalls: count,
  toolCalls: count,
}) satisfies z.ZodType<Decision>;

const policy = z.object({
  version: count,
  effectiveFromMs: timeMs,
  pi: z.record(stratum, z.number()),
  reason: z.string(),
}) satisfies z.ZodType<Policy>;

const vote = z.object({
  outcome: z.enum(['pass', 'fail', 'abstain', 'error']),
  confidence: z.number(),
  explanation: z.string(),
  quotes: z.array(z.string()),
  model: z.string(),
  costMicroUsd: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  latencyMs: z.number(),
  reason: z.string().exactOptional(),
  confirms: z.literal(true).exactOptional(),
});

/** The votes of a verdict, as its row holds them. */
export const votesSchema = z.array(vote);

const verdict = z.object({
  evalId: z.string(),
  tenant: z.string(),
  traceId: z.string(),
  version: count,
  spanId: z.string().default(''),
  criterion: z.string(),
  outcome: z.enum(VERDICT_OUTCOMES),
  confidence: z.number(),
  votes: votesSchema,
  quotes: z.array(z.string()),
  explanation: z.string(),
  reason: z.string(),
  rubricVersion: z.string(),
  judgeHash: z.string(),
  model: z.string(),
  provider: z.string(),
  fromCache: z.boolean(),
  cacheAudit: z.enum(['', 'agreed', 'flipped']).default(''),
  audit: z.boolean(),
  byHand: z.boolean().default(false),
  disputed: z.boolean().default(false),
  costMicroUsd: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  latencyMs: z.number(),
  pi: z.number(),
  stratum,
  service: z.string(),
  release: z.string(),
  decidedAtMs: timeMs,
  judgedAtMs: timeMs,
}) satisfies z.ZodType<Verdict>;

const spend = z.object({
  callId: z.string(),
  evalId: z.string(),
  tenant: z.string(),
  traceId: z.string(),
  provider: z.string(),
  model: z.string(),
  status: z.enum(['settled', 'lost']),
  reservedMicroUsd: z.number(),
  settledMicroUsd: z.number(),
  priceVersion: z.string(),
  atMs: timeMs,
}) satisfies z.ZodType<Spend>;

const alarm = z.object({
  alarmId: z.string(),
  sequence: count,
  state: z.enum(ALARM_STATES),
  kind: z.enum(ALARM_KINDS),
  rule: z.string(),
  severity: z.enum(SEVERITIES),
  subject: z.object({
    tenant: z.string(),
    service: z.string(),
    release: z.string(),
    environment: z.string(),
    criterion: z.string(),
  }),
  summary: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
  startedAtMs: timeMs,
  atMs: timeMs,
}) satisfies z.ZodType<AlarmTransition>;

const adversarialCase = z.object({
  caseId: z.string(),
  tenant: z.string(),
  origin: z.enum(CASE_ORIGINS),
  traceId: z.string(),
  criterion: z.string(),
  input: z.string(),
  contains: z.string(),
  lacks: z.string(),
  matches: z.string(),
  pattern: z.string(),
  note: z.string(),
  addedBy: z.string(),
  addedAtMs: timeMs,
}) satisfies z.ZodType<AdversarialCase>;

const notification = z.object({
  channel: z.string(),
  kind: z.string(),
  alarmId: z.string(),
  sequence: count,
  state: z.string(),
  occasion: z.string(),
  attempt: count,
  outcome: z.enum(NOTIFICATION_OUTCOMES),
  reason: z.string(),
  tookMs: z.number(),
  atMs: timeMs,
}) satisfies z.ZodType<NotificationAttempt>;

const label = z.object({
  labelId: z.string(),
  tenant: z.string(),
  traceId: z.string(),
  version: count,
  criterion: z.string(),
  value: z.enum(LABEL_VALUES),
  source: z.enum(LABEL_SOURCES),
  queue: z.enum(LABEL_QUEUES),
  annotator: z.string(),
  comment: z.string(),
  labelledAtMs: timeMs,
}) satisfies z.ZodType<Label>;

/** @throws {PipelineError} RECORD_MALFORMED */
export const parseAlarm = (bytes: Uint8Array): AlarmTransition => parse('alarm', alarm, bytes);
/** @throws {PipelineError} RECORD_MALFORMED */
export const parseCase = (bytes: Uint8Array): AdversarialCase => parse('adversarial case', adversarialCase, bytes);
/** @throws {PipelineError} RECORD_MALFORMED */
export const parseNotification = (bytes: Uint8Array): NotificationAttempt => parse('notification', notification, bytes);
/** @throws {PipelineError} RECORD_MALFORMED */
export const parseDecision = (bytes: Uint8Array): Decision => parse('decision', decision, bytes);
/** @throws {PipelineError} RECORD_MALFORMED */
export const parsePolicy = (bytes: Uint8Array): Policy => parse('policy', policy, bytes);
/** @throws {PipelineError} RECORD_MALFORMED */
export const parseVerdict = (bytes: Uint8Array): Verdict => parse('verdict', verdict, bytes);
/** @throws {PipelineError} RECORD_MALFORMED */
export const parseSpend = (bytes: Uint8Array): Spend => parse('spend', spend, bytes);
/** @throws {PipelineError} RECORD_MALFORMED */
export const parseLabel = (bytes: Uint8Array): Label => parse('label', label, bytes);

function parse<T>(noun: string, schema: z.ZodType<T>, bytes: Uint8Array): T {
  let problem: unknown;
  try {
    const result = schema.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    problem = `${issue?.message ?? 'another shape'} at ${issue?.path.join('.') ?? 'the record'}`;
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  throw new PipelineError(
    'RECORD_MALFORMED',
    `expected a ${noun} as JSON, got: ${String(problem)}; the record is skipped`,
  );
}
