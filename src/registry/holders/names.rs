//! Whether two codes can be of one holder by the names on their records.

use std::collections::BTreeSet;

use crate::catalog::same_name;
use crate::error::Result;
use crate::record::Record;
use crate::store::{Opened, PageRoom, Reader};
use crate::trust::{Envelope, HolderKey};

/// Whether a name on a record of one code stands on a record of the other. False if one of them has no name.
pub(super) fn agree(reader: &mut Reader<'_>, one: &HolderKey, other: &HolderKey) -> Result<bool> {
    let (one, other) = (names(reader, one)?, names(reader, other)?);
    Ok(one.iter().any(|name| other.iter().any(|same| same_name(name, same))))
}

/// Whether a code is known under that name, under another one alone (false), or under none, on records other than
/// `except`.
pub(in crate::registry) fn known_as(
    reader: &mut Reader<'_>,
    key: &HolderKey,
    name: &str,
    except: &[u8; 16],
) -> Result<Option<bool>> {
    let known = others(reader, key, Some(except))?;
    Ok((!known.is_empty()).then(|| known.iter().any(|one| same_name(one, name))))
}

/// The names under which a code stands on its signed records, as they were signed.
fn names(reader: &mut Reader<'_>, key: &HolderKey) -> Result<BTreeSet<String>> {
    others(reader, key, None)
}

fn others(reader: &mut Reader<'_>, key: &HolderKey, except: Option<&[u8; 16]>) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    // A page of them is enough to know a name by.
    for opened in reader.records_page(key, None, &mut PageRoom::default())? {
        let Opened::Record(row) = opened else { continue };
        if Some(&row.record_id) == except {
            continue;
        }
        let Ok(envelope) = Envelope::parse_stored(&row.body.envelope) else { continue };
        let Ok(record) = Record::from_payload(envelope.payload()) else { continue };
        let own = record.holders.into_iter().find(|holder| {
            (holder.code_type.as_str(), holder.code.as_str()) == (&*row.body.holder.0, &*row.body.holder.1)
        });
        found.extend(own.map(|holder| holder.name));
    }
    Ok(found)
}
