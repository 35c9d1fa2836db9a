import type { StoredRecord, Topic } from '../core/log.js';
import { TENANT_HEADER } from '../core/log.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import { decodeSpans } from '../core/otlp/decode-spans.js';
import { parseDecision, parsePolicy, parseSpend, parseVerdict } from './ledger-records.js';
import { toDecisionRow, toPolicyRow, toSpendRow, toVerdictRow } from './ledger-rows.js';
import { toLogRows } from './log-row.js';
import type { RecordOrigin } from './row-parts.js';
import { toSpanRows } from './span-row.js';

/** The topics that are written. */
export type WrittenTopic = Exclude<Topic, 'judgements'>;

/** Which table holds what a topic carries. */
export interface TopicTable {
  readonly topic: WrittenTopic;
  readonly table: string;
  /**
   * Rows of one record as JSON lines, a function of the record alone. A line may be made when it is asked for.
   * @throws {PipelineError} when the record cannot be read; never later, while the lines are made
   */
  readonly toLines: (record: StoredRecord) => Iterable<string>;
}

/**
 * In the order in which a cycle writes them: whoever reads a row finds what it is about. Its ends are taken in the opposite
 * order, so that what was on the bus before a decision is written before it.
 */
export const TOPIC_TABLES: readonly TopicTable[] = [
  { topic: 'spans', table: 'otel_traces', toLines: spanLines },
  { topic: 'logs', table: 'otel_logs', toLines: logLines },
  {
    topic: 'policies',
    table: 'assay_policies',
    toLines: (record) => [JSON.stringify(toPolicyRow(parsePolicy(record.value)))],
  },
  {
    topic: 'decisions',
    table: 'assay_decisions',
    toLines: (record) => [JSON.stringify(toDecisionRow(parseDecision(record.value)))],
  },
  {
    topic: 'verdicts',
    table: 'assay_verdicts',
    toLines: (record) => [JSON.stringify(toVerdictRow(parseVerdict(record.value)))],
  },
  { topic: 'spend', table: 'assay_spend', toLines: (record) => [JSON.stringify(toSpendRow(parseSpend(record.value)))] },
];

function spanLines(record: StoredRecord): Iterable<string> {
  return toJsonLines(toSpanRows(decodeSpans(record.value), originOf(record)));
}

function logLines(record: StoredRecord): Iterable<string> {
  return toJsonLines(toLogRows(decodeLogEvents(record.value), originOf(record)));
}

function originOf(record: StoredRecord): RecordOrigin {
  return { tenant: record.headers[TENANT_HEADER] ?? '', acceptedAtMs: record.acceptedAtMs };
}

function* toJsonLines(rows: Iterable<unknown>): Generator<string, void, undefined> {
  for (const row of rows) yield JSON.stringify(row);
}
