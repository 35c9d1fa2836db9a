-- The adversarial set. Append-only: no merge drops a row and nothing in Assay deletes or changes one, so a role that writes it
-- needs INSERT and no ALTER on it. A case that is added again has a second row, and is read as it was added first.
CREATE TABLE IF NOT EXISTS assay_adversarial{local} {on_cluster} (
  tenant LowCardinality(String),
  case_id String CODEC(ZSTD(1)),
  origin LowCardinality(String),
  trace_id String CODEC(ZSTD(1)),
  criterion LowCardinality(String),
  input String CODEC(ZSTD(1)),
  contains String CODEC(ZSTD(1)),
  lacks String CODEC(ZSTD(1)),
  matches String CODEC(ZSTD(1)),
  pattern String CODEC(ZSTD(1)),
  note String CODEC(ZSTD(1)),
  added_by LowCardinality(String),
  added_at DateTime64(3, 'UTC')
) ENGINE = {engine:MergeTree} {sharded_by:cityHash64(case_id)}
ORDER BY (tenant, case_id, added_at)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE VIEW IF NOT EXISTS assay_adversarial_unique {on_cluster} AS
SELECT * FROM assay_adversarial ORDER BY tenant, case_id, added_at LIMIT 1 BY tenant, case_id;
