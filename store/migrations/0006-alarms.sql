-- Each step in the life of an alarm.
CREATE TABLE IF NOT EXISTS assay_alarms{local} {on_cluster} (
  alarm_id String,
  sequence UInt32,
  state LowCardinality(String),
  kind LowCardinality(String),
  rule LowCardinality(String),
  severity LowCardinality(String),
  tenant LowCardinality(String),
  service LowCardinality(String),
  release LowCardinality(String),
  environment LowCardinality(String),
  criterion LowCardinality(String),
  summary String CODEC(ZSTD(1)),
  details Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  started_at DateTime64(3, 'UTC'),
  at DateTime64(3, 'UTC')
) ENGINE = {engine:ReplacingMergeTree(at)} {sharded_by:cityHash64(alarm_id)}
ORDER BY (alarm_id, sequence)
SETTINGS non_replicated_deduplication_window = 1000;

-- Each try to tell a channel of a step.
CREATE TABLE IF NOT EXISTS assay_outbox{local} {on_cluster} (
  channel LowCardinality(String),
  kind LowCardinality(String),
  alarm_id String,
  sequence UInt32,
  state LowCardinality(String),
  occasion LowCardinality(String),
  attempt UInt32,
  outcome LowCardinality(String),
  reason String CODEC(ZSTD(1)),
  took_ms Float64,
  at DateTime64(3, 'UTC')
) ENGINE = {engine:ReplacingMergeTree(at)} {sharded_by:cityHash64(alarm_id)}
ORDER BY (alarm_id, sequence, channel, occasion, attempt)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE VIEW IF NOT EXISTS assay_alarms_unique {on_cluster} AS SELECT * FROM assay_alarms FINAL;

CREATE VIEW IF NOT EXISTS assay_outbox_unique {on_cluster} AS SELECT * FROM assay_outbox FINAL;

-- The latest step of each alarm.
CREATE VIEW IF NOT EXISTS assay_alarms_current {on_cluster} AS
SELECT * FROM assay_alarms FINAL
WHERE (alarm_id, sequence) {global} IN (SELECT alarm_id, max(sequence) FROM assay_alarms GROUP BY alarm_id);
