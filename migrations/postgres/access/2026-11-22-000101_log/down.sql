-- On PostgreSQL these tables belong to both groups; the registry group takes them away.
SELECT 1;
