DROP TABLE access_by_holder;
DROP TABLE access_batches;
