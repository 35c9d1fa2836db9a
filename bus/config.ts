import { z } from 'zod';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** Settings of the embedded bus. */
export const busConfig = z.strictObject({
  pollIntervalMs: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe(
      'How often a waiting reader looks for records that another thread or process appended, in milliseconds; after a second without any a fiftieth as often, since the threads of its process wake it.',
    ),
  retention: z
    .strictObject({
      hours: z.number().positive().default(24).describe('Age in hours at which a record may be removed.'),
      maxBytes: z
        .int()
        .min(1_048_576)
        .default(4 * GIB)
        .describe('Size in bytes of all topics together above which the oldest records may be removed.'),
      sweepIntervalMs: z
        .int()
        .min(10)
        .default(10_000)
        .describe('Time between two looks for what to remove, in milliseconds.'),
    })
    .prefault({})
    .describe('What is removed. A record that a consumer group has not committed, or that no group reads, never is.'),
  capacityBytes: z
    .int()
    .min(1_048_576)
    .max(48 * GIB)
    .default(16 * GIB)
    .describe(
      'Size in bytes of all topics together at which the bus takes no more spans and logs, until groups commit and retention removes. At most 48 GiB: what consumers write must still fit into the 64 GiB that are mapped.',
    ),
  minFreeBytes: z
    .int()
    .min(0)
    .default(512 * MIB)
    .describe(
      'Free bytes of the disk below which the bus takes no more spans and logs, so that the consumers and the store can still write; 0 for no such bound.',
    ),
});

export type BusConfig = z.output<typeof busConfig>;
