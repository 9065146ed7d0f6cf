-- Rows of layout 2 stay as they are: a step back is a restore.
SELECT 1;
