CREATE TABLE idempotency (
    key    BYTEA    NOT NULL PRIMARY KEY,
    digest BYTEA    NOT NULL,
    at     BIGINT  NOT NULL,
    key_id INTEGER NOT NULL,
    sealed BYTEA    NOT NULL
);

-- On SQLite the chunks are sealed files beside the database; this table then stays empty.
CREATE TABLE attachments (
    key    BYTEA    NOT NULL,
    chunk  INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    sealed BYTEA    NOT NULL,
    PRIMARY KEY (key, chunk)
);

CREATE TABLE import_runs (
    id         TEXT    NOT NULL PRIMARY KEY,
    state      TEXT    NOT NULL,
    started_at BIGINT  NOT NULL,
    body       TEXT    NOT NULL,
    signed     BYTEA
);
