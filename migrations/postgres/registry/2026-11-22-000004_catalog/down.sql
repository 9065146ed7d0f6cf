DROP TABLE items;
DROP TABLE coverage;
DROP TABLE types;
DROP TABLE authorities;
DROP TABLE agencies;
