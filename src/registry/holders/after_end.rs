//! A record about days after the end of its holder (practice R6, R16): nobody marries after the own death. The rules
//! stand in the type's file; the end is a confirmed death, or the end of an organisation, under any code of the holder.
//!
//! Kept where a record begins and where a version tells of facts. A correction is made for the dead as well, and brings no
//! day after the end. What another registry brought is on file as it happened there.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::DateFacts;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::registry::base::linked::{Met, Reach, walk};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::marks;
use crate::rule::Rule;
use crate::store::{HolderState, Reader};
use crate::trust::{Envelope, HolderKey};

/// A record that is about to be written.
pub(in crate::registry) struct ToldOfDays<'a> {
    /// Its type.
    pub type_code: &'a str,
    /// Its version.
    pub version: u32,
    /// Its day of issue.
    pub issued_on: Day,
    /// It corrects the version before: made for the dead as well, but no day on the face may lie after the end.
    pub corrects: bool,
    /// Role and key of each holder.
    pub seats: Vec<(&'a str, HolderKey)>,
    /// As it was signed.
    pub envelope: &'a [u8],
}

/// The part of a payload that the rules read.
#[derive(Deserialize)]
struct Printed {
    face: Map<String, Value>,
}

/// Refuses a record that tells of a day after the end of a holder.
///
/// # Errors
/// `face_invalid` at the field, with the rule `date_after_end`.
pub(in crate::registry) fn refuse(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    told: &ToldOfDays<'_>,
    today: Day,
) -> Result<()> {
    let Some(entry) = snapshot.catalog.type_of(told.type_code) else { return Ok(()) };
    let mut ended: Vec<(&str, Day)> = Vec::new();
    for (role, holder) in &told.seats {
        if entry.ended_roles().any(|ending| ending == *role)
            && let Some(on) = ended_on(reader, *holder)?
        {
            ended.push((role, on));
        }
    }
    if ended.is_empty() {
        return Ok(());
    }
    let envelope = Envelope::parse_stored(told.envelope).map_err(Error::internal)?;
    let printed: Printed = serde_json::from_slice(envelope.payload()).map_err(Error::internal)?;
    let (issued_on, first_version) = (told.issued_on, told.version == 1);
    let facts = DateFacts { today, issued_on, first_version, holders: &[], ended: &ended };
    match entry.check_ends(&Value::Object(printed.face), &facts, told.corrects) {
        Some(fault) => {
            Err(Error::new(Code::FaceInvalid, fault.detail).at(fault.field).rule(Rule::DateAfterEnd))
        }
        None => Ok(()),
    }
}

/// The earliest day of an end that stands under any code of a holder. A row that does not open says nothing here: the
/// verdict tells that it is damaged.
fn ended_on(reader: &mut Reader<'_>, holder: HolderKey) -> Result<Option<Day>> {
    let mut ended: Option<Day> = None;
    walk(reader, holder, Reach::LOOKUP, |met| {
        let Met::Row(row) = met else { return };
        let standing = marks::standing(row);
        let ends = standing
            .iter()
            .filter(|mark| matches!(mark.state, HolderState::Deceased | HolderState::Dissolved));
        ended = ends.map(|mark| mark.since).chain(ended).min();
    })?;
    Ok(ended)
}
