-- Holders whom staff do not look up unseen (受保护主体). The sealed part says who they are, why, since when and until when.
CREATE TABLE protected_holders (
    hk     BLOB    NOT NULL PRIMARY KEY,
    key_id INTEGER NOT NULL,
    sealed BLOB    NOT NULL
);
