ALTER TABLE accounts DROP COLUMN own_number;
ALTER TABLE accounts DROP COLUMN region;
ALTER TABLE accounts RENAME COLUMN roles TO role;
UPDATE accounts SET role = 'clerk';
