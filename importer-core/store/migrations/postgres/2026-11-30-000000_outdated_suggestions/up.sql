-- The scan that closed a suggestion which nobody had decided about, because its score was too low by then. It is superseded
-- meanwhile, and open again as soon as a scan finds the pair.
ALTER TABLE dedupe_suggestions ADD COLUMN outdated_in_run_id BIGINT;
CREATE INDEX dedupe_suggestions_outdated ON dedupe_suggestions (outdated_in_run_id) WHERE outdated_in_run_id IS NOT NULL;
