ALTER TABLE log_heads DROP COLUMN commit_us;
