-- Size and media type of each kept attachment, sealed, so that a verdict opens no file. `migrate` fills it for files
-- that came before.
CREATE TABLE attachment_kinds (
    key    BYTEA   NOT NULL PRIMARY KEY,
    key_id INTEGER NOT NULL,
    sealed BYTEA   NOT NULL
);
