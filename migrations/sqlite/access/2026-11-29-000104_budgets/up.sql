-- What each process charged to the budgets of a legal day, and which numbers were asked for, for the other processes
-- and for a start: one sealed row for each time it told. Rows of past days are deleted.
CREATE TABLE charges (
    day    INTEGER NOT NULL,
    node   TEXT    NOT NULL,
    seq    BIGINT  NOT NULL,
    at     BIGINT  NOT NULL,
    key_id INTEGER NOT NULL,
    sealed BLOB   NOT NULL,
    PRIMARY KEY (day, node, seq)
);

-- Actors that were stopped because they seemed to try numbers out.
CREATE TABLE alarms (
    actor     TEXT    NOT NULL,
    at        BIGINT  NOT NULL,
    node      TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    tries     INTEGER NOT NULL,
    until     BIGINT  NOT NULL,
    lifted_at BIGINT,
    lifted_by TEXT,
    PRIMARY KEY (actor, at, node)
);
