-- Bytes of files that a client brought on a legal day: its quota. Days that are over may be dropped.
CREATE TABLE attachment_days (
    client TEXT   NOT NULL,
    day    INTEGER NOT NULL,
    bytes  BIGINT NOT NULL,
    PRIMARY KEY (client, day)
);
