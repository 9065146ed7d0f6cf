//! The agencies that may state something about a person or an organisation (practice R6): deaths,
//! deregistrations, dissolutions, and that two codes are of one holder.
//!
//! An empowerment is (agency, statement, source, region and everything below it, period). It decides the
//! source of a mark, not the caller's word. A successor holds the empowerments that its predecessor held on
//! its last day.

use serde::{Deserialize, Serialize};

use crate::catalog::authority::inherited_on;
use crate::catalog::{Agencies, Region};
use crate::clock::Day;
use crate::closed::closed;
use crate::rule::Rule;

closed! {
    /// A statement about a holder.
    Statement {
        Death, "death", "确认死亡", "a death";
        DeathReport, "death_report", "报告死亡", "a report of a death";
        Deregistration, "deregistration", "注销户口", "the end of household registration";
        Provisional, "provisional", "临时主体", "a holder without a number of its own yet";
        Dissolution, "dissolution", "组织终止", "the end of an organisation";
        SamePerson, "same_person", "同一人", "two codes of one person";
        SameEntity, "same_entity", "同一组织", "two codes of one organisation";
        Successor, "successor", "承继", "one organisation after another";
    }
}

impl Statement {
    /// Whether it is about the life of a person or an organisation, and so makes a mark; the others make links.
    pub const fn is_of_life(self) -> bool {
        match self {
            Self::Death
            | Self::DeathReport
            | Self::Deregistration
            | Self::Provisional
            | Self::Dissolution => true,
            Self::SamePerson | Self::SameEntity | Self::Successor => false,
        }
    }
}

closed! {
    /// The kind of office that an agency is in matters of people's lives.
    HolderSource {
        Household, "household", "户籍机关", "household registration";
        Court, "court", "人民法院", "a court";
        Issuer, "issuer", "发证机构确认", "the issuer's own confirmation";
        Registrar, "registrar", "登记机关", "the registrar of organisations";
        Hospital, "hospital", "医疗机构", "a hospital";
        Cremation, "cremation", "殡葬机构", "a cremation record";
        SocialInsurance, "social_insurance", "社保机构", "social insurance";
        Other, "other", "其他", "another source";
    }
}

impl HolderSource {
    /// Whether an office of this kind can be given that statement at all.
    pub const fn may_state(self, statement: Statement) -> bool {
        match statement {
            Statement::Death | Statement::Deregistration => matches!(self, Self::Household | Self::Court),
            Statement::DeathReport => {
                matches!(
                    self,
                    Self::Hospital | Self::Cremation | Self::SocialInsurance | Self::Household | Self::Court
                )
            }
            Statement::Provisional => matches!(self, Self::Household | Self::Hospital),
            Statement::Dissolution | Statement::SameEntity | Statement::Successor => {
                matches!(self, Self::Registrar)
            }
            Statement::SamePerson => matches!(self, Self::Household | Self::Issuer),
        }
    }
}

/// One empowerment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empowerment {
    /// Credit code of the agency.
    pub agency: String,
    /// The statement that it may make and take back.
    pub statement: Statement,
    /// The kind of office.
    pub source: HolderSource,
    /// Region; everything below it is included.
    pub region: Region,
    /// First day.
    pub from: Day,
    /// Last day; none while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Day>,
}

/// Why an agency may not state something. The nearest reason is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmpowermentFault {
    /// It does not stand on that day.
    #[error("the agency does not stand on that day")]
    AgencyNotInForce,
    /// It is not empowered for the statement, and no predecessor is.
    #[error("the agency has no authority over people for this statement")]
    StatementNotGiven,
    /// Only for other regions.
    #[error("the authority does not cover the agency's region")]
    RegionNotCovered,
    /// Only for other days.
    #[error("the authority does not hold on that day")]
    OutsidePeriod,
}

impl EmpowermentFault {
    /// The stable name of the rule.
    pub const fn rule(self) -> Rule {
        match self {
            Self::AgencyNotInForce => Rule::AuthorityAgencyNotInForce,
            Self::StatementNotGiven => Rule::EmpowermentMissing,
            Self::RegionNotCovered => Rule::AuthorityRegionNotCovered,
            Self::OutsidePeriod => Rule::AuthorityOutsidePeriod,
        }
    }
}

/// All empowerments, present and past.
#[derive(Debug, Clone, Default)]
pub struct Empowerments(Vec<Empowerment>);

impl Empowerments {
    /// Puts them together. Refuses and gives back one of an unknown agency, one that ends before it begins,
    /// and one that no office of its kind can have.
    pub fn new(
        agencies: &Agencies,
        all: impl IntoIterator<Item = Empowerment>,
    ) -> Result<Self, Box<Empowerment>> {
        let mut kept = Vec::new();
        for one in all {
            let backwards = one.to.is_some_and(|to| to < one.from);
            if agencies.latest(&one.agency).is_none() || backwards || !one.source.may_state(one.statement) {
                return Err(Box::new(one));
            }
            kept.push(one);
        }
        Ok(Self(kept))
    }

    /// All of them, in the order in which they were given.
    pub fn all(&self) -> &[Empowerment] {
        &self.0
    }

    /// Whether `agency` holds that one on a day: its own, or one that it took over.
    pub fn holds(&self, agencies: &Agencies, one: &Empowerment, agency: &str, on: Day) -> bool {
        held_on(agencies, one, agency, on)
            .is_some_and(|day| one.from <= day && one.to.is_none_or(|to| day <= to))
    }

    /// The empowerment by which an agency may state something on a day, for its own region.
    pub fn of(
        &self,
        agencies: &Agencies,
        agency: &str,
        statement: Statement,
        on: Day,
    ) -> Result<&Empowerment, EmpowermentFault> {
        let own = agencies.on(agency, on).ok_or(EmpowermentFault::AgencyNotInForce)?;
        let mut nearest = EmpowermentFault::StatementNotGiven;
        for one in self.0.iter().filter(|one| one.statement == statement) {
            let Some(day) = held_on(agencies, one, agency, on) else { continue };
            if !one.region.covers(own.region) {
                if nearest == EmpowermentFault::StatementNotGiven {
                    nearest = EmpowermentFault::RegionNotCovered;
                }
            } else if one.from <= day && one.to.is_none_or(|to| day <= to) {
                return Ok(one);
            } else {
                nearest = EmpowermentFault::OutsidePeriod;
            }
        }
        Err(nearest)
    }
}

impl Empowerments {
    /// The regions, each with everything below it, in which an agency may state something on a day.
    pub fn regions<'a>(
        &'a self,
        agencies: &'a Agencies,
        agency: &'a str,
        statement: Statement,
        on: Day,
    ) -> impl Iterator<Item = Region> + 'a {
        let holds = move |one: &&Empowerment| {
            one.statement == statement
                && held_on(agencies, one, agency, on)
                    .is_some_and(|day| one.from <= day && one.to.is_none_or(|to| day <= to))
        };
        self.0.iter().filter(holds).map(|one| one.region)
    }
}

/// The day on which the empowerment must hold for `agency` to use it on `on`: that day itself, or the last day of
/// the predecessor whose empowerment it is.
fn held_on(agencies: &Agencies, one: &Empowerment, agency: &str, on: Day) -> Option<Day> {
    if one.agency == agency {
        return Some(on);
    }
    let last = agencies.latest(&one.agency)?.valid_to?;
    let taken_over = last < on && agencies.successor(&one.agency, on)?.code == agency;
    taken_over.then(|| inherited_on(last, (one.from, one.to), on))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::agency::tests::agency;

    const POLICE: &str = "11190101MD10000500";
    const OLD: &str = "11190101MD10000425";
    const CREMATION: &str = "11190000MD10009070";

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn given(agency: &str, statement: Statement, source: HolderSource, region: &str) -> Empowerment {
        Empowerment {
            agency: agency.to_owned(),
            statement,
            source,
            region: region.parse().unwrap(),
            from: day("2000-01-01"),
            to: None,
        }
    }

    fn agencies() -> Agencies {
        Agencies::new([
            agency(OLD, "城东区公安局", "190101", "1985-01-01", "2014-12-31", POLICE),
            agency(POLICE, "示范市公安局城东分局", "190101", "2015-01-01", "", ""),
            agency(CREMATION, "示范市殡仪馆", "190100", "2000-01-01", "", ""),
        ])
        .unwrap()
    }

    #[test]
    fn a_crematorium_reports_and_never_confirms() {
        let agencies = agencies();
        for statement in Statement::ALL.iter().copied().filter(|one| *one != Statement::DeathReport) {
            assert!(!HolderSource::Cremation.may_state(statement), "{statement:?}");
            let one = given(CREMATION, statement, HolderSource::Cremation, "190100");
            assert!(Empowerments::new(&agencies, [one]).is_err());
        }
        let one = given(CREMATION, Statement::DeathReport, HolderSource::Cremation, "190100");
        let all = Empowerments::new(&agencies, [one]).unwrap();
        assert!(all.of(&agencies, CREMATION, Statement::DeathReport, day("2026-11-22")).is_ok());
        let refused = all.of(&agencies, CREMATION, Statement::Death, day("2026-11-22"));
        assert_eq!(refused.unwrap_err().rule(), Rule::EmpowermentMissing);
    }

    #[test]
    fn a_successor_takes_over_and_regions_and_days_bound() {
        let agencies = agencies();
        let own = given(OLD, Statement::Death, HolderSource::Household, "190101");
        let all = Empowerments::new(&agencies, [own.clone()]).unwrap();
        let rule = |all: &Empowerments, agency: &str, on| {
            all.of(&agencies, agency, Statement::Death, day(on))
                .map_err(EmpowermentFault::rule)
                .map(|one| one.source)
        };
        assert_eq!(rule(&all, OLD, "2010-01-01"), Ok(HolderSource::Household));
        assert_eq!(rule(&all, POLICE, "2026-11-22"), Ok(HolderSource::Household), "taken over");
        assert_eq!(rule(&all, OLD, "2026-11-22"), Err(Rule::AuthorityAgencyNotInForce));
        assert_eq!(rule(&all, CREMATION, "2026-11-22"), Err(Rule::EmpowermentMissing));
        let elsewhere = Empowerment { region: "190102".parse().unwrap(), ..own.clone() };
        let all = Empowerments::new(&agencies, [elsewhere]).unwrap();
        assert_eq!(rule(&all, POLICE, "2026-11-22"), Err(Rule::AuthorityRegionNotCovered));
        let ended = Empowerment { to: Some(day("2009-12-31")), ..own.clone() };
        let all = Empowerments::new(&agencies, [ended]).unwrap();
        assert_eq!(rule(&all, POLICE, "2026-11-22"), Err(Rule::AuthorityOutsidePeriod));
        let backwards = Empowerment { to: Some(day("1999-12-31")), ..own.clone() };
        assert!(Empowerments::new(&agencies, [backwards]).is_err());
        let nobody = Empowerment { agency: "11190101MD10000999".into(), ..own };
        assert!(Empowerments::new(&agencies, [nobody]).is_err());
    }
}
