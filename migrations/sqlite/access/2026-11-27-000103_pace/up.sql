-- What the owner's last commits took at the 99th percentile, in microseconds: an import beside it watches it.
ALTER TABLE log_heads ADD COLUMN commit_us BIGINT NOT NULL DEFAULT 0;
