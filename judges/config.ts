import { z } from 'zod';
import { STRATA } from '../core/decision.js';

/** Used when it is there; a folder that was named must be. */
export const DEFAULT_RUBRICS_DIRECTORY = 'rubrics';

const budget = {
  dailyBudgetUsd: z.number().positive().default(1).describe('Ceiling per UTC day, in US dollars.'),
  weeklyBudgetUsd: z.number().positive().default(7).describe('Ceiling per week from Monday, UTC, in US dollars.'),
};

const ladder = {
  votes: z
    .int()
    .min(1)
    .max(9)
    .refine((votes) => votes % 2 === 1, 'expected an odd number, so that a majority exists')
    .default(3)
    .describe('Most votes per criterion; voting stops once the majority is decided.'),
  repairAttempts: z
    .int()
    .min(0)
    .max(3)
    .default(1)
    .describe('How often a vote is asked again after a reply that breaks the schema or quotes what is not there.'),
};

const retries = {
  maxAttempts: z
    .int()
    .min(1)
    .max(20)
    .default(5)
    .describe(
      'Most calls for one vote that end without an answer and may be charged, such as timeouts. What is known to cost nothing (no connection, 429, 5xx) is tried again until giveUpAfterMs.',
    ),
  backoffMs: z.int().positive().default(500).describe('First pause after a failure; doubles, with jitter.'),
  maxBackoffMs: z
    .int()
    .positive()
    .default(30_000)
    .describe('Longest pause, unless the provider asks for a longer one.'),
  giveUpAfterMs: z
    .int()
    .positive()
    .default(300_000)
    .describe('Longest time for one vote; then the verdict is an error.'),
};

const cache = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether a verdict on exactly the same evidence is used again.'),
  ttlHours: z.int().min(1).default(168).describe('How long a verdict may be used again.'),
  maxEntries: z
    .int()
    .min(1)
    .default(100_000)
    .describe('Most verdicts that are kept for that; the oldest go, within the hour.'),
  auditRatio: z
    .number()
    .min(0)
    .max(1)
    .default(0.02)
    .describe('Share of the hits that is judged all the same, so that it is known how often the cache would be wrong.'),
});

const confirm = z.strictObject({
  strata: z
    .array(z.enum(STRATA))
    .min(1)
    .default(['unsuspected'])
    .describe(
      'Whose fails `models.confirm` is asked about, when it is set. Among unsuspected traces most fails of a judge are false alarms.',
    ),
  giveUpAfterMs: z
    .int()
    .positive()
    .default(60_000)
    .describe('Longest time for the vote of `models.confirm`; then the fail stands unconfirmed.'),
});

const rubrics = {
  rubricsDirectory: z
    .string()
    .default(DEFAULT_RUBRICS_DIRECTORY)
    .describe(
      'Folder of your own rubrics, from the working directory; one with the name of a built-in takes its place. Empty: built-in ones alone.',
    ),
  criteria: z
    .array(z.string())
    .min(1)
    .optional()
    .describe('Names of the rubrics in use; all, built-in and own, when it is left out.'),
};

/** Settings of `judges`: what judging may cost, how many votes it takes, and how it treats a failing provider. */
export const judgesConfig = z.strictObject({
  ...budget,
  ...ladder,
  ...retries,
  ...rubrics,
  confirm: confirm.prefault({}),
  cache: cache.prefault({}),
  concurrency: z.int().min(1).max(256).default(8).describe('Judgements in work at the same time.'),
  evidenceTokens: z
    .int()
    .min(500)
    .max(16_000)
    .default(6000)
    .describe(
      'Budget of the evidence that a judge is shown, in tokens of four characters; longer traces are cut and say so.',
    ),
  journalRetentionHours: z
    .int()
    .min(1)
    .default(168)
    .describe(
      'How long a finished judgement is remembered, so that its redelivery costs nothing; at least the bus retention.',
    ),
  pollWaitMs: z.int().positive().default(500).describe('Longest wait for new judgements in one poll.'),
});

export type JudgesConfig = z.output<typeof judgesConfig>;
