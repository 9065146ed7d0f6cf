//! Where a person's household is registered, held against the region of an authority over people (practice R6).
//!
//! A citizen number says where somebody was first registered and never where it is now, so it is not asked. What tells
//! is a household record on file (户口簿) that is good today: the region is its issuing agency's. An agency may state
//! something where its region, or one above, is the authority's. A directory entry of the agency itself tells nothing: it
//! is its word that there is a paper, and no paper.

use crate::catalog::{Custody, Region};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::record::Record;
use crate::record::event::Household;
use crate::record::state::State;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked;
use crate::registry::holders::stating::unchanged;
use crate::rule::Rule;
use crate::store::{Opened, Reader, StoredRecord};
use crate::trust::{Envelope, HolderKey};

/// The types that say where a household is registered: its front page, and the card of each member.
const TYPES: [&str; 2] = ["household_member", "household_front"];
/// The day on which a member left the household.
const LEFT_ON: &str = "left_on";

/// Holds the household of a holder, under all its codes, against the regions of the agency that states something of it.
/// None of an organisation.
pub(in crate::registry) fn compare(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    (code, key): (&HolderCode, HolderKey),
    (agency, regions): (&str, &[Region]),
    today: Day,
) -> Result<Option<Household>> {
    if !code.code_type().is_person() {
        return Ok(None);
    }
    let mut within = false;
    for (key, _) in linked::linked(reader, key, None)?.keys {
        for region in registered(reader, snapshot, &key, (agency, today))? {
            // One record elsewhere weighs more than any within: an agency could bring one of its own. A record of a
            // province tells no more than the province: it speaks for no district and against none.
            if !regions.iter().any(|own| own.touches(region)) {
                return Ok(Some(Household::Elsewhere));
            }
            within |= regions.iter().any(|own| own.covers(region));
        }
    }
    Ok(Some(if within { Household::Within } else { Household::NotOnFile }))
}

/// What the event says of it. Refused where the household is registered elsewhere, unless the agency says that it knows
/// (`known`); who may look the holder up (`hears`) is told why.
pub(super) fn checked(household: Option<Household>, known: bool, hears: bool) -> Result<Option<Household>> {
    if household != Some(Household::Elsewhere) || known {
        return Ok(household);
    }
    let detail = "the household of this person is registered outside the region of the agency's authority over people: \
                  say in the ground why it states this all the same, and set household_elsewhere";
    let why = Error::new(Code::FieldInvalid, detail).at("household_elsewhere").rule(Rule::HouseholdElsewhere);
    Err(unchanged(hears, why))
}

/// The regions of the household records of a code that are good today, without entries of the agency itself.
fn registered(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    key: &HolderKey,
    (agency, today): (&str, Day),
) -> Result<Vec<Region>> {
    let agencies = snapshot.catalog.issuers().agencies();
    let own = |row: &StoredRecord| {
        let issuer =
            agencies.successor(&row.issuer, today).map_or(row.issuer.as_str(), |now| now.code.as_str());
        row.custody != Custody::Hosted && (issuer == agency || row.issuer == agency)
    };
    let mut regions = Vec::new();
    for entry in TYPES.iter().filter_map(|slug| snapshot.catalog.type_by_slug(slug)) {
        for opened in reader.records_of_type(key, &entry.def().code)? {
            let Opened::Record(row) = opened else { continue };
            let issuer = agencies.latest(&row.issuer);
            regions.extend(issuer.filter(|_| is_good(&row, today) && !own(&row)).map(|issuer| issuer.region));
        }
    }
    Ok(regions)
}

fn is_good(row: &StoredRecord, today: Day) -> bool {
    row.state == State::Active
        && row.valid_from.is_none_or(|from| from <= today)
        && row.valid_to.is_none_or(|to| today <= to)
        && left_on(row).is_none_or(|left| today < left)
}

/// The day on which the member left, as the face says; none where there is no body or no such day.
fn left_on(row: &StoredRecord) -> Option<Day> {
    let envelope = Envelope::parse_stored(&row.body.envelope).ok()?;
    let record = Record::from_payload(envelope.payload()).ok()?;
    record.face.get(LEFT_ON)?.as_str()?.parse().ok()
}
