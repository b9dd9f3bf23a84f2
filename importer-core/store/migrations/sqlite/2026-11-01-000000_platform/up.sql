-- One row per run: what was asked, how far it came, what it found.
CREATE TABLE import_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_type TEXT NOT NULL,
    source TEXT NOT NULL,
    external_system TEXT NOT NULL,
    label TEXT,
    status TEXT NOT NULL CHECK (status IN ('pending', 'running', 'succeeded', 'partially_failed', 'failed', 'cancelled', 'held', 'paused', 'rolled_back')),
    phase TEXT NOT NULL CHECK (phase IN ('extract', 'gate', 'load', 'reconcile', 'done')),
    dry_run INTEGER NOT NULL,
    actor TEXT NOT NULL,
    started_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    finished_at TEXT,
    ingest_version TEXT NOT NULL,
    mapping_name TEXT NOT NULL,
    mapping_version INTEGER NOT NULL,
    mapping_checksum TEXT NOT NULL,
    rules_checksum TEXT NOT NULL,
    -- What was asked for; an interrupted run goes on only under the same request.
    request_json TEXT NOT NULL,
    -- Where the adapter stands after the last stored batch, and how many rows were read and loaded by then.
    adapter_cursor TEXT,
    rows_read INTEGER NOT NULL DEFAULT 0,
    loaded_through INTEGER NOT NULL DEFAULT 0,
    counts_json TEXT NOT NULL,
    metrics_json TEXT NOT NULL,
    anomaly_flags TEXT NOT NULL DEFAULT '[]',
    error_summary TEXT,
    freshness_max_timestamp TEXT,
    -- Sum over all rows of a run, independent of their order: equal inputs have equal hashes.
    hashes TEXT
) STRICT;
CREATE INDEX import_runs_source ON import_runs (entity_type, source, id);

-- `run_id` of the large tables is no foreign key: each row would be checked against the one run that writes it.

-- Rows exactly as received; never changed. `id` is run_id * 2^32 + the row's number in the run.
CREATE TABLE staging_volunteers (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL,
    source TEXT NOT NULL,
    external_system TEXT NOT NULL,
    external_id TEXT NOT NULL,
    payload_json TEXT NOT NULL,
    row_hash INTEGER NOT NULL,
    source_position INTEGER NOT NULL,
    extracted_at TEXT NOT NULL,
    -- The landed row that a steward corrected into this one.
    corrects INTEGER
) STRICT;
CREATE INDEX staging_volunteers_run ON staging_volunteers (run_id);

-- Normalised rows that passed the rules; never changed. What became of them is in row_outcomes.
CREATE TABLE clean_volunteers (
    staging_id INTEGER PRIMARY KEY REFERENCES staging_volunteers (id),
    run_id INTEGER NOT NULL,
    external_id TEXT NOT NULL,
    payload_json TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    -- The landed row's, so that loading need not visit it again.
    row_hash INTEGER NOT NULL
) STRICT;
CREATE INDEX clean_volunteers_run ON clean_volunteers (run_id);

-- What became of every row that a run read. `staging_id` is where its bytes are, which for an unchanged row is an earlier run's copy.
CREATE TABLE row_outcomes (
    id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL,
    staging_id INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('inserted', 'updated', 'unchanged', 'skipped', 'quarantined')),
    core_id INTEGER,
    reason TEXT
) STRICT;

-- Records that the rules hold back, one row per staged row; `status` is the record's way out.
CREATE TABLE quarantine (
    staging_id INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL,
    entity_type TEXT NOT NULL,
    external_system TEXT NOT NULL,
    external_id TEXT NOT NULL,
    row_hash INTEGER NOT NULL,
    rule_codes TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('open', 'fixed', 'suppressed', 'wont_fix', 'superseded')),
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    last_run_id INTEGER NOT NULL,
    -- The last run that brought another row of the record; the entry ends when that run did not bring this one again.
    replaced_in_run_id INTEGER,
    -- Who ended it, why, and the corrected row that took its place.
    decided_by TEXT,
    decided_at TEXT,
    reason TEXT,
    corrected_by INTEGER
) STRICT;
CREATE INDEX quarantine_record ON quarantine (external_id, external_system, entity_type);
CREATE INDEX quarantine_run ON quarantine (run_id);
CREATE INDEX quarantine_status ON quarantine (status, staging_id);

-- One row per finding of a rule about a row.
CREATE TABLE dq_violations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES import_runs (id),
    entity_type TEXT NOT NULL,
    staging_id INTEGER NOT NULL,
    record_key TEXT NOT NULL,
    rule_code TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'error')),
    field TEXT NOT NULL,
    message TEXT NOT NULL,
    -- The row as received and as normalised, so that it can be judged where it is shown.
    details_json TEXT NOT NULL,
    -- `preview`: found by a dry run; never part of the inbox.
    status TEXT NOT NULL CHECK (status IN ('open', 'fixed', 'suppressed', 'wont_fix', 'superseded', 'preview')),
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX dq_violations_run ON dq_violations (run_id, rule_code);
CREATE INDEX dq_violations_staging ON dq_violations (staging_id);
CREATE INDEX dq_violations_status ON dq_violations (status, rule_code);

-- From a source's name of a record to the core's.
CREATE TABLE external_id_map (
    -- Rows lie in the order in which a source brought them, so that bringing them again walks the table once.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_type TEXT NOT NULL,
    external_system TEXT NOT NULL,
    external_id TEXT NOT NULL,
    core_id INTEGER NOT NULL,
    -- The last row seen under this id, with the mapping and rules that processed it; a row with the same hash is not processed again.
    row_hash INTEGER NOT NULL,
    -- Hashes of other rows that one run brought under the same id, as a JSON list.
    other_hashes TEXT,
    staging_id INTEGER NOT NULL,
    first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    last_run_id INTEGER NOT NULL,
    -- The telling column first: comparisons end there.
    UNIQUE (external_id, external_system, entity_type)
) STRICT;
CREATE INDEX external_id_map_core ON external_id_map (core_id, entity_type);

-- The people.
CREATE TABLE core_volunteers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    first_name TEXT,
    middle_name TEXT,
    last_name TEXT,
    name_suffix TEXT,
    email_normalized TEXT,
    phone_e164 TEXT,
    phone_extension TEXT,
    dob TEXT,
    gender TEXT,
    race_ethnicity TEXT,
    street TEXT,
    city TEXT,
    state_code TEXT,
    postal_code TEXT,
    country_code TEXT,
    employer TEXT,
    school_affiliation TEXT,
    student_flag INTEGER,
    grad_year INTEGER,
    consent_required INTEGER,
    consent_signed_at TEXT,
    background_check_status TEXT,
    background_check_date TEXT,
    photo_release INTEGER,
    notes TEXT,
    source_updated_at TEXT,
    ingest_version TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    -- Where the values come from: by default this source at this moment; exceptions by field, as JSON.
    origin_source TEXT NOT NULL,
    origin_verified_at TEXT,
    field_origins TEXT
) STRICT;

-- Every email address and phone number of a person; one of each kind is the primary.
CREATE TABLE core_volunteer_contacts (
    volunteer_id INTEGER NOT NULL REFERENCES core_volunteers (id),
    kind TEXT NOT NULL CHECK (kind IN ('email', 'phone')),
    value TEXT NOT NULL,
    original TEXT,
    extension TEXT,
    is_primary INTEGER NOT NULL,
    source TEXT NOT NULL,
    PRIMARY KEY (volunteer_id, kind, value)
) STRICT, WITHOUT ROWID;

-- Blocking keys: hashes under which records are found when a row has to be matched.
CREATE TABLE match_keys (
    entity_type TEXT NOT NULL,
    key_kind INTEGER NOT NULL,
    key_hash INTEGER NOT NULL,
    core_id INTEGER NOT NULL,
    PRIMARY KEY (key_hash, key_kind, entity_type, core_id)
) STRICT, WITHOUT ROWID;

-- Pairs of records that may be one person, and pairs that share a contact without being one.
CREATE TABLE dedupe_suggestions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER NOT NULL REFERENCES import_runs (id),
    entity_type TEXT NOT NULL,
    -- 0 when no row but a scan of the core led to it.
    staging_id INTEGER NOT NULL,
    -- Whom it is about by now.
    left_id INTEGER NOT NULL,
    right_id INTEGER NOT NULL,
    -- Whom it was about when it was made.
    original_left_id INTEGER NOT NULL,
    original_right_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('possible_duplicate', 'household', 'ambiguous')),
    score REAL,
    features_json TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('open', 'auto_merged', 'accepted', 'rejected', 'deferred', 'superseded')),
    -- What was said about it, also while another pair stands for it.
    own_decision TEXT NOT NULL CHECK (own_decision IN ('open', 'auto_merged', 'accepted', 'rejected', 'deferred', 'superseded')),
    decided_by TEXT,
    decided_at TEXT,
    -- Until then a deferred pair stays out of the list of open ones.
    deferred_until TEXT,
    created_at TEXT NOT NULL,
    UNIQUE (entity_type, left_id, right_id)
) STRICT;
CREATE INDEX dedupe_suggestions_open ON dedupe_suggestions (decision, kind);
CREATE INDEX dedupe_suggestions_right ON dedupe_suggestions (entity_type, right_id);
CREATE INDEX dedupe_suggestions_run ON dedupe_suggestions (run_id);

-- Every decision about a suggestion, in the order in which they were made; never changed.
CREATE TABLE suggestion_decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    suggestion_id INTEGER NOT NULL REFERENCES dedupe_suggestions (id),
    decision TEXT NOT NULL CHECK (decision IN ('open', 'auto_merged', 'accepted', 'rejected', 'deferred', 'superseded')),
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_at TEXT NOT NULL
) STRICT;
CREATE INDEX suggestion_decisions_suggestion ON suggestion_decisions (suggestion_id);

-- Rejected pairs, once from each side. The fingerprint is a hash of name, birth date and contacts: who comes again as a new
-- record is recognised by it.
CREATE TABLE not_duplicates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_type TEXT NOT NULL,
    suggestion_id INTEGER NOT NULL REFERENCES dedupe_suggestions (id),
    -- Which side of the suggestion, as it was made, this is: each rejection is there once for each.
    of_left INTEGER NOT NULL,
    core_id INTEGER NOT NULL,
    fingerprint INTEGER,
    other_core_id INTEGER NOT NULL,
    other_fingerprint INTEGER
) STRICT;
CREATE INDEX not_duplicates_core ON not_duplicates (core_id, entity_type);
CREATE INDEX not_duplicates_other ON not_duplicates (other_core_id, entity_type);
CREATE INDEX not_duplicates_fingerprint ON not_duplicates (fingerprint, entity_type);
CREATE INDEX not_duplicates_suggestion ON not_duplicates (suggestion_id);

-- Merges with everything that is needed to take them back; the people who went are in merge_members.
CREATE TABLE merge_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_type TEXT NOT NULL,
    survivor_id INTEGER NOT NULL,
    run_id INTEGER REFERENCES import_runs (id),
    suggestion_id INTEGER REFERENCES dedupe_suggestions (id),
    -- The last line of the change log before the merge: what came later is done again when the merge is taken back.
    change_mark INTEGER NOT NULL,
    before_json TEXT NOT NULL,
    decisions_json TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    merged_at TEXT NOT NULL,
    undone_at TEXT,
    undone_by TEXT,
    undo_reason TEXT,
    -- The merge that did this one again, after an earlier one was taken back.
    redone_by INTEGER
) STRICT;
CREATE INDEX merge_log_survivor ON merge_log (entity_type, survivor_id);
CREATE INDEX merge_log_run ON merge_log (run_id);

-- Who went in a merge. While it stands, their ids lead to the survivor.
CREATE TABLE merge_members (
    merge_id INTEGER NOT NULL REFERENCES merge_log (id),
    entity_type TEXT NOT NULL,
    retired_id INTEGER NOT NULL,
    PRIMARY KEY (merge_id, retired_id)
) STRICT;
CREATE INDEX merge_members_retired ON merge_members (retired_id, entity_type);

-- Every change of a core record: its creation as one row, later changes field by field. What merges, their undoing and
-- rollbacks did names them; everything else is somebody's word about the person and outlives them.
CREATE TABLE change_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id INTEGER,
    entity_type TEXT NOT NULL,
    core_id INTEGER NOT NULL,
    staging_id INTEGER,
    action TEXT NOT NULL CHECK (action IN ('created', 'updated', 'confirmed', 'merged', 'restored', 'removed')),
    field TEXT,
    old_value TEXT,
    new_value TEXT,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    merge_id INTEGER,
    rollback_id INTEGER
) STRICT;
CREATE INDEX change_log_record ON change_log (core_id, entity_type);
CREATE INDEX change_log_run ON change_log (run_id, core_id);

-- How far each system was read through each source; moves on success only.
CREATE TABLE watermarks (
    entity_type TEXT NOT NULL,
    source TEXT NOT NULL,
    external_system TEXT NOT NULL,
    max_source_timestamp TEXT,
    run_id INTEGER NOT NULL REFERENCES import_runs (id),
    advanced_at TEXT NOT NULL,
    PRIMARY KEY (entity_type, source, external_system)
) STRICT, WITHOUT ROWID;
