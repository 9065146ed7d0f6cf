-- Ends of records that a rule proposed to their issuers: open until the record ends or its issuer declines.
-- A row is sealed and stays; the numbers run from 1 without a gap, so that one that is gone is missed.
CREATE TABLE proposals (
    number     BIGINT  NOT NULL PRIMARY KEY,
    issuer     TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    record_id  BYTEA   NOT NULL,
    action     TEXT    NOT NULL,
    hk         BYTEA   NOT NULL,
    because    TEXT    NOT NULL,
    settled_at BIGINT,
    settled_by TEXT,
    key_id     INTEGER NOT NULL,
    sealed     BYTEA   NOT NULL
);
CREATE INDEX proposals_of_issuer ON proposals (issuer, at);
CREATE INDEX proposals_of_record ON proposals (record_id);
