//! What "nothing found" means for a type (I13): told only within a coverage statement and in its words.

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::catalog::{Absence, AbsenceKind, Coverage, Missing, MissingWhy, Question};
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::lookup::ask::Within;

/// A feed is late when its statement says nothing newer than this.
const FEED_LATE_S: i64 = 2 * 86_400;

/// A type that was asked for and not found.
pub struct AbsentType {
    /// Its code.
    pub type_code: String,
    /// Its Chinese name.
    pub name: String,
    /// What the absence is worth.
    pub absence: Absence,
}

impl AbsentType {
    /// The absence as a sentence that may be shown.
    pub fn sentence(&self) -> String {
        self.absence.sentence(&self.name)
    }
}

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
) -> Result<AbsentType> {
    let today = now.day();
    let born = code.person().map(|person| person.birth_date);
    let regions = within.map(|within| within.distinct().into_iter().collect::<Vec<_>>());
    let regions = regions.filter(|regions| !regions.is_empty());
    let from = within.and_then(|within| within.from).or(born);
    let to = within.and_then(|within| within.to).unwrap_or(today);
    let span = from.map(|from| (from, to));
    let question =
        Question::new(type_code, regions.unwrap_or_else(|| vec![snapshot.home]), span).map_err(|fault| {
            Error::new(Code::FieldInvalid, fault.to_string())
                .at("within.to")
                .rule(crate::rule::Rule::SpanBackwards)
        })?;
    let absence = snapshot.catalog.absence(&question, now, FEED_LATE_S);
    let entry = snapshot.catalog.type_of(type_code);
    let name = entry.map(|entry| entry.def().name.zh.clone()).unwrap_or_default();
    Ok(AbsentType { type_code: type_code.to_owned(), name, absence })
}

/// What the absence of a type means.
#[derive(Serialize, ToSchema)]
#[schema(as = AbsentType)]
pub struct AbsentAnswer<'a> {
    /// What it is worth.
    absence: AbsenceKind,
    /// The statements it rests on, and what lies outside them.
    coverage: CoverageAnswer<'a>,
    /// The same as a sentence that may be shown.
    text: String,
    /// Type code.
    r#type: &'a str,
}

/// The ground of an absence: the feeds that are late, or the statements that there are and what they leave out.
#[derive(Serialize, ToSchema)]
#[schema(as = AbsenceCoverage)]
struct CoverageAnswer<'a> {
    /// Feeds that are late, with `feed_late` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    late: Option<Vec<LateAnswer<'a>>>,
    /// Parts of the question that no statement covers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    missing: Option<Vec<MissingAnswer>>,
    /// The statements that there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    statements: Option<Vec<StatementAnswer<'a>>>,
}

/// A feed that is late.
#[derive(Serialize, ToSchema)]
#[schema(as = LateFeed)]
struct LateAnswer<'a> {
    /// Its last sign of life.
    #[schema(value_type = String, format = DateTime)]
    as_of: Moment,
    /// The system it comes from.
    system: &'a str,
}

/// A part of the question that no statement covers.
#[derive(Serialize, ToSchema)]
#[schema(as = MissingPart)]
struct MissingAnswer {
    /// First day of issue; null for the beginning of time.
    #[schema(required = true, value_type = Option<String>, format = Date)]
    from: Option<Day>,
    /// Region of issue, six digits.
    region: String,
    /// Last day of issue.
    #[schema(value_type = String, format = Date)]
    to: Day,
    /// Why it is not covered.
    why: MissingWhy,
}

/// A statement of what is on file.
#[derive(Serialize, ToSchema)]
#[schema(as = CoverageStatement)]
struct StatementAnswer<'a> {
    /// To when the stock is known.
    #[schema(value_type = String, format = DateTime)]
    as_of: Moment,
    /// System, days and regions, as they may be shown.
    scope: String,
    /// The system that the records come from.
    system: &'a str,
}

impl Serialize for AbsentType {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        AbsentAnswer::from(self).serialize(to)
    }
}

impl<'a> From<&'a AbsentType> for AbsentAnswer<'a> {
    fn from(absent: &'a AbsentType) -> Self {
        Self {
            absence: absent.absence.kind(),
            coverage: CoverageAnswer::from(&absent.absence),
            text: absent.sentence(),
            r#type: &absent.type_code,
        }
    }
}

impl<'a> From<&'a Absence> for CoverageAnswer<'a> {
    fn from(absence: &'a Absence) -> Self {
        let (statements, missing): (&[Coverage], &[Missing]) = match absence {
            Absence::NoneWithinCoverage(stated) => (stated, &[]),
            Absence::NotCovered { parts, stated } => (stated, parts),
            Absence::FeedLate { late } => {
                let late = late.iter().map(|(system, as_of)| LateAnswer { as_of: *as_of, system });
                return Self { late: Some(late.collect()), missing: None, statements: None };
            }
        };
        let statements = statements.iter().map(|one| StatementAnswer {
            as_of: one.as_of,
            scope: one.scope(),
            system: &one.issuing_system,
        });
        let missing = missing.iter().map(|part| MissingAnswer {
            from: part.from,
            region: part.region.to_string(),
            to: part.to,
            why: part.why.kind(),
        });
        Self { late: None, missing: Some(missing.collect()), statements: Some(statements.collect()) }
    }
}
