DROP TABLE attachment_kinds;
