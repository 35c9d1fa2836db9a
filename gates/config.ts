import { z } from 'zod';

const MINUTE_MS = 60_000;

/** Settings of the gate: how often it looks at what was decided, and what it holds that against. */
export const gatesConfig = z.strictObject({
  lookMs: z.int().min(100).default(MINUTE_MS).describe('Time between two looks at what was decided and judged.'),
  batchMs: z
    .int()
    .min(100)
    .optional()
    .describe(
      'Traces of so much time are one step of a regression test. Unset: as traffic allows, from five minutes to a day, about 250 traces.',
    ),
  baselineTraces: z
    .int()
    .min(100)
    .default(1_000)
    .describe('Traces of a release after which it may be the baseline of the next, and of its own later ones.'),
  falseAlarmsPerYear: z
    .number()
    .positive()
    .max(365)
    .default(1)
    .describe('False alarms that are allowed in a year, of each criterion of each release.'),
  smallestChangeRatio: z
    .number()
    .positive()
    .max(0.5)
    .default(0.0005)
    .describe('A rise of the failure rate that is not worth an alarm, as a share.'),
  floorRatio: z
    .number()
    .gt(0.58)
    .lt(1)
    .default(0.85)
    .describe('Least pass rate on the adversarial set; below it the rule adversarial-floor fires.'),
  severity: z
    .enum(['critical', 'error', 'warning', 'info'])
    .default('critical')
    .describe('How urgent it is that a release has become worse.'),
});

export type GatesConfig = z.output<typeof gatesConfig>;
