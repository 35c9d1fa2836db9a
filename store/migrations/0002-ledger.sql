-- A table that can see a key twice keeps its latest row, but for decisions; read it through its _unique view.

-- A decision is written once: where the same version of a trace was decided twice, the first stands. A merge keeps the row of
-- the highest `precedence`, which falls with time.
CREATE TABLE IF NOT EXISTS assay_decisions{local} {on_cluster} (
  tenant LowCardinality(String),
  trace_id String CODEC(ZSTD(1)),
  version UInt32,
  service LowCardinality(String),
  release LowCardinality(String),
  environment LowCardinality(String),
  session_id String CODEC(ZSTD(1)),
  user_id String CODEC(ZSTD(1)),
  complete Bool,
  completeness String CODEC(ZSTD(1)),
  first_seen_at DateTime64(3, 'UTC'),
  last_seen_at DateTime64(3, 'UTC'),
  decided_at DateTime64(3, 'UTC'),
  span_count UInt32,
  span_xor String,
  criteria Array(LowCardinality(String)),
  findings Nested (
    check LowCardinality(String),
    severity LowCardinality(String),
    message String,
    span_id String,
    fails Array(String)
  ) CODEC(ZSTD(1)),
  settled Nested (
    criterion LowCardinality(String),
    outcome LowCardinality(String),
    check LowCardinality(String)
  ),
  suspicion Float64,
  stratum LowCardinality(String),
  g Float64,
  pi Float64,
  upstream_weight Float64,
  outcome LowCardinality(String),
  audit Bool,
  reason String CODEC(ZSTD(1)),
  policy_version UInt32,
  duration_ms Float64,
  input_tokens UInt64,
  output_tokens UInt64,
  evidence_tokens UInt64,
  model_calls UInt32,
  tool_calls UInt32,
  precedence UInt64 MATERIALIZED toUInt64(9223372036854775807 - toUnixTimestamp64Milli(decided_at))
) ENGINE = {engine:ReplacingMergeTree(precedence)} {sharded_by:cityHash64(trace_id)}
PARTITION BY toDate(first_seen_at)
ORDER BY (tenant, trace_id, version)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS assay_verdicts{local} {on_cluster} (
  eval_id String,
  tenant LowCardinality(String),
  trace_id String CODEC(ZSTD(1)),
  version UInt32,
  criterion LowCardinality(String),
  outcome LowCardinality(String),
  confidence Float64,
  votes String CODEC(ZSTD(1)),
  quotes Array(String) CODEC(ZSTD(1)),
  explanation String CODEC(ZSTD(1)),
  reason String CODEC(ZSTD(1)),
  rubric_version LowCardinality(String),
  judge_hash LowCardinality(String),
  model LowCardinality(String),
  provider LowCardinality(String),
  from_cache Bool,
  audit Bool,
  cost_micro_usd Float64,
  input_tokens UInt64,
  output_tokens UInt64,
  latency_ms Float64,
  pi Float64,
  stratum LowCardinality(String),
  service LowCardinality(String),
  release LowCardinality(String),
  decided_at DateTime64(3, 'UTC'),
  judged_at DateTime64(3, 'UTC')
) ENGINE = {engine:ReplacingMergeTree(judged_at)} {sharded_by:cityHash64(trace_id)}
PARTITION BY toDate(decided_at)
ORDER BY (tenant, trace_id, version, criterion, eval_id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS assay_spend{local} {on_cluster} (
  call_id String,
  eval_id String,
  tenant LowCardinality(String),
  trace_id String CODEC(ZSTD(1)),
  provider LowCardinality(String),
  model LowCardinality(String),
  status LowCardinality(String),
  reserved_micro_usd Float64,
  settled_micro_usd Float64,
  price_version LowCardinality(String),
  at DateTime64(3, 'UTC')
) ENGINE = {engine:ReplacingMergeTree(at)} {sharded_by:cityHash64(call_id)}
PARTITION BY toDate(at)
ORDER BY call_id
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS assay_policies{local} {on_cluster} (
  version UInt32,
  effective_from DateTime64(3, 'UTC'),
  pi Map(LowCardinality(String), Float64),
  reason String
) ENGINE = {engine:ReplacingMergeTree(effective_from)} {sharded_by:cityHash64(version)}
PARTITION BY toDate(effective_from)
ORDER BY version
SETTINGS non_replicated_deduplication_window = 1000;
