CREATE TABLE clients (
    id      TEXT    NOT NULL PRIMARY KEY,
    agency  TEXT    NOT NULL,
    secret  TEXT    NOT NULL,
    body    TEXT    NOT NULL,
    enabled BOOLEAN NOT NULL,
    made_at BIGINT  NOT NULL
);

CREATE TABLE accounts (
    name         TEXT    NOT NULL PRIMARY KEY,
    display      TEXT    NOT NULL,
    agency       TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    password     TEXT    NOT NULL,
    enabled      BOOLEAN NOT NULL,
    body         TEXT    NOT NULL,
    failures     INTEGER NOT NULL,
    locked_until BIGINT  NOT NULL,
    made_at      BIGINT  NOT NULL
);

-- key is SHA-256 of the cookie's value, so that a copy of the table opens no session.
CREATE TABLE sessions (
    key     BYTEA   NOT NULL PRIMARY KEY,
    account TEXT   NOT NULL,
    csrf    TEXT   NOT NULL,
    made_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);
