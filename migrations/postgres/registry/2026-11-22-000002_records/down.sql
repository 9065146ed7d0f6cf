DROP TABLE record_keys;
DROP TABLE holders;
DROP TABLE events;
DROP TABLE record_signatures;
DROP TABLE past_records;
DROP TABLE records;
