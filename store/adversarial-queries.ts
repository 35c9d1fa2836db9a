import type { AdversarialCase, CaseAnswer } from '../core/adversarial-case.js';
import type { StoreConnection } from './connection.js';
import { batchesOf } from './mutate.js';
import { WITHIN } from './span-queries.js';

const CASE_COLUMNS = `case_id AS caseId, tenant, origin, trace_id AS traceId, criterion, input, contains, lacks, matches, pattern, note,
  added_by AS addedBy, toUnixTimestamp64Milli(added_at) AS addedAtMs`;

/** The adversarial set, each case once and as it was added first, in the order in which the set grew. */
export function adversarialCases(connection: StoreConnection): Promise<readonly AdversarialCase[]> {
  return connection.rows<AdversarialCase>(
    `SELECT ${CASE_COLUMNS} FROM assay_adversarial_unique ORDER BY added_at, caseId`,
  );
}

type PatternRow = Pick<AdversarialCase, 'tenant' | 'pattern' | 'criterion' | 'addedAtMs'>;

/** A trace with what is needed to tell how a case came out, and whether it is drawn. */
interface Candidate extends Omit<CaseAnswer, 'passed'> {
  readonly outcome: string;
  readonly criteria: readonly string[];
  readonly settled: readonly string[];
  readonly settledFailed: boolean;
  readonly passedCriteria: readonly string[];
  readonly failedCriteria: readonly string[];
  readonly pi: number;
  /** In [0, 1), the same for a trace for ever, and independent of what selected it. */
  readonly draw: number;
  /** The least share that its policy judges of any stratum. */
  readonly share: number;
}

/**
 * Production traces that are cases of the set by a case's pattern, and that were answered at this time or later. Suspected traces are
 * judged more often than others, so each answer is kept with the probability that makes all as likely to be here as those of
 * the stratum that is judged least: counts of them may be added up. A trace that came before its case was added is not in
 * it, since the case may be there because that trace failed.
 *
 * @param sinceMs - bus time; of the verdict, or of the decision where a check settled it
 */
export async function caseAnswers(connection: StoreConnection, sinceMs: number): Promise<readonly CaseAnswer[]> {
  const patterns = await connection.rows<PatternRow>(
    `SELECT tenant, pattern, criterion, toUnixTimestamp64Milli(added_at) AS addedAtMs
     FROM assay_adversarial_unique WHERE pattern != ''`,
  );
  if (patterns.length === 0) return [];
  const answers: CaseAnswer[] = [];
  const candidates = await candidatesSince(connection, sinceMs);
  const byId = new Map(candidates.map((one) => [keyOf(one), one]));
  for (const batch of batchesOf(candidates)) {
    const found = await patternsIn(connection, {
      traceIds: batch.map(({ traceId }) => traceId),
      patterns: [...new Set(patterns.map(({ pattern }) => pattern))],
    });
    for (const { matched, ...key } of found) {
      const candidate = byId.get(keyOf(key));
      if (candidate === undefined) continue;
      const cases = patterns.filter(
        ({ tenant, pattern, addedAtMs }) =>
          tenant === candidate.tenant && matched.includes(pattern) && addedAtMs < candidate.firstSeenMs,
      );
      const passed = outcomeOf(candidate, cases);
      if (passed !== undefined) answers.push(toAnswer(candidate, passed));
    }
  }
  return answers;
}

/** Of several cases that one trace is, the worst counts. Undefined where none was answered, or the answer is not drawn. */
function outcomeOf(candidate: Candidate, cases: readonly Pick<PatternRow, 'criterion'>[]): boolean | undefined {
  const outcomes = cases.flatMap(({ criterion }) => {
    const { passed, chance } = criterion === '' ? ofWhole(candidate) : ofCriterion(candidate, criterion);
    return passed !== undefined && candidate.draw * chance < candidate.share ? [passed] : [];
  });
  return outcomes.length === 0 ? undefined : outcomes.every(Boolean);
}

interface Known {
  readonly passed: boolean | undefined;
  /** With which such an answer is known at all. */
  readonly chance: number;
}

function ofCriterion(candidate: Candidate, criterion: string): Known {
  const { failedCriteria, passedCriteria } = candidate;
  const passed = failedCriteria.includes(criterion) ? false : passedCriteria.includes(criterion) ? true : undefined;
  return { passed, chance: candidate.settled.includes(criterion) ? 1 : candidate.pi };
}

/** What a check has failed is known whatever was drawn. */
function ofWhole({ outcome, criteria, settledFailed, passedCriteria, failedCriteria, pi }: Candidate): Known {
  if (settledFailed) return { passed: false, chance: 1 };
  const isPassed = criteria.length > 0 && criteria.every((criterion) => passedCriteria.includes(criterion));
  const passed = failedCriteria.length > 0 ? false : isPassed ? true : undefined;
  return { passed, chance: outcome === 'settled' ? 1 : pi };
}

function toAnswer(candidate: Candidate, passed: boolean): CaseAnswer {
  const { tenant, traceId, service, release, environment, firstSeenMs } = candidate;
  return { tenant, traceId, service, release, environment, firstSeenMs, passed };
}

/** Only what may be drawn; every trace's draw and share are here, so that those of its criteria can be seen to. */
function candidatesSince(connection: StoreConnection, sinceMs: number): Promise<readonly Candidate[]> {
  return connection.rows<Candidate>(
    `SELECT r.tenant AS tenant, r.trace_id AS traceId, r.service AS service, r.release AS release, r.environment AS environment,
       toUnixTimestamp64Milli(r.first_seen_at) AS firstSeenMs, r.outcome AS outcome, r.criteria AS criteria,
       r.\`settled.criterion\` AS settled, toBool(has(r.\`settled.outcome\`, 'fail')) AS settledFailed,
       r.passed_criteria AS passedCriteria, r.failed_criteria AS failedCriteria, r.pi AS pi,
       cityHash64('adversarial floor', r.tenant, r.trace_id) / 18446744073709551616. AS draw,
       least(p.pi['suspected'], p.pi['unsuspected'], p.pi['incomplete']) AS share
     FROM assay_results AS r INNER JOIN assay_policies_unique AS p ON p.version = r.policy_version
     WHERE r.outcome != 'excluded' AND draw * least(r.pi, 1) < share
       AND (r.outcome IN ('selected', 'settled') OR notEmpty(r.\`settled.criterion\`))
       AND (r.tenant, r.trace_id) IN (
         SELECT tenant, trace_id FROM assay_verdicts WHERE judged_at >= fromUnixTimestamp64Milli({since: Int64}) AND NOT audit
         UNION ALL SELECT tenant, trace_id FROM assay_decisions WHERE decided_at >= fromUnixTimestamp64Milli({since: Int64}))
     ORDER BY tenant, traceId`,
    { since: Math.floor(sinceMs) },
  );
}

interface Matched {
  readonly tenant: string;
  readonly traceId: string;
  readonly matched: readonly string[];
}

/** Which of the patterns any text of a trace's spans and messages holds. */
function patternsIn(
  connection: StoreConnection,
  params: { readonly traceIds: readonly string[]; readonly patterns: readonly string[] },
): Promise<readonly Matched[]> {
  const inSpans = `arrayConcat(mapValues(SpanAttributes), arrayFlatten(arrayMap(named -> mapValues(named), \`Events.Attributes\`)))`;
  const found = (texts: string): string =>
    `arrayFilter(pattern -> arrayExists(text -> positionCaseInsensitiveUTF8(text, pattern) > 0, ${texts}), {patterns: Array(String)})`;
  const key = `ResourceAttributes['assay.tenant'] AS tenant, TraceId AS traceId`;
  return connection.rows<Matched>(
    `SELECT tenant, traceId, groupUniqArrayArray(found) AS matched FROM (
       SELECT ${key}, ${found(inSpans)} AS found FROM otel_traces WHERE TraceId IN {traceIds: Array(String)} AND ${WITHIN}
       UNION ALL
       SELECT ${key}, ${found('[Body]')} AS found FROM otel_logs WHERE TraceId IN {traceIds: Array(String)}
     ) GROUP BY tenant, traceId HAVING notEmpty(matched) ORDER BY tenant, traceId`,
    params,
  );
}

function keyOf({ tenant, traceId }: { readonly tenant: string; readonly traceId: string }): string {
  return `${tenant}\0${traceId}`;
}
