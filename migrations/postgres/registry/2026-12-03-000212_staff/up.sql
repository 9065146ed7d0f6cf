-- An account has several roles, a region, and the key of the person's own number.
ALTER TABLE accounts RENAME COLUMN role TO roles;
ALTER TABLE accounts ADD COLUMN region TEXT;
ALTER TABLE accounts ADD COLUMN own_number BYTEA;
