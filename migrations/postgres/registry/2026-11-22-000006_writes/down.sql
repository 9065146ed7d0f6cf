DROP TABLE import_runs;
DROP TABLE attachments;
DROP TABLE idempotency;
