DROP TABLE attachment_days;
