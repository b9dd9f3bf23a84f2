ALTER TABLE map_images DROP CONSTRAINT map_images_pkey;
ALTER TABLE map_images DROP COLUMN id_hash;
DROP INDEX quarantine_record;
ALTER TABLE quarantine DROP COLUMN id_hash;
ALTER TABLE external_id_map DROP CONSTRAINT external_id_map_id;
ALTER TABLE external_id_map DROP COLUMN id_hash;
-- An id that is too long for these cannot be indexed by itself; whoever takes everything away must be able to.
DO $$ BEGIN
    ALTER TABLE external_id_map ADD UNIQUE (external_id, external_system, entity_type);
EXCEPTION WHEN program_limit_exceeded THEN NULL;
END $$;
DO $$ BEGIN
    CREATE INDEX quarantine_record ON quarantine (external_id, external_system, entity_type);
EXCEPTION WHEN program_limit_exceeded THEN NULL;
END $$;
DO $$ BEGIN
    ALTER TABLE map_images ADD PRIMARY KEY (run_id, external_id, external_system, entity_type);
EXCEPTION WHEN program_limit_exceeded THEN NULL;
END $$;
