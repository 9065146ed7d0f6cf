-- Directory entries without a body here (custody other than 1, hosted): an import asks whether a type has any before
-- it looks for the entry of each row.
CREATE INDEX records_listed ON records (type_code) WHERE custody <> 1;
