import { type Log, TENANT_HEADER, type Topic } from '../core/log.js';
import type { StoreConnection } from './connection.js';
import type { Erasures } from './erasures.js';
import { type ErasureSubject, findErasable, type FindDeps, toErasureName } from './find-erasable.js';
import { batchesOf, countRows, keysCondition, mutate, type Mutation } from './mutate.js';
import type { TraceKey } from './span-queries.js';
import { ERASED, HAS_TEXT, TEXT_FREE } from './text-free.js';
import { WITHOUT_TEXT } from './topic-table.js';

/** What to erase. */
export interface EraseRequest extends ErasureSubject {
  /** Only counts. */
  readonly dryRun: boolean;
}

/** What was erased, or would be. */
export interface Erased {
  readonly traces: readonly TraceKey[];
  /** Of these, without a decision yet. */
  readonly openTraces: number;
  /** Rows, a span that came twice being two. */
  readonly spans: number;
  readonly logs: number;
  /** Ledger rows that lost their text. */
  readonly decisions: number;
  readonly verdicts: number;
  /** Labels that lost their comment. */
  readonly labels: number;
  /** Null when they were not looked for, or the bus takes no single records out. */
  readonly busRecords: number | null;
}

export interface EraseDeps extends FindDeps {
  readonly log: Log;
  readonly erasures: Erasures;
  readonly nowMs: number;
  /** What the writer has committed of a topic. */
  readonly committed: (topic: 'decisions' | 'verdicts' | 'labels') => Promise<ReadonlyMap<number, number>>;
}

/**
 * Erases the content of a subject's traces from the bus and the store, after a note that outlives it: what comes of these
 * traces later finds the note and is written without text. Their ledger rows stay, so that no rate changes.
 *
 * Nothing may be written meanwhile, and nothing be left half written. Erasing again is safe, also after a crash half way.
 */
export async function erase(request: EraseRequest, deps: EraseDeps): Promise<Erased> {
  const { connection, erasures } = deps;
  const keys = await findErasable(request, deps);
  const open = await openTraces(connection, keys);
  if (request.dryRun) return { traces: keys, openTraces: open, ...(await countContent(connection, keys)) };
  await note(keys, { connection, name: toErasureName(request), nowMs: deps.nowMs });
  erasures.add(keys);
  const busRecords = await eraseFromBus(keys, deps);
  await closeLedger(connection, keys);
  return { traces: keys, openTraces: open, ...(await removeContent(connection, keys)), busRecords };
}

/**
 * Takes what holds text out of the bus. What the writer has not written of decisions, verdicts and labels stays, since their ledger
 * rows come of it; it is erased once it is written.
 */
export async function eraseFromBus(
  keys: readonly TraceKey[],
  { log, committed }: Pick<EraseDeps, 'log' | 'committed'>,
): Promise<number | null> {
  const erased = new Set(keys.map(({ tenant, traceId }) => `${tenant}\0${traceId}`));
  const written = new Map<Topic, ReadonlyMap<number, number>>([
    ['decisions', await committed('decisions')],
    ['verdicts', await committed('verdicts')],
    ['labels', await committed('labels')],
  ]);
  return log.erase(
    keys.map(({ traceId }) => traceId),
    ({ topic, key, partition, offset, headers }) =>
      !WITHOUT_TEXT.has(topic) &&
      erased.has(`${headers[TENANT_HEADER] ?? ''}\0${key}`) &&
      offset < (written.get(topic)?.get(partition) ?? Infinity),
  );
}

async function note(
  keys: readonly TraceKey[],
  { connection, name, nowMs }: { connection: StoreConnection; name: string; nowMs: number },
): Promise<void> {
  const at = (nowMs / 1_000).toFixed(3);
  const lines = keys.map(({ tenant, traceId }) => JSON.stringify({ tenant, trace_id: traceId, by: name, at }));
  await connection.insert({ table: 'assay_erasures', lines: lines.join('\n'), token: `erasure:${name}:${nowMs}` });
}

/** A row of an open trace, which its spans alone stood for; a decision that still comes is a later version of it. */
const EXCLUDE_OPEN = `INSERT INTO assay_decisions
  (tenant, trace_id, version, service, release, complete, completeness, first_seen_at, last_seen_at, decided_at, stratum, pi,
   upstream_weight, outcome, reason)
  SELECT tenant, trace_id, 0, service, release, false, 'it was not whole yet', toDateTime64(first_seen_at, 3, 'UTC'), now64(3), now64(3),
    'incomplete', 1, 1, 'excluded', '${ERASED} before it was decided'
  FROM assay_open_traces WHERE `;

/** The evidence of a trace that waits for its judge is erased with the rest. An answer that is under way wins over this one. */
const ANSWER_PENDING = `INSERT INTO assay_verdicts
  (eval_id, tenant, trace_id, version, criterion, outcome, votes, reason, pi, stratum, service, release, decided_at, judged_at)
  SELECT lower(hex(MD5(concat('${ERASED}', tenant, trace_id, toString(version), unanswered)))), tenant, trace_id, version, unanswered,
    'abstain', '[]', '${ERASED} before it was judged', pi, stratum, service, release, decided_at, decided_at
  FROM assay_results ARRAY JOIN arrayFilter(c -> NOT has(answered, c), unsettled) AS unanswered
  WHERE unanswered_yet AND `;

/** Gives a final outcome to those that can no longer get one. */
async function closeLedger(connection: StoreConnection, keys: readonly TraceKey[]): Promise<void> {
  for (const batch of batchesOf(keys)) {
    const condition = keysCondition('tenant, trace_id', batch);
    await connection.run(EXCLUDE_OPEN + condition);
    await connection.run(ANSWER_PENDING + condition);
  }
}

async function openTraces(connection: StoreConnection, keys: readonly TraceKey[]): Promise<number> {
  let open = 0;
  for (const batch of batchesOf(keys)) {
    const condition = keysCondition('tenant, trace_id', batch);
    const rows = await connection.rows<{ open: number }>(
      `SELECT count() AS open FROM assay_open_traces WHERE ${condition}`,
    );
    open += rows[0]?.open ?? 0;
  }
  return open;
}

type Content = Pick<Erased, 'spans' | 'logs' | 'decisions' | 'verdicts' | 'labels'>;

/** By what it is told as. */
function mutationsOf(keys: readonly TraceKey[]): Readonly<Record<keyof Content, Mutation>> {
  const exported = `ResourceAttributes['assay.tenant'], TraceId`;
  const own = 'tenant, trace_id';
  return {
    spans: { table: 'otel_traces', key: exported, keys },
    logs: { table: 'otel_logs', key: exported, keys },
    decisions: { table: 'assay_decisions', key: own, keys, where: HAS_TEXT, update: TEXT_FREE.assay_decisions },
    verdicts: { table: 'assay_verdicts', key: own, keys, where: HAS_TEXT, update: TEXT_FREE.assay_verdicts },
    labels: { table: 'assay_labels', key: own, keys, where: `comment != ''`, update: TEXT_FREE.assay_labels },
  };
}

async function countContent(
  connection: StoreConnection,
  keys: readonly TraceKey[],
): Promise<Content & { busRecords: null }> {
  const { spans, logs, decisions, verdicts, labels } = mutationsOf(keys);
  return {
    spans: await countRows(connection, spans),
    logs: await countRows(connection, logs),
    decisions: await countRows(connection, decisions),
    verdicts: await countRows(connection, verdicts),
    labels: await countRows(connection, labels),
    busRecords: null,
  };
}

async function removeContent(connection: StoreConnection, keys: readonly TraceKey[]): Promise<Content> {
  const { spans, logs, decisions, verdicts, labels } = mutationsOf(keys);
  return {
    spans: await mutate(connection, spans),
    logs: await mutate(connection, logs),
    decisions: await mutate(connection, decisions),
    verdicts: await mutate(connection, verdicts),
    labels: await mutate(connection, labels),
  };
}
