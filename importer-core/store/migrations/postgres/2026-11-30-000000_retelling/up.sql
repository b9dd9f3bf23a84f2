-- Whom a line of the change log is about, and what it did to them, in the history that stands: taking a merge or
-- a run back tells the lines behind it again, and the log itself is only added to.
CREATE TABLE change_subjects (
    change_id BIGINT PRIMARY KEY REFERENCES change_log (id),
    entity_type TEXT NOT NULL,
    core_id BIGINT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('created', 'updated', 'confirmed'))
);
CREATE INDEX change_subjects_record ON change_subjects (core_id, entity_type);
-- Whether taking the merge back told the lines behind it again; those that were taken back before did not.
ALTER TABLE merge_log ADD COLUMN retold BOOLEAN NOT NULL DEFAULT FALSE;
