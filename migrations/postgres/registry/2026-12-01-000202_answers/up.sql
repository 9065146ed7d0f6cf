-- Answers of departments' systems, sealed with their questions under the holder: ask is a keyed hash of who asked whom
-- what for, so that no row tells what was asked. A row is never changed and never deleted.
CREATE TABLE answers (
    hk          BYTEA   NOT NULL,
    nonce       BYTEA   NOT NULL,
    ask         BYTEA   NOT NULL,
    at          BIGINT  NOT NULL,
    valid_until BIGINT  NOT NULL,
    key_id      INTEGER NOT NULL,
    sealed      BYTEA   NOT NULL,
    PRIMARY KEY (hk, nonce)
);
