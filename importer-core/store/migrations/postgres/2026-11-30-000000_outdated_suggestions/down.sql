UPDATE dedupe_suggestions SET decision = 'open'
WHERE outdated_in_run_id IS NOT NULL AND own_decision = 'open' AND left_id = original_left_id AND right_id = original_right_id;
DROP INDEX dedupe_suggestions_outdated;
ALTER TABLE dedupe_suggestions DROP COLUMN outdated_in_run_id;
