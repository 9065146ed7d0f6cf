DROP TABLE protected_holders;
