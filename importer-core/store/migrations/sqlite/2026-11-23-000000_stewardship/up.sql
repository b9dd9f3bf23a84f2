-- Everything that people did or were refused, in order; never changed, never deleted.
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    done_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'steward', 'viewer')),
    action TEXT NOT NULL,
    entity_type TEXT,
    -- What it was done to, such as `merge 7` or `run 3`.
    subject TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
    reason TEXT NOT NULL,
    -- What else there is to know; no values of records.
    details_json TEXT NOT NULL
) STRICT;
CREATE INDEX audit_log_subject ON audit_log (subject);
CREATE INDEX audit_log_actor ON audit_log (actor, id);

-- A record as it was before a run changed it for the first time, and entries of the id map likewise: what a rollback needs.
CREATE TABLE record_images (
    run_id INTEGER NOT NULL,
    entity_type TEXT NOT NULL,
    core_id INTEGER NOT NULL,
    image_json TEXT NOT NULL,
    PRIMARY KEY (run_id, core_id, entity_type)
) STRICT, WITHOUT ROWID;
CREATE TABLE map_images (
    run_id INTEGER NOT NULL,
    entity_type TEXT NOT NULL,
    external_system TEXT NOT NULL,
    external_id TEXT NOT NULL,
    core_id INTEGER NOT NULL,
    image_json TEXT NOT NULL,
    PRIMARY KEY (run_id, external_id, external_system, entity_type)
) STRICT, WITHOUT ROWID;

-- Runs that were taken back, and what became of each of their changes.
CREATE TABLE rollbacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES import_runs (id),
    status TEXT NOT NULL CHECK (status IN ('running', 'done')),
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    -- How far it is: the last record, then the last row.
    records_through INTEGER NOT NULL DEFAULT 0,
    rows_through INTEGER NOT NULL DEFAULT 0,
    counts_json TEXT NOT NULL DEFAULT '{}'
) STRICT;
CREATE INDEX rollbacks_run ON rollbacks (run_id);
CREATE TABLE rollback_items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    rollback_id INTEGER NOT NULL REFERENCES rollbacks (id),
    staging_id INTEGER,
    core_id INTEGER NOT NULL,
    field TEXT,
    outcome TEXT NOT NULL CHECK (outcome IN ('reverted', 'kept', 'failed')),
    why TEXT NOT NULL
) STRICT;
CREATE INDEX rollback_items_rollback ON rollback_items (rollback_id, outcome);

-- People who live together; links, never merges.
CREATE TABLE households (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_type TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE TABLE household_members (
    core_id INTEGER NOT NULL,
    entity_type TEXT NOT NULL,
    household_id INTEGER NOT NULL REFERENCES households (id),
    PRIMARY KEY (core_id, entity_type)
) STRICT, WITHOUT ROWID;
CREATE INDEX household_members_household ON household_members (household_id);
-- What somebody said about pairs; households are whom these connect.
CREATE TABLE household_links (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_type TEXT NOT NULL,
    suggestion_id INTEGER NOT NULL REFERENCES dedupe_suggestions (id),
    one_id INTEGER NOT NULL,
    other_id INTEGER NOT NULL,
    linked_by TEXT NOT NULL,
    linked_at TEXT NOT NULL
) STRICT;
CREATE INDEX household_links_one ON household_links (one_id, entity_type);
CREATE INDEX household_links_other ON household_links (other_id, entity_type);
CREATE INDEX household_links_suggestion ON household_links (suggestion_id);

-- What the rows that a run read itself told of their freshness: when a run is taken back, the others tell where the watermark is.
ALTER TABLE import_runs ADD COLUMN told_freshness TEXT;
-- What somebody asks of a run that is at work; the process that works on it looks once per batch.
ALTER TABLE import_runs ADD COLUMN requested TEXT CHECK (requested IN ('pause', 'cancel'));
