CREATE TABLE idempotency (
    key    BLOB    NOT NULL PRIMARY KEY,
    digest BLOB    NOT NULL,
    at     BIGINT  NOT NULL,
    key_id INTEGER NOT NULL,
    sealed BLOB    NOT NULL
);

-- On SQLite the chunks are sealed files beside the database; this table then stays empty.
CREATE TABLE attachments (
    key    BLOB    NOT NULL,
    chunk  INTEGER NOT NULL,
    key_id INTEGER NOT NULL,
    sealed BLOB    NOT NULL,
    PRIMARY KEY (key, chunk)
);

CREATE TABLE import_runs (
    id         TEXT    NOT NULL PRIMARY KEY,
    state      TEXT    NOT NULL,
    started_at BIGINT  NOT NULL,
    body       TEXT    NOT NULL,
    signed     BLOB
);
