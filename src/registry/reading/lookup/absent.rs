//! The meaning of "nothing found" for a type (I13): told only within a coverage statement and in its words, and only
//! of what the holder could have.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::catalog::{
    Absence, AbsenceKind, AskedRegions, Coverage, FEED_LATE_S, Missing, MissingWhy, Question, Region, Unfit,
};
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, Regions};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::lookup::ask::Within;
use crate::rule::Rule;

/// Regions that a holder's records add to a question. Who has records in more is asked for in the whole country.
const REGIONS_OF_RECORDS: usize = 8;

/// A type that was asked for and not found.
pub struct AbsentType {
    /// Its code.
    pub type_code: String,
    /// Its Chinese name.
    pub name: String,
    /// The worth of the absence.
    pub absence: Absence,
    /// The days and regions that were asked; none where the type does not apply.
    searched: Option<Searched>,
    /// The names of the regions in [`AbsentType::absence`], in the order of its parts.
    names: Vec<String>,
    sentence: String,
}

/// The days and regions of issue that were asked.
struct Searched {
    from: Option<Day>,
    to: Day,
    regions: Vec<(Region, String)>,
}

impl AbsentType {
    /// The absence as a sentence that may be shown.
    pub fn sentence(&self) -> &str {
        &self.sentence
    }
}

/// The question of every absence about one holder.
pub(super) struct AbsenceAsked<'a> {
    pub snapshot: &'a Snapshot,
    /// Names of regions.
    pub regions: &'a Regions,
    pub code: &'a HolderCode,
    /// The asker's own days and regions.
    pub within: Option<&'a Within>,
    /// The regions of the agencies that issued what the asker may see of the holder.
    pub of_records: BTreeSet<Region>,
    /// Somebody stated a death.
    pub dead: bool,
    pub now: Moment,
}

impl AbsenceAsked<'_> {
    /// Whether the type is mentioned where nobody named it: it applies, it can be the holder's own, and if it is of
    /// the dead, somebody stated a death.
    pub fn mentions(&self, type_code: &str) -> bool {
        let entry = self.snapshot.catalog.type_of(type_code);
        let Some(applies) = entry.and_then(|entry| entry.def().applies.as_ref()) else { return true };
        (self.dead || !applies.of_the_dead) && applies.mentioned(self.code, self.last_day())
    }

    /// The absence of a type.
    ///
    /// The question to the coverage is: could such a record exist without being on file here? It asks for the
    /// named regions (without names, those that the type's rule says), and for the named days as far as the
    /// type was issued to such a holder in them (without days, from the first day it could have been to today).
    pub fn absence(&self, type_code: &str) -> Result<AbsentType> {
        let entry = self.snapshot.catalog.type_of(type_code);
        let name = entry.map(|entry| entry.def().name.zh.clone()).unwrap_or_default();
        let applies = entry.and_then(|entry| entry.def().applies.as_ref());
        let to = self.last_day();
        let stated = self.within.and_then(|within| within.from);
        if stated.is_some_and(|from| self.within.and_then(|within| within.to).is_some_and(|to| to < from)) {
            let detail = "the last day of the question lies before its first";
            return Err(Error::new(Code::FieldInvalid, detail).at("within.to").rule(Rule::SpanBackwards));
        }
        let born = self.code.person().map(|person| person.birth_date);
        let first = match applies {
            None => Ok(born),
            Some(applies) => applies.first_day(self.code, to),
        };
        let first = match first {
            Ok(first) => first,
            Err(unfit) => return Ok(unfitting(type_code, name, unfit)),
        };
        let until = applies.and_then(|applies| applies.until);
        let to = until.map_or(to, |until| until.min(to));
        let from = stated.max(first);
        let regions = self.asked_regions(applies.map_or(AskedRegions::Records, |applies| applies.regions));
        let Ok(question) = Question::new(type_code, regions, from, Some(to)) else {
            return Ok(unfitting(type_code, name, Unfit::Days));
        };
        let absence = self.snapshot.catalog.absence(&question, self.now, FEED_LATE_S);
        let named = |region: Region| self.name_of(type_code, region);
        let names = match &absence {
            Absence::NotCovered { parts, .. } => parts.iter().map(|part| named(part.region)).collect(),
            _ => Vec::new(),
        };
        let regions = question.regions().iter().map(|region| (*region, named(*region))).collect();
        let sentence = absence.sentence(&name, &named);
        let searched = Some(Searched { from, to, regions });
        Ok(AbsentType { type_code: type_code.to_owned(), name, absence, searched, names, sentence })
    }

    /// The last day asked for; days after today are not.
    fn last_day(&self) -> Day {
        let today = self.now.day();
        self.within.and_then(|within| within.to).map_or(today, |to| to.min(today))
    }

    fn asked_regions(&self, rule: AskedRegions) -> Vec<Region> {
        let stated = self.within.map(Within::distinct).unwrap_or_default();
        if !stated.is_empty() {
            return stated.into_iter().collect();
        }
        match rule {
            AskedRegions::Country => vec![Region::COUNTRY],
            AskedRegions::Home => vec![self.snapshot.home],
            AskedRegions::Records => smallest(self.of_records.iter().copied().chain([self.snapshot.home])),
        }
    }

    /// The name of a region as the statements about the type write it, or as the list of regions does.
    fn name_of(&self, type_code: &str, region: Region) -> String {
        if region == Region::COUNTRY {
            return "全国".to_owned();
        }
        let stated = self.snapshot.catalog.coverages(type_code).iter().flat_map(|one| &one.regions);
        let code = region.to_string();
        let listed = || self.regions.full_name(code.get(..6)?).filter(|_| code.len() == 6);
        let named = stated.filter(|one| one.code == region).map(|one| one.name.clone()).next();
        named.or_else(listed).unwrap_or(code)
    }
}

/// The regions that contain no other of them: a record of a province tells less than one of its county. Too many
/// become the whole country, so that nothing is left out.
fn smallest(regions: impl Iterator<Item = Region>) -> Vec<Region> {
    let all: BTreeSet<Region> = regions.collect();
    let holds_another = |one: &Region| all.iter().any(|other| other != one && one.covers(*other));
    let smallest: Vec<Region> = all.iter().copied().filter(|one| !holds_another(one)).collect();
    if smallest.len() > REGIONS_OF_RECORDS { vec![Region::COUNTRY] } else { smallest }
}

fn unfitting(type_code: &str, name: String, unfit: Unfit) -> AbsentType {
    let absence = Absence::DoesNotApply(unfit);
    let sentence = absence.sentence(&name, &|region| region.to_string());
    AbsentType { type_code: type_code.to_owned(), name, absence, searched: None, names: Vec::new(), sentence }
}

/// The one conclusion about a holder of whom nothing may be shown.
#[derive(Serialize, ToSchema)]
pub struct Conclusion {
    /// The worth of all absences together: nothing is known as long as one of them is not.
    absence: AbsenceKind,
    /// The same as a sentence that may be shown.
    pub text: String,
}

impl Conclusion {
    /// From the absences; none where nothing is told of any.
    pub(super) fn of(absent: &[AbsentType]) -> Option<Self> {
        let kinds = [
            AbsenceKind::NotCovered,
            AbsenceKind::FeedLate,
            AbsenceKind::NoneWithinCoverage,
            AbsenceKind::DoesNotApply,
        ];
        let of = |kind: AbsenceKind| absent.iter().filter(move |one| one.absence.kind() == kind);
        let absence = kinds.into_iter().find(|kind| of(*kind).next().is_some())?;
        let part = |kinds: &[AbsenceKind], said: &str| {
            let names: Vec<&str> =
                kinds.iter().flat_map(|kind| of(*kind)).map(|one| one.name.as_str()).collect();
            (!names.is_empty()).then(|| format!("{said}{}类：{}", names.len(), names.join("、")))
        };
        let parts = [
            part(&[AbsenceKind::NoneWithinCoverage], "在覆盖范围内未查询到"),
            part(&[AbsenceKind::NotCovered, AbsenceKind::FeedLate], "暂无法核验"),
            part(&[AbsenceKind::DoesNotApply], "不适用"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        Some(Self {
            absence, text: format!("本次未查询到可以出示的证照。{}", parts.join("；"))
        })
    }
}

/// What the absence of a type means.
#[derive(Serialize, ToSchema)]
#[schema(as = AbsentType)]
pub struct AbsentAnswer<'a> {
    /// What it is worth.
    absence: AbsenceKind,
    /// The statements it rests on, and what lies outside them.
    coverage: CoverageAnswer<'a>,
    /// The days and regions of issue that were asked; left out where the type does not apply.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    searched: Option<SearchedAnswer<'a>>,
    /// The same as a sentence that may be shown.
    text: &'a str,
    /// Type code.
    r#type: &'a str,
    /// With `does_not_apply` alone: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    unfit: Option<Unfit>,
}

/// The days and regions of issue that were asked.
#[derive(Serialize, ToSchema)]
#[schema(as = SearchedWithin)]
struct SearchedAnswer<'a> {
    /// First day; null for the beginning of time.
    #[schema(required = true)]
    from: Option<Day>,
    /// The regions.
    regions: Vec<NamedRegion<'a>>,
    /// Last day.
    to: Day,
}

/// A region with its name.
#[derive(Serialize, ToSchema)]
struct NamedRegion<'a> {
    /// Six, nine or twelve digits.
    code: String,
    /// The name, or the code where no list has one.
    name: &'a str,
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
    missing: Option<Vec<MissingAnswer<'a>>>,
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
    as_of: Moment,
    /// The system it comes from.
    system: &'a str,
}

/// A part of the question that no statement covers.
#[derive(Serialize, ToSchema)]
#[schema(as = MissingPart)]
struct MissingAnswer<'a> {
    /// First day of issue; null for the beginning of time.
    #[schema(required = true)]
    from: Option<Day>,
    /// The name of the region, or its code where no list has one.
    name: &'a str,
    /// Region of issue, six digits.
    region: String,
    /// The reason with its counts, as it may be shown.
    text: String,
    /// Last day of issue.
    to: Day,
    /// Why it is not covered.
    why: MissingWhy,
}

/// A statement of what is on file.
#[derive(Serialize, ToSchema)]
#[schema(as = CoverageStatement)]
struct StatementAnswer<'a> {
    /// To when the stock is known.
    as_of: Moment,
    /// The known gaps, in the statement's words.
    gaps: Vec<&'a str>,
    /// Rows with a doubtful number, which no lookup finds.
    quarantined: u64,
    /// System, days and regions, as they may be shown.
    scope: String,
    /// Share of the stock that is on file, in permille.
    share_on_file: u16,
    /// The system that the records come from.
    system: &'a str,
    /// Rows without a sure number, which no lookup finds.
    unbound: u64,
}

impl Serialize for AbsentType {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        AbsentAnswer::from(self).serialize(to)
    }
}

impl<'a> From<&'a AbsentType> for AbsentAnswer<'a> {
    fn from(absent: &'a AbsentType) -> Self {
        let searched = absent.searched.as_ref().map(|searched| SearchedAnswer {
            from: searched.from,
            regions: searched
                .regions
                .iter()
                .map(|(code, name)| NamedRegion { code: code.to_string(), name })
                .collect(),
            to: searched.to,
        });
        Self {
            absence: absent.absence.kind(),
            coverage: CoverageAnswer::of(absent),
            searched,
            text: absent.sentence(),
            r#type: &absent.type_code,
            unfit: match absent.absence {
                Absence::DoesNotApply(unfit) => Some(unfit),
                _ => None,
            },
        }
    }
}

impl<'a> CoverageAnswer<'a> {
    fn of(absent: &'a AbsentType) -> Self {
        let (statements, missing): (&[Coverage], &[Missing]) = match &absent.absence {
            Absence::NoneWithinCoverage(stated) => (stated, &[]),
            Absence::NotCovered { parts, stated } => (stated, parts),
            Absence::DoesNotApply(_) => (&[], &[]),
            Absence::FeedLate { late } => {
                let late = late.iter().map(|(system, as_of)| LateAnswer { as_of: *as_of, system });
                return Self { late: Some(late.collect()), missing: None, statements: None };
            }
        };
        let statements = statements.iter().map(|one| StatementAnswer {
            as_of: one.as_of,
            gaps: one.gaps.iter().map(|gap| gap.text.as_str()).collect(),
            quarantined: one.quarantined,
            scope: one.scope(),
            share_on_file: one.share_on_file,
            system: &one.issuing_system,
            unbound: one.unbound,
        });
        let missing = missing.iter().zip(&absent.names).map(|(part, name)| MissingAnswer {
            from: part.from,
            name,
            region: part.region.to_string(),
            text: part.why.text(),
            to: part.to,
            why: part.why.kind(),
        });
        Self { late: None, missing: Some(missing.collect()), statements: Some(statements.collect()) }
    }
}
