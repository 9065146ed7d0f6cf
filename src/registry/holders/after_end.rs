//! A record about days after the end of its holder (practice R6, R16): nobody marries after the own death. The rules
//! stand in the type's file; the end is a confirmed death, or the end of an organisation, under any code of the holder.
//!
//! Kept where a record begins and where a version tells of facts. A correction is made for the dead as well, and brings no
//! day after the end. What another registry brought is on file as it happened there.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::{Custody, DateFacts, TypeEntry};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::record::Action;
use crate::record::verdict::DaysStanding;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::life::{self, LivesOf};
use crate::registry::holders::linked::{self, Life};
use crate::rule::Rule;
use crate::store::{Reader, StoredRecord};
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

/// The same with the day of issue.
#[derive(Deserialize)]
struct Dated {
    face: Map<String, Value>,
    issued_on: Day,
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

/// Refuses an action that states something new of a day after the end of the record's subject.
///
/// # Errors
/// `field_invalid` at `effective_on`, with the rule `date_after_end`.
pub(in crate::registry) fn refuse_act(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    record: &StoredRecord,
    (action, effective_on): (Action, Day),
) -> Result<()> {
    if action.after_an_end() {
        return Ok(());
    }
    let subject = life::subject(snapshot, record, reader.index());
    let ended = subject.map(|subject| ended_on(reader, subject)).transpose()?.flatten();
    if ended.is_none_or(|ended| effective_on <= ended) {
        return Ok(());
    }
    let detail =
        "the holder had died by then, or the organisation had ended: only what ends or corrects the record";
    Err(Error::new(Code::FieldInvalid, detail).at("effective_on").rule(Rule::DateAfterEnd))
}

/// The earliest day of an end that stands under any code of a holder. A row that does not open says nothing here: the
/// verdict tells that it is damaged.
fn ended_on(reader: &mut Reader<'_>, holder: HolderKey) -> Result<Option<Day>> {
    Ok(linked::linked(reader, holder, None)?.lives.ended_on)
}

/// How the days of a record on file lie to the ends of its holders, by the same rules: a death that is confirmed later
/// may lie before what was certified in good faith. The record was issued and stays; its verdict says it.
///
/// A later version is issued later, also for the dead (a correction, a face of another state), so that only the days on
/// its face count. What is kept elsewhere has no face here.
pub(in crate::registry) fn standing(
    entry: Option<&TypeEntry>,
    record: &StoredRecord,
    envelope: Option<&Envelope<'_>>,
    lives: LivesOf<'_>,
) -> DaysStanding {
    let (Some(entry), Some(envelope)) = (entry, envelope) else { return DaysStanding::Within };
    if record.custody != Custody::Hosted {
        return DaysStanding::Within;
    }
    let subject = life::subject_role(entry.def());
    let (mut ended, mut unknown): (Vec<(&str, Day)>, bool) = (Vec::new(), false);
    let mut meet = |role, life: Option<Life>| match life {
        None | Some(Life { damaged: true, .. }) => unknown = true,
        Some(life) => ended.extend(life.ended_on.map(|on| (role, on))),
    };
    if let Some(role) = subject.filter(|subject| entry.ended_roles().any(|role| role == *subject)) {
        meet(role, lives.subject);
    }
    lives.others.iter().for_each(|(role, life)| meet(role, *life));
    let within = if unknown { DaysStanding::Unknown } else { DaysStanding::Within };
    if ended.is_empty() {
        return within;
    }
    let Ok(printed) = serde_json::from_slice::<Dated>(envelope.payload()) else {
        return DaysStanding::Unknown;
    };
    let Dated { face, issued_on } = printed;
    // No rule about an end compares with the day of the check.
    let facts = DateFacts { today: issued_on, issued_on, first_version: false, holders: &[], ended: &ended };
    match entry.check_ends(&Value::Object(face), &facts, record.version > 1) {
        Some(_) => DaysStanding::AfterEnd,
        None => within,
    }
}
