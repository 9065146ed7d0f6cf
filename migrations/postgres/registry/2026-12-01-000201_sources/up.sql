-- Systems of departments that answer questions about a party: for which department, as items name it, and of which agency.
-- A change replaces the row; the orders in the log tell each that there was.
CREATE TABLE sources (
    department TEXT NOT NULL,
    agency     TEXT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (department, agency)
);
