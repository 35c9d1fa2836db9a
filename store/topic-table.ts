import type { StoredRecord, Topic } from '../core/log.js';

/** The topics that are written. */
export type WrittenTopic = Exclude<Topic, 'judgements' | 'journal' | 'dead-letters'>;

/**
 * What an erasure passes by: it holds nothing that a trace said. The adversarial set may, and is kept all the same: whoever added
 * a case copied it on purpose, and nobody may take one out (docs/adr/0019).
 */
export const WITHOUT_TEXT: ReadonlySet<Topic> = new Set<Topic>([
  'spend',
  'policies',
  'adversarial',
  'alarms',
  'notifications',
]);

/** Which table holds what a topic carries, as JSON lines. */
export interface LineTable {
  readonly form: 'lines';
  readonly topic: WrittenTopic;
  readonly table: string;
  /** What the deduplication tokens of its blocks begin with. Another one where rows are cut into inserts in another way. */
  readonly tokenName: string;
  /**
   * Rows of one record as JSON lines, a function of the record alone. A line may be made when it is asked for.
   * @throws {PipelineError} when the record cannot be read; never later, while the lines are made
   */
  readonly toLines: (record: StoredRecord) => Iterable<string>;
}

/** The table of spans, whose rows are encoded straight from the record's bytes. */
export interface SpanTable {
  readonly form: 'spans';
  readonly topic: 'spans';
  readonly table: string;
  /** As of a `LineTable`. */
  readonly tokenName: string;
  /** False for a record that is not written. */
  readonly takes: (record: StoredRecord) => boolean;
}

export type TopicTable = LineTable | SpanTable;
