//! The bundles that come with the program: the files of `schema/bundles`, compiled in.

use crate::catalog::bundles::{BundleDef, BundleFault};

/// `schema/bundles/*.json`, in the order of their names.
const BUNDLES: &[&str] = &[
    include_str!("../../../schema/bundles/newborn.json"),
    include_str!("../../../schema/bundles/restaurant.json"),
];

impl BundleDef {
    /// The bundles that come with the program.
    ///
    /// # Errors
    /// A file is no bundle; a test reads them all.
    pub fn builtin() -> Result<Vec<Self>, BundleFault> {
        BUNDLES.iter().map(|text| Self::from_json(text)).collect()
    }
}
