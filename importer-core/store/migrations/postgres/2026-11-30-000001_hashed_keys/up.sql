-- External ids are indexed by a hash: an entry of an index has a bound, and an id of many letters is beyond it. The hash is
-- the database's own; queries compare the text as well. By bytes, so that no collation decides about it.
ALTER TABLE external_id_map DROP CONSTRAINT external_id_map_external_id_external_system_entity_type_key;
ALTER TABLE external_id_map ADD COLUMN id_hash BIGINT GENERATED ALWAYS AS (hashtextextended(external_id COLLATE "C", 0)) STORED;
ALTER TABLE external_id_map ADD CONSTRAINT external_id_map_id UNIQUE (id_hash, external_system, entity_type);

DROP INDEX quarantine_record;
ALTER TABLE quarantine ADD COLUMN id_hash BIGINT GENERATED ALWAYS AS (hashtextextended(external_id COLLATE "C", 0)) STORED;
CREATE INDEX quarantine_record ON quarantine (id_hash);

ALTER TABLE map_images DROP CONSTRAINT map_images_pkey;
ALTER TABLE map_images ADD COLUMN id_hash BIGINT GENERATED ALWAYS AS (hashtextextended(external_id COLLATE "C", 0)) STORED;
ALTER TABLE map_images ADD CONSTRAINT map_images_pkey PRIMARY KEY (run_id, id_hash, external_system, entity_type);
