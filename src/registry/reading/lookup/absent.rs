//! What "nothing found" means for a type (I13): told only within a coverage statement and in its words.

use serde_json::{Value, json};

use crate::catalog::{Absence, Coverage, Missing, Question};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::lookup::Within;
use crate::rule::Rule;

/// A feed is late when its statement says nothing newer than this.
const FEED_LATE_S: i64 = 2 * 86_400;

/// The absence of a type for one holder.
///
/// The question asked of the coverage is: could such a record have been issued in the regions named (the
/// registry's own where nobody names any), between the holder's birth (or the founding of all registers) and
/// today, without being on file here?
pub(super) fn absence(
    snapshot: &Snapshot,
    type_code: &str,
    code: &HolderCode,
    within: Option<&Within>,
    now: Moment,
) -> Result<(Absence, Value)> {
    let today = now.day();
    let born = code.person().map(|person| person.birth_date);
    let regions = within.map(|within| within.regions.clone()).filter(|regions| !regions.is_empty());
    let from = within.and_then(|within| within.from).or(born);
    let to = within.and_then(|within| within.to).unwrap_or(today);
    let span = from.map(|from| (from, to));
    let question =
        Question::new(type_code, regions.unwrap_or_else(|| vec![snapshot.home]), span).map_err(|fault| {
            Error::new(Code::FieldInvalid, fault.to_string()).at("within.to").rule(Rule::SpanBackwards)
        })?;
    let absence = snapshot.catalog.absence(&question, now, FEED_LATE_S);
    let name =
        snapshot.catalog.type_of(type_code).map(|entry| entry.def().name.zh.clone()).unwrap_or_default();
    let value = json!({
        "type": type_code,
        "absence": absence.wire(),
        "text": absence.sentence(&name),
        "coverage": stated(&absence),
    });
    Ok((absence, value))
}

fn stated(absence: &Absence) -> Value {
    let (statements, missing): (&[Coverage], &[Missing]) = match absence {
        Absence::NoneWithinCoverage(stated) => (stated, &[]),
        Absence::NotCovered { parts, stated } => (stated, parts),
        Absence::FeedLate { late } => {
            let late: Vec<Value> =
                late.iter().map(|(system, as_of)| json!({"system": system, "as_of": as_of})).collect();
            return json!({"late": late});
        }
    };
    let statements: Vec<Value> = statements
        .iter()
        .map(|one| json!({"system": one.issuing_system, "scope": one.scope(), "as_of": one.as_of}))
        .collect();
    let missing: Vec<Value> = missing
        .iter()
        .map(|part| json!({"region": part.region.to_string(), "from": part.from, "to": part.to, "why": part.why.wire()}))
        .collect();
    json!({"statements": statements, "missing": missing})
}
