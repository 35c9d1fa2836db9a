CREATE VIEW IF NOT EXISTS assay_decisions_unique {on_cluster} AS SELECT * FROM assay_decisions FINAL;

CREATE VIEW IF NOT EXISTS assay_verdicts_unique {on_cluster} AS SELECT * FROM assay_verdicts FINAL;

CREATE VIEW IF NOT EXISTS assay_spend_unique {on_cluster} AS SELECT * FROM assay_spend FINAL;

CREATE VIEW IF NOT EXISTS assay_policies_unique {on_cluster} AS SELECT * FROM assay_policies FINAL;

-- The highest version of each trace.
CREATE VIEW IF NOT EXISTS assay_decisions_current {on_cluster} AS
SELECT * FROM assay_decisions FINAL
WHERE (tenant, trace_id, version) {global} IN (SELECT tenant, trace_id, max(version) FROM assay_decisions GROUP BY tenant, trace_id);

-- What the judges answered to each criterion of each version: the latest answer of the latest judge. An audit never counts.
CREATE VIEW IF NOT EXISTS assay_answers {on_cluster} AS
SELECT tenant, trace_id, version, criterion,
  argMax(v.outcome, (v.judged_at, v.eval_id)) AS outcome,
  argMax(v.from_cache, (v.judged_at, v.eval_id)) AS from_cache
FROM assay_verdicts AS v
WHERE NOT audit
GROUP BY tenant, trace_id, version, criterion;

-- Each decided trace with its answers. `unsettled` are the criteria that only a judge can answer.
CREATE VIEW IF NOT EXISTS assay_results {on_cluster} AS
SELECT
  d.*,
  arrayFilter(c -> NOT has(d.`settled.criterion`, c), d.criteria) AS unsettled,
  a.answered AS answered, a.errors AS errors, a.abstentions AS abstentions, a.shed AS shed, a.fresh AS fresh, a.cached AS cached,
  d.outcome = 'selected' AND (empty(unsettled) OR NOT hasAll(a.answered, unsettled)) AS unanswered_yet,
  arrayConcat(arrayFilter(c -> has(a.failed, c), unsettled), arrayFilter((c, o) -> o = 'fail', d.`settled.criterion`, d.`settled.outcome`)) AS failed_criteria,
  arrayConcat(arrayFilter(c -> has(a.passed, c), unsettled), arrayFilter((c, o) -> o = 'pass', d.`settled.criterion`, d.`settled.outcome`)) AS passed_criteria,
  multiIf(
    hasAny(failed_criteria, d.criteria), false,
    notEmpty(d.criteria) AND hasAll(passed_criteria, d.criteria), true,
    NULL) AS passed,
  multiIf(
    d.outcome != 'selected', d.outcome,
    unanswered_yet, 'pending',
    errors > 0, 'judge_error',
    abstentions > 0, 'abstained',
    shed > 0, 'shed_budget',
    fresh > 0, 'judged',
    'from_cache') AS ledger_outcome
FROM assay_decisions_current AS d
LEFT JOIN (
  SELECT tenant, trace_id, version,
    groupArray(toString(criterion)) AS answered,
    groupArrayIf(toString(criterion), outcome = 'pass') AS passed,
    groupArrayIf(toString(criterion), outcome = 'fail') AS failed,
    countIf(outcome = 'error') AS errors,
    countIf(outcome = 'abstain') AS abstentions,
    countIf(outcome = 'shed_budget') AS shed,
    countIf(outcome IN ('pass', 'fail') AND NOT from_cache) AS fresh,
    countIf(outcome IN ('pass', 'fail') AND from_cache) AS cached
  FROM assay_answers
  GROUP BY tenant, trace_id, version
) AS a ON d.tenant = a.tenant AND d.trace_id = a.trace_id AND d.version = a.version;

-- Traces with spans and no decision yet.
CREATE VIEW IF NOT EXISTS assay_open_traces {on_cluster} AS
SELECT
  ResourceAttributes['assay.tenant'] AS tenant,
  TraceId AS trace_id,
  argMin(ServiceName, (ParentSpanId != '', Timestamp)) AS service,
  argMin(ResourceAttributes['service.version'], (ParentSpanId != '', Timestamp)) AS release,
  min(Timestamp) AS first_seen_at,
  (max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration)) - min(toUnixTimestamp64Nano(Timestamp))) / 1e6 AS duration_ms
FROM otel_traces
WHERE (tenant, trace_id) {global} NOT IN (SELECT tenant, trace_id FROM assay_decisions)
GROUP BY tenant, trace_id;

-- One row per trace: the one outcome that holds.
CREATE VIEW IF NOT EXISTS assay_ledger {on_cluster} AS
SELECT tenant, trace_id, version, service, release, first_seen_at, duration_ms, ledger_outcome AS outcome, passed,
  CAST(stratum, 'Nullable(String)') AS stratum, suspicion, arrayDistinct(`findings.check`) AS checks, reason, complete
FROM assay_results
UNION ALL
SELECT tenant, trace_id, 0 AS version, service, release, toDateTime64(first_seen_at, 3, 'UTC') AS first_seen_at, duration_ms,
  'open' AS outcome, NULL AS passed, NULL AS stratum, 0 AS suspicion, [] AS checks,
  'it is not whole yet' AS reason, false AS complete
FROM assay_open_traces;
