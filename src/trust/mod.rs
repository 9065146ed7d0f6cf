//! Keys, signatures, seals.
