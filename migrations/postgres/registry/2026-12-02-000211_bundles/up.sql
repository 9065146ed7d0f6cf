-- Bundles (一件事), each version as it was loaded: code is 编号. A row is never changed; a change is a new version.
CREATE TABLE bundles (
    code    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (code, version)
);
