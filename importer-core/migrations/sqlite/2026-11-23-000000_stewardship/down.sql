ALTER TABLE import_runs DROP COLUMN requested;
DROP TABLE household_members;
DROP TABLE households;
DROP TABLE rollback_items;
DROP TABLE rollbacks;
DROP TABLE watermark_images;
DROP TABLE map_images;
DROP TABLE record_images;
DROP TABLE audit_log;
