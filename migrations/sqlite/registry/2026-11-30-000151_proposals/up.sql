-- Ends of records that a rule proposed to their issuers: open until the record ends or its issuer declines.
CREATE TABLE proposals (
    issuer     TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    record_id  BLOB    NOT NULL,
    action     TEXT    NOT NULL,
    hk         BLOB    NOT NULL,
    because    TEXT    NOT NULL,
    settled_at BIGINT,
    settled_by TEXT,
    PRIMARY KEY (issuer, at, record_id, action)
);
CREATE INDEX proposals_of_record ON proposals (record_id);
