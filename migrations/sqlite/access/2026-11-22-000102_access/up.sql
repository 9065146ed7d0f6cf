-- One row a commit: the sealed access entries of the batch (I2). An ordinary rowid table: its rows are wide.
CREATE TABLE access_batches (
    log     TEXT    NOT NULL,
    first   BIGINT  NOT NULL,
    count   INTEGER NOT NULL,
    at      BIGINT  NOT NULL,
    key_id  INTEGER NOT NULL,
    entries BLOB    NOT NULL,
    PRIMARY KEY (log, first)
);

-- A follower: filled in the background from the batches, rebuilt from them at will.
CREATE TABLE access_by_holder (
    hk  BLOB   NOT NULL,
    at  BIGINT NOT NULL,
    log TEXT   NOT NULL,
    idx BIGINT NOT NULL,
    PRIMARY KEY (hk, at, log, idx)
) WITHOUT ROWID;
