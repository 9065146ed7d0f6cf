-- Which agency may state what about people and organisations (R6).
CREATE TABLE empowerments (
    agency     TEXT    NOT NULL,
    statement  TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    valid_from INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (agency, statement, region, valid_from)
);
