-- How the files of a type and agency are read: which column is what. A change is a new version.
CREATE TABLE mappings (
    type_code TEXT    NOT NULL,
    issuer    TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    body      TEXT    NOT NULL,
    saved_at  BIGINT  NOT NULL,
    saved_by  TEXT    NOT NULL,
    PRIMARY KEY (type_code, issuer, version)
);
