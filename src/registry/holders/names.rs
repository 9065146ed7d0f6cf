//! The names under which people stand on their records, and whether two codes can be of one holder by them.

use std::collections::BTreeSet;

use crate::catalog::same_name;
use crate::error::{Code, Error, Result};
use crate::record::Record;
use crate::registry::holders::linked::family;
use crate::rule::Rule;
use crate::store::{Opened, PageRoom, Reader, StoredRecord};
use crate::trust::{Envelope, HolderKey};

/// Whether a name on a record of one code stands on a record of the other. False if one of them has no name. Records that
/// `agency`, which wants them to agree, issued itself count only for a code that has no other.
pub(super) fn agree(
    reader: &mut Reader<'_>,
    agency: &str,
    one: &HolderKey,
    other: &HolderKey,
) -> Result<bool> {
    let (one, other) = (names_beside(reader, agency, one)?, names_beside(reader, agency, other)?);
    Ok(shared(&one, &other))
}

fn names_beside(reader: &mut Reader<'_>, agency: &str, key: &HolderKey) -> Result<BTreeSet<String>> {
    let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
    for opened in reader.records_page(key, None, &mut PageRoom::default())? {
        let Opened::Record(row) = opened else { continue };
        if row.issuer == agency { &mut own } else { &mut others }.extend(name_on(&row));
    }
    Ok(if others.is_empty() { own } else { others })
}

/// Whether one of the names is one of the others.
fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    one.iter().any(|name| other.iter().any(|same| same_name(name, same)))
}

/// Whether a code is known under that name, under another one alone (false), or under none, on records other than
/// `except`.
pub(in crate::registry) fn known_as(
    reader: &mut Reader<'_>,
    key: &HolderKey,
    name: &str,
    except: &[u8; 16],
) -> Result<Option<bool>> {
    let known = names(reader, key, &|row| row.record_id != *except)?;
    Ok((!known.is_empty()).then(|| known.iter().any(|one| same_name(one, name))))
}

/// The names under which a code stands on its signed records, as they were signed; on those that count.
fn names(
    reader: &mut Reader<'_>,
    key: &HolderKey,
    counts: &dyn Fn(&StoredRecord) -> bool,
) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    // A page of them is enough to know a name by.
    for opened in reader.records_page(key, None, &mut PageRoom::default())? {
        let Opened::Record(row) = opened else { continue };
        if counts(&row) {
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

/// Whether each holder that stands on both records has one name, so that a divorce under a wrong name, or under a
/// number with a slip in it, ends nobody's marriage. A name changes in a life: any version of either record may have it.
/// Where something is ended, other records of the person say nothing, since an office can bring one under any name: a
/// certificate gets the new name first, by a change of its own. Where an end is only proposed to an issuer who decides,
/// a name on another record is enough: on one of those that `proposed` says.
pub(in crate::registry) fn same_people<'r>(
    reader: &mut Reader<'_>,
    ending: impl Iterator<Item = &'r StoredRecord>,
    ended: impl Iterator<Item = &'r StoredRecord> + Clone,
    proposed: Option<&dyn Fn(&StoredRecord) -> bool>,
) -> Result<bool> {
    for one in ending {
        let family = family(reader, one.hk)?;
        for other in ended.clone().filter(|other| family.contains(&other.hk)) {
            let (said, mut known) = (of_versions(reader, one)?, of_versions(reader, other)?);
            if shared(&said, &known) {
                continue;
            }
            for (key, counts) in family.iter().flat_map(|key| proposed.map(|counts| (key, counts))) {
                known.extend(names(reader, key, &|row| row.record_id != one.record_id && counts(row))?);
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

/// The refusal of an ending under another name. It tells no name to anybody: a lookup tells that to who may look.
pub(in crate::registry) fn ended_name() -> Error {
    let detail = "a name on this certificate is not that of the holder whose other certificate it would end";
    Error::new(Code::FieldInvalid, detail).at("holders").rule(Rule::EndedName)
}
