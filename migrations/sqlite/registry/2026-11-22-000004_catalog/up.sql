CREATE TABLE agencies (
    code TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);

CREATE TABLE authorities (
    agency     TEXT    NOT NULL,
    type_code  TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    valid_from INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (agency, type_code, region, valid_from)
);

CREATE TABLE types (
    code    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (code, version)
);

-- Without a coverage statement absence means nothing (I13). The statement is signed; body is its payload.
CREATE TABLE coverage (
    type_code TEXT   NOT NULL,
    system    TEXT   NOT NULL,
    as_of     BIGINT NOT NULL,
    signed    BLOB   NOT NULL,
    PRIMARY KEY (type_code, system)
);

CREATE TABLE items (
    code TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);
