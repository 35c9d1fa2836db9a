-- Traces whose content was erased on request: what comes of them later is written without text. `by` is how they were named:
-- `trace`, or `session:` or `user:` with a hash.
CREATE TABLE IF NOT EXISTS assay_erasures{local} {on_cluster} (
  tenant LowCardinality(String),
  trace_id String CODEC(ZSTD(1)),
  by String CODEC(ZSTD(1)),
  at DateTime64(3, 'UTC')
) ENGINE = {engine:ReplacingMergeTree(at)} {sharded_by:cityHash64(trace_id)}
ORDER BY (tenant, trace_id, by)
SETTINGS non_replicated_deduplication_window = 1000;

-- Spans and logs of days before the latest `before` were dropped by their age.
CREATE TABLE IF NOT EXISTS assay_retention{local} {on_cluster} (
  before Date,
  at DateTime64(3, 'UTC')
) ENGINE = {engine:ReplacingMergeTree(at)} {sharded_by:cityHash64(before)}
ORDER BY before
SETTINGS non_replicated_deduplication_window = 1000;
