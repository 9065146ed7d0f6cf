-- A seal over every column of an alarm: a stop is lifted by a command, and no hand at the database changes one unseen.
-- Rows from before have an empty seal; `migrate` seals them behind this step.
ALTER TABLE alarms ADD COLUMN key_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alarms ADD COLUMN sealed BLOB NOT NULL DEFAULT X'';
