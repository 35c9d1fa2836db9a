-- What people said of traces, a row per trace, version, criterion and annotator: who says something else later replaces it. Labels
-- do not age; one whose trace was dropped by its age enters no rate any more.
CREATE TABLE IF NOT EXISTS assay_labels{local} {on_cluster} (
  label_id String,
  tenant LowCardinality(String),
  trace_id String CODEC(ZSTD(1)),
  version UInt32,
  criterion LowCardinality(String),
  value LowCardinality(String),
  source LowCardinality(String),
  queue LowCardinality(String),
  annotator LowCardinality(String),
  comment String CODEC(ZSTD(1)),
  labelled_at DateTime64(3, 'UTC')
) ENGINE = {engine:ReplacingMergeTree(labelled_at)} {sharded_by:cityHash64(trace_id)}
ORDER BY (tenant, trace_id, version, criterion, label_id)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE VIEW IF NOT EXISTS assay_labels_unique {on_cluster} AS SELECT * FROM assay_labels FINAL;

-- What was said last of each criterion of each version, and whether its trace was drawn at random, by whomever.
CREATE VIEW IF NOT EXISTS assay_labels_current {on_cluster} AS
SELECT tenant, trace_id, version, criterion,
  argMax(l.value, (l.labelled_at, l.label_id)) AS value,
  max(l.queue = 'cell') AS of_cell,
  max(l.queue = 'audit') AS of_audit,
  max(l.labelled_at) AS last_labelled_at
FROM assay_labels AS l
GROUP BY tenant, trace_id, version, criterion;
