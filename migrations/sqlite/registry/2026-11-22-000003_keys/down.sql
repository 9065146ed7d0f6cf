DROP TABLE public_events;
DROP TABLE data_keys;
DROP TABLE signing_keys;
DROP TABLE config_version;
DROP TABLE registry_facts;
