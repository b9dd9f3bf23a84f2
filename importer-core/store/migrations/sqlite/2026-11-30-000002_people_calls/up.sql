-- Whom rollbacks left as they were: it is asked for each page of people and of rows of a rollback.
CREATE INDEX rollback_items_left ON rollback_items (rollback_id, core_id) WHERE field IS NULL AND outcome <> 'reverted';
