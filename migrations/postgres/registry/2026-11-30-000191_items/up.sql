-- Items (事项), each version as it was loaded: code is 实施编码. A row is never changed; a change is a new version. No
-- program ever wrote the table that stood here before.
DROP TABLE items;
CREATE TABLE items (
    code    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (code, version)
);
