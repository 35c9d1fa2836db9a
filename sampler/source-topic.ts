/** The topics that traces are put together from. They are keyed alike, and have the same number of partitions. */
export const SOURCE_TOPICS = ['spans', 'logs'] as const;
export type SourceTopic = (typeof SOURCE_TOPICS)[number];

/** A place on the bus. */
export interface BusOffset {
  readonly topic: SourceTopic;
  readonly partition: number;
  readonly offset: number;
}
