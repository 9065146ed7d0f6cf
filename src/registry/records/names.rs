//! Whether the names on a certificate are those of the people whose other certificate it ends: a divorce under a
//! wrong name, or under a number with a slip in it, ends nobody's marriage.

use std::collections::BTreeSet;

use crate::error::{Code, Error, Result};
use crate::registry::holders::names::{name_on, names, shared};
use crate::registry::records::change::Whole;
use crate::registry::records::kept::family;
use crate::rule::Rule;
use crate::store::{Opened, Reader, StoredRecord};

/// Whether each holder that stands on both records has one name. A name changes in a life: the name on the ending
/// may also be that of an earlier version, or of another record of the same person.
pub(super) fn agree(reader: &mut Reader<'_>, ending: &Whole, ended: &Whole) -> Result<bool> {
    for one in ending.rows() {
        let family = family(reader, one.hk)?;
        for other in ended.rows().filter(|other| family.contains(&other.hk)) {
            let said = of_versions(reader, one)?;
            let mut known = of_versions(reader, other)?;
            if shared(&said, &known) {
                continue;
            }
            for key in &family {
                known.extend(names(reader, key, Some(&one.record_id))?);
            }
            if !shared(&said, &known) {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The names of a row's holder in all versions of its record.
fn of_versions(reader: &mut Reader<'_>, row: &StoredRecord) -> Result<BTreeSet<String>> {
    let mut found: BTreeSet<String> = name_on(row).into_iter().collect();
    for opened in reader.past_records(&row.hk, &row.record_id)? {
        if let Opened::Record(past) = opened {
            found.extend(name_on(&past));
        }
    }
    Ok(found)
}

/// The refusal. It tells no name to anybody: a lookup tells that to who may look.
pub(in crate::registry) fn differ() -> Error {
    let detail = "a name on this certificate is not that of the holder whose other certificate it would end";
    Error::new(Code::FieldInvalid, detail).at("holders").rule(Rule::EndedName)
}
