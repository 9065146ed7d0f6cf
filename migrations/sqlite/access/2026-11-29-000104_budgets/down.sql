DROP TABLE alarms;
DROP TABLE charges;
