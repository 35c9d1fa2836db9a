-- The table of the OpenTelemetry Collector's ClickHouse exporter, column for column.
CREATE TABLE IF NOT EXISTS otel_logs{local} {on_cluster} (
  Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  TraceId String CODEC(ZSTD(1)),
  SpanId String CODEC(ZSTD(1)),
  TraceFlags UInt8,
  SeverityText LowCardinality(String) CODEC(ZSTD(1)),
  SeverityNumber UInt8,
  ServiceName LowCardinality(String) CODEC(ZSTD(1)),
  Body String CODEC(ZSTD(1)),
  ResourceSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
  ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ScopeSchemaUrl LowCardinality(String) CODEC(ZSTD(1)),
  ScopeName String CODEC(ZSTD(1)),
  ScopeVersion LowCardinality(String) CODEC(ZSTD(1)),
  ScopeAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  LogAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  EventName String CODEC(ZSTD(1)),
  `__otel_materialized_k8s.cluster.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.cluster.name'] CODEC(ZSTD(1)),
  `__otel_materialized_k8s.container.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.container.name'] CODEC(ZSTD(1)),
  `__otel_materialized_k8s.deployment.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.deployment.name'] CODEC(ZSTD(1)),
  `__otel_materialized_k8s.namespace.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.namespace.name'] CODEC(ZSTD(1)),
  `__otel_materialized_k8s.node.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.node.name'] CODEC(ZSTD(1)),
  `__otel_materialized_k8s.pod.name` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.pod.name'] CODEC(ZSTD(1)),
  `__otel_materialized_k8s.pod.uid` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.pod.uid'] CODEC(ZSTD(1)),
  `__otel_materialized_deployment.environment.name` LowCardinality(String) MATERIALIZED ResourceAttributes['deployment.environment.name'] CODEC(ZSTD(1)),
  INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_scope_attr_key mapKeys(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_scope_attr_value mapValues(ScopeAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_lower_body lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
) ENGINE = {engine:MergeTree} {sharded_by:cityHash64(if(TraceId = '', toString(toUnixTimestamp64Nano(Timestamp)), TraceId))}
PARTITION BY toDate(Timestamp)
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000;

-- Each log record once. A sender that retries stores it twice in otel_logs; a time that was clamped, to the bus time of each
-- of its arrivals, tells nothing then.
CREATE VIEW IF NOT EXISTS assay_logs {on_cluster} AS
SELECT ResourceAttributes['assay.tenant'] AS Tenant, *
FROM otel_logs
LIMIT 1 BY TraceId, if(LogAttributes['assay.original_timestamp'] != '', 0, toUnixTimestamp64Nano(Timestamp)),
  SpanId, SeverityText, SeverityNumber, EventName, Body, LogAttributes, ScopeName, ScopeVersion, ResourceAttributes;

-- Finds the spans that evaluate another trace.
ALTER TABLE otel_traces{local} {on_cluster} ADD INDEX IF NOT EXISTS idx_link_trace_id `Links.TraceId` TYPE bloom_filter(0.001) GRANULARITY 1;

ALTER TABLE assay_decisions{each} {on_cluster}
  ADD COLUMN IF NOT EXISTS root_span_id String CODEC(ZSTD(1)) AFTER span_count,
  ADD COLUMN IF NOT EXISTS log_count UInt32 AFTER span_count;

ALTER TABLE assay_verdicts{each} {on_cluster}
  ADD COLUMN IF NOT EXISTS span_id String CODEC(ZSTD(1)) AFTER version,
  ADD COLUMN IF NOT EXISTS cache_audit LowCardinality(String) AFTER from_cache,
  ADD COLUMN IF NOT EXISTS by_hand Bool AFTER audit;

-- A view keeps the columns that its table had when it was made.
CREATE OR REPLACE VIEW assay_decisions_unique {on_cluster} AS SELECT * FROM assay_decisions FINAL;

CREATE OR REPLACE VIEW assay_verdicts_unique {on_cluster} AS SELECT * FROM assay_verdicts FINAL;

CREATE OR REPLACE VIEW assay_decisions_current {on_cluster} AS
SELECT * FROM assay_decisions FINAL
WHERE (tenant, trace_id, version) {global} IN (SELECT tenant, trace_id, max(version) FROM assay_decisions GROUP BY tenant, trace_id);

-- What the judges answered to each criterion of each version: the latest answer of the latest judge. An audit never counts,
-- and neither does what a person asked for.
CREATE OR REPLACE VIEW assay_answers {on_cluster} AS
SELECT tenant, trace_id, version, criterion,
  argMax(v.outcome, (v.judged_at, v.eval_id)) AS outcome,
  argMax(v.from_cache, (v.judged_at, v.eval_id)) AS from_cache
FROM assay_verdicts AS v
WHERE NOT audit AND NOT by_hand
GROUP BY tenant, trace_id, version, criterion;

-- Each decided trace with its answers. `unsettled` are the criteria that only a judge can answer. What is excluded neither
-- passes nor fails, whatever a check says of it.
CREATE OR REPLACE VIEW assay_results {on_cluster} AS
SELECT
  d.*,
  arrayFilter(c -> NOT has(d.`settled.criterion`, c), d.criteria) AS unsettled,
  a.answered AS answered, a.errors AS errors, a.abstentions AS abstentions, a.shed AS shed, a.fresh AS fresh, a.cached AS cached,
  d.outcome = 'selected' AND (empty(unsettled) OR NOT hasAll(a.answered, unsettled)) AS unanswered_yet,
  arrayConcat(arrayFilter(c -> has(a.failed, c), unsettled), arrayFilter((c, o) -> o = 'fail', d.`settled.criterion`, d.`settled.outcome`)) AS failed_criteria,
  arrayConcat(arrayFilter(c -> has(a.passed, c), unsettled), arrayFilter((c, o) -> o = 'pass', d.`settled.criterion`, d.`settled.outcome`)) AS passed_criteria,
  multiIf(
    d.outcome = 'excluded', NULL,
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
