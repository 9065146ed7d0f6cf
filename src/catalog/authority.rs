//! The authority of agencies to issue: types, places and times.
//!
//! A grant is (agency, type, region and everything below it, period). The holder's own region plays no part:
//! a national or provincial issuer covers every place below its grant. A successor holds what its predecessor
//! held on its last day, so that 市场监督管理局 corrects what 工商局 issued.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{Agencies, Region, RegionFault};
use crate::clock::Day;
use crate::rule::Rule;

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// Credit code of the agency.
    pub agency: String,
    /// 21-character type code.
    pub type_code: String,
    /// Region; everything below it is included.
    pub region: Region,
    /// First day.
    pub from: Day,
    /// Last day; none while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Day>,
}

impl Authority {
    fn holds_on(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// How an agency has a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// The grant is its own.
    Own,
    /// It took over from the agency with this code.
    SuccessorOf(String),
}

/// The grant on which an act rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityRef<'a> {
    /// The grant.
    pub grant: &'a Authority,
    /// How the agency has it.
    pub via: Via,
}

/// Why an agency may not. The nearest reason is told: each variant means that all earlier checks passed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityFault {
    /// The region of issue is not a region code.
    #[error("the region of issue is malformed: {0}")]
    RegionMalformed(#[from] RegionFault),
    /// No such agency.
    #[error("no such agency")]
    AgencyUnknown,
    /// The agency does not stand on that day.
    #[error("the agency does not stand on that day")]
    AgencyNotInForce,
    /// It has no grant for the type, and no predecessor has one.
    #[error("the agency has no grant for this type")]
    TypeNotGranted,
    /// Its grants are for other regions.
    #[error("the grant does not cover the region of issue")]
    RegionNotCovered,
    /// Its grants are for other days.
    #[error("the grant does not hold on that day")]
    OutsidePeriod,
    /// The record belongs to an issuer whose successor is another agency.
    #[error("the agency is neither the issuer nor its successor")]
    NotTheIssuer,
}

impl AuthorityFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::RegionMalformed(_) => Rule::AuthorityRegionMalformed,
            Self::AgencyUnknown => Rule::AuthorityAgencyUnknown,
            Self::AgencyNotInForce => Rule::AuthorityAgencyNotInForce,
            Self::TypeNotGranted => Rule::AuthorityTypeNotGranted,
            Self::RegionNotCovered => Rule::AuthorityRegionNotCovered,
            Self::OutsidePeriod => Rule::AuthorityOutsidePeriod,
            Self::NotTheIssuer => Rule::AuthorityNotTheIssuer,
        }
    }
}

/// Agencies with their grants.
#[derive(Debug, Clone, Default)]
pub struct Issuers {
    agencies: Agencies,
    by_type: HashMap<String, Vec<Authority>>,
}

impl Issuers {
    /// Puts agencies and grants together; a grant to an unknown agency is refused and given back.
    pub fn new(
        agencies: Agencies,
        grants: impl IntoIterator<Item = Authority>,
    ) -> Result<Self, Box<Authority>> {
        let mut by_type: HashMap<String, Vec<Authority>> = HashMap::new();
        for grant in grants {
            if agencies.latest(&grant.agency).is_none() || grant.to.is_some_and(|to| to < grant.from) {
                return Err(Box::new(grant));
            }
            by_type.entry(grant.type_code.clone()).or_default().push(grant);
        }
        Ok(Self { agencies, by_type })
    }

    /// The agencies.
    pub fn agencies(&self) -> &Agencies {
        &self.agencies
    }

    /// The grants for a type.
    pub fn grants(&self, type_code: &str) -> &[Authority] {
        self.by_type.get(type_code).map_or(&[], Vec::as_slice)
    }

    /// The grant by which `agency` may issue a record of the type in that region on that day.
    pub fn authorised(
        &self,
        agency: &str,
        type_code: &str,
        region: &str,
        on: Day,
    ) -> Result<AuthorityRef<'_>, AuthorityFault> {
        let region: Region = region.parse()?;
        if self.agencies.latest(agency).is_none() {
            return Err(AuthorityFault::AgencyUnknown);
        }
        if self.agencies.on(agency, on).is_none() {
            return Err(AuthorityFault::AgencyNotInForce);
        }
        let mut nearest = AuthorityFault::TypeNotGranted;
        for grant in self.grants(type_code) {
            let Some((via, day)) = self.held(grant, agency, on) else { continue };
            if !grant.region.covers(region) {
                if nearest == AuthorityFault::TypeNotGranted {
                    nearest = AuthorityFault::RegionNotCovered;
                }
            } else if grant.holds_on(day) {
                return Ok(AuthorityRef { grant, via });
            } else {
                nearest = AuthorityFault::OutsidePeriod;
            }
        }
        Err(nearest)
    }

    /// The grant by which `actor` may act on `on` on a record that `issuer` issued in that region.
    ///
    /// Allowed are the issuer itself, or its successor by that day. If the duty went to an agency that is not
    /// a successor, neither may issue any more. Then an agency with a grant of its own for the place may act:
    /// else nobody could correct such records. While the issuer still answers for its records, another agency
    /// with a grant for the same place may not touch them.
    pub fn may_act(
        &self,
        actor: &str,
        issuer: &str,
        type_code: &str,
        region: &str,
        on: Day,
    ) -> Result<AuthorityRef<'_>, AuthorityFault> {
        let responsible = self.agencies.successor(issuer, on).ok_or(AuthorityFault::AgencyUnknown)?;
        if responsible.code != actor {
            match self.authorised(&responsible.code, type_code, region, on) {
                Err(
                    AuthorityFault::TypeNotGranted
                    | AuthorityFault::OutsidePeriod
                    | AuthorityFault::AgencyNotInForce,
                ) => {}
                Err(AuthorityFault::RegionMalformed(fault)) => return Err(fault.into()),
                _ => return Err(AuthorityFault::NotTheIssuer),
            }
        }
        self.authorised(actor, type_code, region, on)
    }

    /// Whether `agency` holds that grant on a day: its own, or one that it took over.
    pub fn holds(&self, grant: &Authority, agency: &str, on: Day) -> bool {
        self.held(grant, agency, on).is_some_and(|(_, day)| grant.holds_on(day))
    }

    /// How `agency` holds a grant on `on`, and the day on which the grant itself must hold: a predecessor's
    /// grant counts as it stood on the predecessor's last day, until a later last day that it was given.
    fn held(&self, grant: &Authority, agency: &str, on: Day) -> Option<(Via, Day)> {
        if grant.agency == agency {
            return Some((Via::Own, on));
        }
        let last = self.agencies.latest(&grant.agency)?.valid_to?;
        let taken_over = last < on && self.agencies.successor(&grant.agency, on)?.code == agency;
        let day = inherited_on(last, (grant.from, grant.to), on);
        taken_over.then(|| (Via::SuccessorOf(grant.agency.clone()), day))
    }
}

/// The day on which something that a successor took over must hold to be used on `on`: the predecessor's last day; or
/// that day itself where it was given a last day behind, by which it ends for the successor too.
pub(super) fn inherited_on(last: Day, (from, to): (Day, Option<Day>), on: Day) -> Day {
    if from <= last && to.is_some_and(|to| last < to) { on } else { last }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::agency::tests::agency;

    const TYPE: &str = "11190000MD10009070011";
    const OLD: &str = "11190101MD10000500";
    const NEW: &str = "11190101MD10000425";
    const PROVINCE: &str = "11190000MD10009070";

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn grant(agency: &str, region: &str, from: &str, to: &str) -> Authority {
        Authority {
            agency: agency.to_owned(),
            type_code: TYPE.to_owned(),
            region: region.parse().unwrap(),
            from: day(from),
            to: (!to.is_empty()).then(|| day(to)),
        }
    }

    fn issuers(old_grant_to: &str) -> Issuers {
        let agencies = Agencies::new([
            agency(OLD, "城东区工商行政管理局", "190101", "1985-01-01", "2014-12-31", NEW),
            agency(NEW, "城东区市场监督管理局", "190101", "2015-01-01", "", ""),
            agency(PROVINCE, "示范省市场监督管理局", "190000", "2000-01-01", "", ""),
        ]);
        let grants = [
            grant(OLD, "190101", "1985-01-01", old_grant_to),
            grant(PROVINCE, "190000", "2000-01-01", "2020-12-31"),
        ];
        Issuers::new(agencies.unwrap(), grants).unwrap()
    }

    #[test]
    fn a_successor_corrects_what_its_predecessor_issued() {
        let issuers = issuers("");
        assert_eq!(issuers.authorised(OLD, TYPE, "190101", day("2010-05-01")).unwrap().via, Via::Own);
        let acting = issuers.may_act(NEW, OLD, TYPE, "190101", day("2026-11-22")).unwrap();
        assert_eq!(acting.via, Via::SuccessorOf(OLD.to_owned()));
        assert_eq!(acting.grant.agency, OLD);
        let refused =
            |actor: &str, on| issuers.may_act(actor, OLD, TYPE, "190101", day(on)).unwrap_err().rule();
        assert_eq!(refused(OLD, "2026-11-22"), Rule::AuthorityNotTheIssuer);
        assert_eq!(refused(NEW, "2014-12-31"), Rule::AuthorityNotTheIssuer);
        assert_eq!(refused(PROVINCE, "2016-01-01"), Rule::AuthorityNotTheIssuer);
    }

    #[test]
    fn a_duty_that_went_elsewhere_is_not_orphaned() {
        let agencies = Agencies::new([
            agency(OLD, "城东区原发证机关", "190101", "1985-01-01", "", ""),
            agency(NEW, "示范市发证机关", "190100", "2015-01-01", "", ""),
        ]);
        let grants =
            [grant(OLD, "190101", "1985-01-01", "2019-12-31"), grant(NEW, "190100", "2020-01-01", "")];
        let issuers = Issuers::new(agencies.unwrap(), grants).unwrap();
        let act =
            |actor: &str, on| issuers.may_act(actor, OLD, TYPE, "190101", day(on)).map(|found| found.via);
        assert_eq!(act(OLD, "2019-12-31"), Ok(Via::Own));
        assert_eq!(act(NEW, "2019-12-31"), Err(AuthorityFault::NotTheIssuer));
        assert_eq!(act(NEW, "2020-01-01"), Ok(Via::Own));
        assert_eq!(act(OLD, "2020-01-01"), Err(AuthorityFault::OutsidePeriod));
    }

    #[test]
    fn a_grant_that_had_ended_is_not_taken_over() {
        let issuers = issuers("2010-12-31");
        let refused = issuers.authorised(NEW, TYPE, "190101", day("2026-11-22"));
        assert_eq!(refused.unwrap_err(), AuthorityFault::OutsidePeriod);
    }

    #[test]
    fn a_province_issues_for_every_village_within_its_period() {
        let issuers = issuers("");
        for region in ["190000", "190100", "190102", "190102003", "190102003004"] {
            assert!(issuers.authorised(PROVINCE, TYPE, region, day("2020-12-31")).is_ok(), "{region}");
        }
        let refused =
            |agency: &str, region: &str, on| issuers.authorised(agency, TYPE, region, day(on)).unwrap_err();
        assert_eq!(refused(PROVINCE, "290101", "2020-01-01"), AuthorityFault::RegionNotCovered);
        assert_eq!(refused(PROVINCE, "190101", "2021-01-01"), AuthorityFault::OutsidePeriod);
        assert_eq!(refused(NEW, "190102", "2021-01-01"), AuthorityFault::RegionNotCovered);
        assert_eq!(refused(NEW, "190101", "2014-12-31"), AuthorityFault::AgencyNotInForce);
        assert_eq!(refused(NEW, "19010", "2021-01-01"), AuthorityFault::RegionMalformed(RegionFault::Length));
        assert_eq!(refused("11190101MD10000999", "190101", "2021-01-01"), AuthorityFault::AgencyUnknown);
        let other = issuers.authorised(NEW, "11190000MD10009070001", "190101", day("2021-01-01"));
        assert_eq!(other.unwrap_err(), AuthorityFault::TypeNotGranted);
    }

    #[test]
    fn a_grant_to_nobody_or_backwards_is_refused() {
        let agencies =
            || Agencies::new([agency(NEW, "城东区市场监督管理局", "190101", "2015-01-01", "", "")]).unwrap();
        assert!(Issuers::new(agencies(), [grant(OLD, "190101", "2015-01-01", "")]).is_err());
        assert!(Issuers::new(agencies(), [grant(NEW, "190101", "2015-01-02", "2015-01-01")]).is_err());
    }
}
