-- Only the last name of each agency has a place there.
CREATE TABLE agency_names (
    code TEXT NOT NULL PRIMARY KEY,
    body TEXT NOT NULL
);

INSERT INTO agency_names (code, body)
SELECT code, body FROM agencies
WHERE valid_from = (SELECT max(valid_from) FROM agencies AS later WHERE later.code = agencies.code);

DROP TABLE agencies;
ALTER TABLE agency_names RENAME TO agencies;
