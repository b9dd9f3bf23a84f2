-- Rows that a run brought again as they were: what such a run stands by is asked for each page of a rollback.
CREATE INDEX row_outcomes_again ON row_outcomes (staging_id) WHERE staging_id <> id;
