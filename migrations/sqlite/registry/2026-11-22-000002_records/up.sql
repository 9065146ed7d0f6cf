-- Directory and vault in one row, one row for each holder, current versions only (I8).
CREATE TABLE records (
    hk         BLOB     NOT NULL,
    type_code  TEXT     NOT NULL,
    record_id  BLOB     NOT NULL,
    kind       SMALLINT NOT NULL,
    custody    SMALLINT NOT NULL,
    version    INTEGER  NOT NULL,
    identifier TEXT,
    issuer     TEXT     NOT NULL,
    state      SMALLINT NOT NULL,
    valid_from INTEGER,
    valid_to   INTEGER,
    as_of      BIGINT   NOT NULL,
    disputed   BOOLEAN  NOT NULL,
    log        TEXT     NOT NULL,
    leaf       BIGINT   NOT NULL,
    row_seq    BIGINT   NOT NULL,
    key_id     INTEGER  NOT NULL,
    sealed     BLOB     NOT NULL,
    PRIMARY KEY (hk, type_code, record_id)
) WITHOUT ROWID;

-- Superseded versions move here in the transaction that supersedes them (I7).
CREATE TABLE past_records (
    hk         BLOB     NOT NULL,
    type_code  TEXT     NOT NULL,
    record_id  BLOB     NOT NULL,
    kind       SMALLINT NOT NULL,
    custody    SMALLINT NOT NULL,
    version    INTEGER  NOT NULL,
    identifier TEXT,
    issuer     TEXT     NOT NULL,
    state      SMALLINT NOT NULL,
    valid_from INTEGER,
    valid_to   INTEGER,
    as_of      BIGINT   NOT NULL,
    disputed   BOOLEAN  NOT NULL,
    log        TEXT     NOT NULL,
    leaf       BIGINT   NOT NULL,
    row_seq    BIGINT   NOT NULL,
    key_id     INTEGER  NOT NULL,
    sealed     BLOB     NOT NULL,
    PRIMARY KEY (hk, record_id, version)
) WITHOUT ROWID;

-- Second and later signatures over the payload of a record version.
CREATE TABLE record_signatures (
    hk        BLOB    NOT NULL,
    record_id BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    alg       TEXT    NOT NULL,
    kid       TEXT    NOT NULL,
    value     BLOB    NOT NULL,
    PRIMARY KEY (hk, record_id, version, alg, kid)
);

-- The full signed event, one copy for each holder.
CREATE TABLE events (
    hk           BLOB    NOT NULL,
    record_id    BLOB    NOT NULL,
    seq          INTEGER NOT NULL,
    action       TEXT    NOT NULL,
    effective_on INTEGER NOT NULL,
    logged_at    BIGINT  NOT NULL,
    log          TEXT    NOT NULL,
    leaf         BIGINT  NOT NULL,
    key_id       INTEGER NOT NULL,
    sealed       BLOB    NOT NULL,
    PRIMARY KEY (hk, record_id, seq)
) WITHOUT ROWID;

-- Holders about whom there is something to say beside their records: a state, a link.
CREATE TABLE holders (
    hk     BLOB     NOT NULL PRIMARY KEY,
    state  SMALLINT NOT NULL,
    links  SMALLINT NOT NULL,
    key_id INTEGER  NOT NULL,
    sealed BLOB     NOT NULL
) WITHOUT ROWID;

-- Keyed hash of a number, an identifier or a content: uniqueness, and the way from an identifier to its holders.
CREATE TABLE record_keys (
    key       BLOB    NOT NULL PRIMARY KEY,
    record_id BLOB    NOT NULL,
    version   INTEGER NOT NULL,
    key_id    INTEGER NOT NULL,
    sealed    BLOB    NOT NULL
) WITHOUT ROWID;
