-- The head row of each log is the truth about its tree (I14): appends compare and swap it.
CREATE TABLE IF NOT EXISTS log_heads (
    log         TEXT    NOT NULL PRIMARY KEY,
    origin      TEXT    NOT NULL,
    size        BIGINT  NOT NULL,
    root        BYTEA    NOT NULL,
    frontier    BYTEA    NOT NULL,
    note        TEXT    NOT NULL,
    at          BIGINT  NOT NULL,
    epoch       BIGINT  NOT NULL,
    owner       TEXT    NOT NULL,
    lease_until BIGINT  NOT NULL,
    indexed     BIGINT  NOT NULL,
    closed      BOOLEAN NOT NULL
);

-- Complete tiles only: 256 hashes of 32 bytes and their root.
CREATE TABLE IF NOT EXISTS tiles (
    log    TEXT     NOT NULL,
    level  SMALLINT NOT NULL,
    idx    BIGINT   NOT NULL,
    hashes BYTEA     NOT NULL,
    root   BYTEA     NOT NULL,
    PRIMARY KEY (log, level, idx)
);

-- The entries (SHA-256 of each event) of one append, one row a batch.
CREATE TABLE IF NOT EXISTS log_batches (
    log     TEXT   NOT NULL,
    first   BIGINT NOT NULL,
    count   BIGINT NOT NULL,
    entries BYTEA   NOT NULL,
    PRIMARY KEY (log, first)
);
