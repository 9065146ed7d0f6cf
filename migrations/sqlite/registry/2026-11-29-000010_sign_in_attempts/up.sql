-- key is a keyed hash of a sign-in name, and of the browser where that is known: names that no account has are
-- counted like the others.
CREATE TABLE sign_in_attempts (
    key          BLOB   NOT NULL PRIMARY KEY,
    failures     INTEGER NOT NULL,
    begun_at     BIGINT  NOT NULL,
    locked_until BIGINT  NOT NULL
);
CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (begun_at);
