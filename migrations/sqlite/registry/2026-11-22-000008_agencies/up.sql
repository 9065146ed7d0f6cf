-- A renamed agency keeps its code: one row for each name and its period (R12).
CREATE TABLE agency_periods (
    code       TEXT    NOT NULL,
    valid_from INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    PRIMARY KEY (code, valid_from)
);

INSERT INTO agency_periods (code, valid_from, body)
SELECT code, CAST(julianday(json_extract(body, '$.valid_from')) - julianday('1970-01-01') AS INTEGER), body FROM agencies;

DROP TABLE agencies;
ALTER TABLE agency_periods RENAME TO agencies;
