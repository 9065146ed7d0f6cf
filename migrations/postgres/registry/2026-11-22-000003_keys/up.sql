-- Facts of the registry as a whole: check value of the master key, wrapped index key, origin, config version.
CREATE TABLE registry_facts (
    name  TEXT NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Raised in the transaction of every change of clients, keys, catalog, policy; each process polls it.
CREATE TABLE config_version (
    id      INTEGER NOT NULL PRIMARY KEY,
    version BIGINT  NOT NULL
);
INSERT INTO config_version (id, version) VALUES (1, 1);

-- Public keys that ever signed here; wrapped is null where the issuer keeps the private key.
CREATE TABLE signing_keys (
    kid           TEXT   NOT NULL PRIMARY KEY,
    owner         TEXT   NOT NULL,
    purpose       TEXT   NOT NULL,
    public        BYTEA   NOT NULL,
    wrapped       BYTEA,
    valid_from    BIGINT NOT NULL,
    revoked_at    BIGINT,
    revoked_since BIGINT,
    revoked_why   TEXT
);

-- Keys that seal rows, each under the master key; seals are counted in reserved blocks.
CREATE TABLE data_keys (
    id       INTEGER NOT NULL PRIMARY KEY,
    purpose  TEXT    NOT NULL,
    month    INTEGER NOT NULL,
    wrapped  BYTEA    NOT NULL,
    made_at  BIGINT  NOT NULL,
    reserved BIGINT  NOT NULL,
    ended_at BIGINT
);

-- Signed events that concern no holder: keys, agencies, authorities, types, coverage, clients, logs.
CREATE TABLE public_events (
    log     TEXT   NOT NULL,
    leaf    BIGINT NOT NULL,
    kind    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    event   BYTEA   NOT NULL,
    signed  BYTEA,
    PRIMARY KEY (log, leaf)
);
