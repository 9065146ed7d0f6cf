//! The names under which people stand on their records, and whether two codes can be of one holder by them.

use std::collections::BTreeSet;

use crate::catalog::same_name;
use crate::error::Result;
use crate::record::Record;
use crate::store::{Opened, PageRoom, Reader, StoredRecord};
use crate::trust::{Envelope, HolderKey};

/// Whether a name on a record of one code stands on a record of the other. False if one of them has no name.
pub(super) fn agree(reader: &mut Reader<'_>, one: &HolderKey, other: &HolderKey) -> Result<bool> {
    let (one, other) = (names(reader, one, None)?, names(reader, other, None)?);
    Ok(shared(&one, &other))
}

/// Whether one of the names is one of the others.
pub(in crate::registry) fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    one.iter().any(|name| other.iter().any(|same| same_name(name, same)))
}

/// The names under which a code stands on its signed records, as they were signed; without those of one record.
pub(in crate::registry) fn names(
    reader: &mut Reader<'_>,
    key: &HolderKey,
    without: Option<&[u8; 16]>,
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    // A page of them is enough to know a name by.
    for opened in reader.records_page(key, None, &mut PageRoom::default())? {
        let Opened::Record(row) = opened else { continue };
        if without != Some(&row.record_id) {
            found.extend(name_on(&row));
        }
    }
    Ok(found)
}

/// The name of the holder of a row on its signed record; none where there is no envelope or it does not open.
pub(in crate::registry) fn name_on(row: &StoredRecord) -> Option<String> {
    let envelope = Envelope::parse_stored(&row.body.envelope).ok()?;
    let record = Record::from_payload(envelope.payload()).ok()?;
    let own = record.holders.into_iter().find(|holder| {
        (holder.code_type.as_str(), holder.code.as_str()) == (&*row.body.holder.0, &*row.body.holder.1)
    });
    own.map(|holder| holder.name)
}
