-- Where a second judge, asked whether a fail of the first one is one, said that it is none.
ALTER TABLE assay_verdicts{each} {on_cluster}
  ADD COLUMN IF NOT EXISTS disputed Bool AFTER by_hand;

-- A view keeps the columns that its table had when it was made.
CREATE OR REPLACE VIEW assay_verdicts_unique {on_cluster} AS SELECT * FROM assay_verdicts FINAL;
