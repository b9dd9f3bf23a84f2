CREATE TABLE map_images_before AS SELECT * FROM map_images;
DROP TABLE map_images;
CREATE TABLE map_images (
    run_id INTEGER NOT NULL,
    entity_type TEXT NOT NULL,
    external_system TEXT NOT NULL,
    external_id TEXT NOT NULL,
    core_id INTEGER NOT NULL,
    image_json TEXT NOT NULL,
    PRIMARY KEY (run_id, external_id, external_system, entity_type)
) STRICT, WITHOUT ROWID;
INSERT INTO map_images (run_id, entity_type, external_system, external_id, core_id, image_json)
    SELECT run_id, entity_type, external_system, external_id, core_id, image_json FROM map_images_before ORDER BY run_id, external_id, external_system, entity_type;
DROP TABLE map_images_before;

DROP INDEX quarantine_record;
ALTER TABLE quarantine DROP COLUMN id_hash;
CREATE INDEX quarantine_record ON quarantine (external_id, external_system, entity_type);

CREATE TABLE external_id_map_last AS SELECT seq FROM sqlite_sequence WHERE name = 'external_id_map';
CREATE TABLE external_id_map_before AS SELECT * FROM external_id_map;
DROP TABLE external_id_map;
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
INSERT INTO external_id_map (id, entity_type, external_system, external_id, core_id, row_hash, other_hashes, staging_id, first_seen_at, last_seen_at, last_run_id)
    SELECT id, entity_type, external_system, external_id, core_id, row_hash, other_hashes, staging_id, first_seen_at, last_seen_at, last_run_id FROM external_id_map_before ORDER BY id;
DROP TABLE external_id_map_before;
DELETE FROM sqlite_sequence WHERE name = 'external_id_map';
INSERT INTO sqlite_sequence (name, seq) SELECT 'external_id_map', seq FROM external_id_map_last;
DROP TABLE external_id_map_last;
CREATE INDEX external_id_map_core ON external_id_map (core_id, entity_type);
