DROP INDEX records_listed;
