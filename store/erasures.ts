import { TENANT_HEADER, type StoredRecord } from '../core/log.js';
import type { Counter } from '../core/metrics.js';
import type { StoreConnection } from './connection.js';
import { parseDecision, parseLabel, parseVerdict } from './ledger-records.js';
import { toDecisionRow, toLabelRow, toVerdictRow } from './ledger-rows.js';
import type { TraceKey } from './span-queries.js';
import { withoutDecisionText, withoutLabelText, withoutVerdictText } from './text-free.js';
import { WITHOUT_TEXT, type TopicTable } from './topic-table.js';

/** The traces that were erased, and those of them that something came of since. */
export class Erasures {
  readonly #erased = new Set<string>();
  readonly #late = new Map<string, TraceKey>();

  /** Takes over what the table remembers. */
  async load(connection: StoreConnection): Promise<void> {
    this.add(await connection.rows<TraceKey>('SELECT DISTINCT tenant, trace_id AS traceId FROM assay_erasures'));
  }

  add(keys: readonly TraceKey[]): void {
    for (const key of keys) this.#erased.add(toId(key));
  }

  /** True for a record of an erased trace, which is then among the late ones. */
  meets(record: StoredRecord): boolean {
    if (this.#erased.size === 0) return false;
    const key = { tenant: record.headers[TENANT_HEADER] ?? '', traceId: record.key };
    if (!this.#erased.has(toId(key))) return false;
    this.#late.set(toId(key), key);
    return true;
  }

  /** Erased traces that records came of since the last call. */
  takeLate(): readonly TraceKey[] {
    const late = [...this.#late.values()];
    this.#late.clear();
    return late;
  }

  hasLate(): boolean {
    return this.#late.size > 0;
  }
}

/**
 * The same table, but for records of erased traces: their spans and logs are dropped, and so is a later version of their
 * decision, which would rest on what is left of them. Decisions, verdicts and labels lose their text. Money is written as it is.
 */
export function withErasures(table: TopicTable, erasures: Erasures, dropped: Counter<'topic'>): TopicTable {
  if (WITHOUT_TEXT.has(table.topic)) return table;
  const meets = (record: StoredRecord): boolean => {
    const isErased = erasures.meets(record);
    if (isErased) dropped.add(1, { topic: table.topic });
    return isErased;
  };
  if (table.form === 'spans') return { ...table, takes: (record) => !meets(record) && table.takes(record) };
  return {
    ...table,
    toLines: (record) => (meets(record) ? linesWithoutText(table.topic, record) : table.toLines(record)),
  };
}

function linesWithoutText(topic: TopicTable['topic'], record: StoredRecord): readonly string[] {
  if (topic === 'decisions') {
    const decision = parseDecision(record.value);
    return decision.version > 1 ? [] : [JSON.stringify(toDecisionRow(withoutDecisionText(decision)))];
  }
  if (topic === 'verdicts') return [JSON.stringify(toVerdictRow(withoutVerdictText(parseVerdict(record.value))))];
  if (topic === 'labels') return [JSON.stringify(toLabelRow(withoutLabelText(parseLabel(record.value))))];
  return [];
}

function toId({ tenant, traceId }: TraceKey): string {
  return `${tenant}\0${traceId}`;
}
