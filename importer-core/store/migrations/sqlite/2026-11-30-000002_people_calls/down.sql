DROP INDEX rollback_items_left;
