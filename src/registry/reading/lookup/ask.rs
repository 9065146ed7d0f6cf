//! The input of a lookup: holder, types, purpose.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::catalog::Region;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::registry::base::asked::{AskedCode, AskedHolder, Purpose, ReceiptForm};
use crate::rule::Rule;
use crate::store::RecordPlace;

/// Where and when a record not found could have been issued; decides what its absence means.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// Regions, at most 16; where nothing is said, those that the type's rule names: the registry's own and those where
    /// the holder has records.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// First day; where nothing is said, the first on which the type could have been issued to the holder.
    #[serde(default)]
    pub from: Option<Day>,
    /// Last day; today.
    #[serde(default)]
    pub to: Option<Day>,
}

impl Within {
    /// The regions, each once.
    pub(super) fn distinct(&self) -> BTreeSet<Region> {
        self.regions.iter().copied().collect()
    }
}

/// The last row of a page: under which of the holder's codes it stands, and where there.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The place of the code in the order in which links were followed.
    pub(super) code: usize,
    pub(super) place: RecordPlace,
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.", self.code, URL_SAFE_NO_PAD.encode(&self.place.record_id))?;
        f.write_str(&self.place.type_code)
    }
}

impl std::str::FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, '.');
        let cursor = (|| {
            let code = parts.next()?.parse().ok()?;
            let record_id = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
            Some(Self { code, place: RecordPlace { type_code: parts.next()?.to_owned(), record_id } })
        })();
        // What could be no row's place is asked of no database: PostgreSQL has no text with a NUL.
        let sound = |one: &Self| {
            let type_code = &one.place.type_code;
            one.place.record_id.len() <= 16 && type_code.len() <= 64 && !type_code.contains('\0')
        };
        cursor.filter(sound).ok_or_else(|| {
            let detail = "Not a cursor of this list.";
            Error::new(Code::FieldInvalid, detail).at("after").rule(Rule::Cursor)
        })
    }
}

/// A lookup.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// Whose records.
    pub holder: AskedHolder,
    /// Type codes or short names, at most 64; all that policy allows where nothing is said.
    #[serde(default)]
    pub types: Option<Vec<String>>,
    /// Face fields, at most 256; as policy allows where nothing is said.
    #[serde(default)]
    pub fields: Option<BTreeSet<String>>,
    /// What for.
    pub purpose: Purpose,
    /// For what is not found.
    #[serde(default)]
    pub within: Option<Within>,
    /// Inclusion proofs of the records' own leaves, with the events that make the leaves.
    #[serde(default)]
    pub proofs: bool,
    /// Full receipt or reference.
    #[serde(default)]
    pub receipt: ReceiptForm,
    /// `next` of the page before. An answer has at most 64 records, and of large ones about 256 KiB; the absences stand on the
    /// first page.
    #[serde(default)]
    pub after: Option<String>,
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
            after: None,
        }
    }
}

/// A lookup whose number was checked: the step before budget and scan.
pub struct Prepared<'a> {
    pub(super) ask: &'a Ask,
    pub(super) holder: AskedCode,
}
