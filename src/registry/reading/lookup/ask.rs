//! The input of a lookup: holder, types, purpose.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::catalog::Region;
use crate::clock::Day;
use crate::identity::Parsed;
use crate::registry::base::asked::{AskedHolder, Purpose, ReceiptForm};
use crate::trust::HolderKey;

/// Where and when a record not found could have been issued; decides what its absence means.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// Regions; the registry's own where nothing is said.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub regions: Vec<Region>,
    /// First day; the holder's birth where the number has it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub from: Option<Day>,
    /// Last day; today.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub to: Option<Day>,
}

/// A lookup.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Whose records.
    pub holder: AskedHolder,
    /// Type codes or short names; all that policy allows where nothing is said.
    #[serde(default)]
    pub types: Option<Vec<String>>,
    /// Face fields; as policy allows where nothing is said.
    #[serde(default)]
    pub fields: Option<BTreeSet<String>>,
    /// What for.
    pub purpose: Purpose,
    /// For what is not found.
    #[serde(default)]
    pub within: Option<Within>,
    /// Inclusion proofs of the records' own leaves.
    #[serde(default)]
    pub proofs: bool,
    /// Full receipt or reference.
    #[serde(default)]
    pub receipt: ReceiptForm,
}

impl Ask {
    /// A lookup of all that policy allows, without proofs, with the whole receipt.
    pub fn new(holder: AskedHolder, purpose: Purpose) -> Self {
        Self {
            holder,
            types: None,
            fields: None,
            purpose,
            within: None,
            proofs: false,
            receipt: ReceiptForm::Full,
        }
    }
}

/// A lookup whose number was checked and turned into a key: the step before budget and scan.
pub struct Prepared<'a> {
    pub(super) ask: &'a Ask,
    pub(super) parsed: Parsed,
    /// The key of the lookup, for the budget of distinct holders.
    pub key: HolderKey,
}
