ALTER TABLE merge_log DROP COLUMN retold;
DROP TABLE change_subjects;
