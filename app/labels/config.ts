import { z } from 'zod';

/** Settings of human labels. */
export const labelsConfig = z.strictObject({
  perWeek: z
    .int()
    .min(0)
    .default(450)
    .describe('Traces to label in a week, shared out so that the corrected rate gets its narrowest interval.'),
  auditPerWeek: z
    .int()
    .min(0)
    .default(50)
    .describe('Traces that nothing flagged and that are drawn at random to be labelled in a week.'),
});

export type LabelsConfig = z.output<typeof labelsConfig>;
