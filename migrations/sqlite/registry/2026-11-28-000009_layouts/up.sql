-- No table changes. Rows that are sealed from here on have layout 2 (schema/bytes.md), which the program before does
-- not open: this step keeps it from starting on them. `elicense migrate` then seals the rows of layout 1 anew.
SELECT 1;
