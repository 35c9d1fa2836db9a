import type { StoredRecord } from '../core/log.js';
import { TENANT_HEADER } from '../core/log.js';
import { decodeLogEvents } from '../core/otlp/decode-log-events.js';
import type { Block, BlockDeps } from './block.js';
import {
  parseAlarm,
  parseCase,
  parseDecision,
  parseLabel,
  parseNotification,
  parsePolicy,
  parseSpend,
  parseVerdict,
} from './ledger-records.js';
import {
  toAlarmRow,
  toDecisionRow,
  toLabelRow,
  toCaseRow,
  toNotificationRow,
  toPolicyRow,
  toSpendRow,
  toVerdictRow,
} from './ledger-rows.js';
import { LineBlock } from './line-block.js';
import { toLogRows } from './log-row.js';
import { SpanEncoder } from './native/span-encoder.js';
import type { RecordOrigin } from './row-parts.js';
import { SpanBlock } from './span-block.js';
import type { LineTable, TopicTable, WrittenTopic } from './topic-table.js';

/** How to write a block of a table. */
export function createBlocks(table: TopicTable, deps: BlockDeps): () => Block {
  if (table.form === 'lines') return () => new LineBlock(table, deps);
  const encoder = new SpanEncoder();
  return () => new SpanBlock(table, { ...deps, encoder });
}

/**
 * In the order in which a cycle writes them: whoever reads a row finds what it is about. Its ends are taken in the opposite
 * order, so that what was on the bus before a decision is written before it.
 */
export const TOPIC_TABLES: readonly TopicTable[] = [
  // Named apart from the JSON lines of before, which were cut into other inserts: one of them may be pending.
  { form: 'spans', topic: 'spans', table: 'otel_traces', tokenName: 'spans/native', takes: () => true },
  lineTable('logs', 'otel_logs', logLines),
  lineTable('policies', 'assay_policies', (record) => [JSON.stringify(toPolicyRow(parsePolicy(record.value)))]),
  lineTable('decisions', 'assay_decisions', (record) => [JSON.stringify(toDecisionRow(parseDecision(record.value)))]),
  lineTable('verdicts', 'assay_verdicts', (record) => [JSON.stringify(toVerdictRow(parseVerdict(record.value)))]),
  lineTable('labels', 'assay_labels', (record) => [JSON.stringify(toLabelRow(parseLabel(record.value)))]),
  lineTable('spend', 'assay_spend', (record) => [JSON.stringify(toSpendRow(parseSpend(record.value)))]),
  lineTable('adversarial', 'assay_adversarial', (record) => [JSON.stringify(toCaseRow(parseCase(record.value)))]),
  lineTable('alarms', 'assay_alarms', (record) => [JSON.stringify(toAlarmRow(parseAlarm(record.value)))]),
  lineTable('notifications', 'assay_outbox', (record) => [
    JSON.stringify(toNotificationRow(parseNotification(record.value))),
  ]),
];

function lineTable(topic: WrittenTopic, table: string, toLines: LineTable['toLines']): LineTable {
  return { form: 'lines', topic, table, tokenName: topic, toLines };
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
