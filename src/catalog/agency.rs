//! Agencies (机构) and their successors.
//!
//! An agency keeps its credit code when it is renamed: then it has several entries, one for each name and
//! period. An agency that is merged or ends names its successor. A face keeps the issuer's name of the day.
//! Rights of correction, keys and enquiries go to the successor of today ([`Agencies::successor`]).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::catalog::Region;
use crate::clock::Day;
use crate::rule::Rule;

/// One agency under one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    /// Unified social credit code, 18 characters. Public.
    pub code: String,
    /// Name in this period.
    pub name: String,
    /// Level of government.
    pub level: Level,
    /// Its region: 6, 9 or 12 digits.
    pub region: Region,
    /// The kind of body.
    pub nature: Nature,
    /// First day under this name.
    pub valid_from: Day,
    /// Last day under this name; none while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Day>,
    /// Code of the agency that took over when this one ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub succeeded_by: Option<String>,
}

/// Level of government (机构级别).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 国家
    National,
    /// 省
    Province,
    /// 市
    City,
    /// 县
    County,
    /// 乡镇、街道
    Township,
    /// 村、居
    Village,
}

/// The kind of body of an agency (机构性质).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// 行政机关
    Administrative,
    /// 法律法规授权组织
    AuthorisedByLaw,
    /// 事业单位
    PublicInstitution,
    /// 群团组织
    PeoplesOrganisation,
    /// 公共服务企业
    PublicServiceCompany,
    /// 人民法院
    Court,
}

/// Why agencies were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AgencyFault {
    /// Not 18 characters 0-9A-Z.
    #[error("{0}: the code of an agency is 18 characters 0-9A-Z")]
    CodeForm(String),
    /// The last day lies before the first.
    #[error("{0}: the last day lies before the first")]
    PeriodBackwards(String),
    /// Two names in one period.
    #[error("{0}: two entries overlap")]
    Overlap(String),
    /// A succession without an end, or after an entry that is not the last.
    #[error("{0}: only the last entry of an agency that has ended names a successor")]
    SuccessorWithoutEnd(String),
    /// The successor is not an agency.
    #[error("{0}: the successor is not a known agency")]
    SuccessorUnknown(String),
    /// The successors form a circle.
    #[error("{0}: the succession closes a circle")]
    SuccessionCycle(String),
}

impl AgencyFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::CodeForm(_) => Rule::AgencyCodeForm,
            Self::PeriodBackwards(_) => Rule::AgencyPeriodBackwards,
            Self::Overlap(_) => Rule::AgencyOverlap,
            Self::SuccessorWithoutEnd(_) => Rule::AgencySuccessorWithoutEnd,
            Self::SuccessorUnknown(_) => Rule::AgencySuccessorUnknown,
            Self::SuccessionCycle(_) => Rule::AgencySuccessionCycle,
        }
    }
}

/// All agencies by code, each with its names in order of time.
#[derive(Debug, Clone, Default)]
pub struct Agencies {
    by_code: HashMap<String, Vec<Agency>>,
}

impl Agencies {
    /// Puts agencies together; refuses overlaps, unknown successors and circles.
    pub fn new(agencies: impl IntoIterator<Item = Agency>) -> Result<Self, AgencyFault> {
        let mut by_code: HashMap<String, Vec<Agency>> = HashMap::new();
        for agency in agencies {
            let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
            if agency.code.len() != 18 || !agency.code.bytes().all(plain) {
                return Err(AgencyFault::CodeForm(agency.code));
            }
            if agency.valid_to.is_some_and(|to| to < agency.valid_from) {
                return Err(AgencyFault::PeriodBackwards(agency.code));
            }
            if agency.succeeded_by.is_some() && agency.valid_to.is_none() {
                return Err(AgencyFault::SuccessorWithoutEnd(agency.code));
            }
            by_code.entry(agency.code.clone()).or_default().push(agency);
        }
        for (code, names) in &mut by_code {
            names.sort_by_key(|agency| agency.valid_from);
            for (one, next) in names.iter().zip(names.iter().skip(1)) {
                if one.valid_to.is_none_or(|to| to >= next.valid_from) {
                    return Err(AgencyFault::Overlap(code.clone()));
                }
                if one.succeeded_by.is_some() {
                    return Err(AgencyFault::SuccessorWithoutEnd(code.clone()));
                }
            }
        }
        let agencies = Self { by_code };
        agencies.check_succession()?;
        Ok(agencies)
    }

    fn check_succession(&self) -> Result<(), AgencyFault> {
        for code in self.by_code.keys() {
            let mut at = code.as_str();
            // A chain longer than the number of agencies is a circle.
            for step in 0..=self.by_code.len() {
                let Some(next) = self.latest(at).and_then(|agency| agency.succeeded_by.as_deref()) else {
                    break;
                };
                if !self.by_code.contains_key(next) {
                    return Err(AgencyFault::SuccessorUnknown(at.to_owned()));
                }
                if step == self.by_code.len() {
                    return Err(AgencyFault::SuccessionCycle(code.clone()));
                }
                at = next;
            }
        }
        Ok(())
    }

    /// The agency under its name of that day.
    pub fn on(&self, code: &str, day: Day) -> Option<&Agency> {
        let in_force =
            |agency: &&Agency| agency.valid_from <= day && agency.valid_to.is_none_or(|to| day <= to);
        self.by_code.get(code)?.iter().find(in_force)
    }

    /// The agency under its last name.
    pub fn latest(&self, code: &str) -> Option<&Agency> {
        self.by_code.get(code)?.last()
    }

    /// The agency that answers on `day` for the acts of the agency `code`: itself, or its successor by then.
    pub fn successor(&self, code: &str, day: Day) -> Option<&Agency> {
        let mut agency = self.latest(code)?;
        // Ends, because `new` has refused circles.
        while let (Some(to), Some(next)) = (agency.valid_to, agency.succeeded_by.as_deref()) {
            if day <= to {
                break;
            }
            agency = self.latest(next)?;
        }
        Some(agency)
    }

    /// Whether `part`, the issuer part of an identifier, stands for the agency `code`: it is its own code, that of an
    /// agency from which it took over, or the number of its own region (of 6, 9 or 12 digits, where an identifier was
    /// given before agencies had codes). Two agencies of one region are not told apart by the last.
    pub fn stands_for(&self, part: &str, code: &str) -> bool {
        if part == code {
            return true;
        }
        let mut at = part;
        // Ends: `new` has refused circles.
        while let Some(next) = self.latest(at).and_then(|agency| agency.succeeded_by.as_deref()) {
            if next == code {
                return true;
            }
            at = next;
        }
        let region: Option<Region> = part.parse().ok();
        region.is_some_and(|region| {
            self.by_code.get(code).is_some_and(|names| names.iter().any(|one| one.region == region))
        })
    }

    /// All entries, by code and first day.
    pub fn all(&self) -> Vec<&Agency> {
        let mut all: Vec<&Agency> = self.by_code.values().flatten().collect();
        all.sort_by(|one, other| (&one.code, one.valid_from).cmp(&(&other.code, other.valid_from)));
        all
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An agency of the invented province 19; synthetic.
    pub(crate) fn agency(code: &str, name: &str, region: &str, from: &str, to: &str, next: &str) -> Agency {
        Agency {
            code: code.to_owned(),
            name: name.to_owned(),
            level: Level::County,
            region: region.parse().unwrap(),
            nature: Nature::Administrative,
            valid_from: from.parse().unwrap(),
            valid_to: (!to.is_empty()).then(|| to.parse().unwrap()),
            succeeded_by: (!next.is_empty()).then(|| next.to_owned()),
        }
    }

    fn code(index: usize) -> String {
        format!("11190101MD10{index:06}")
    }

    #[test]
    fn a_renamed_agency_has_its_name_of_the_day() {
        let old = agency(&code(1), "城东区民政科", "190101", "1990-01-01", "2009-12-31", "");
        let new = agency(&code(1), "城东区民政局", "190101", "2010-01-01", "", "");
        let all = Agencies::new([new.clone(), old.clone()]).unwrap();
        assert_eq!(all.on(&code(1), "2009-12-31".parse().unwrap()), Some(&old));
        assert_eq!(all.on(&code(1), "2010-01-01".parse().unwrap()), Some(&new));
        assert_eq!(all.on(&code(1), "1989-12-31".parse().unwrap()), None);
        let overlap = agency(&code(1), "城东区民政局", "190101", "2009-06-01", "", "");
        assert_eq!(Agencies::new([old, overlap]).unwrap_err().rule(), Rule::AgencyOverlap);
    }

    #[test]
    fn a_part_of_an_identifier_stands_for_the_agency_and_who_took_over_from_it() {
        let a = agency(&code(1), "甲", "190101", "1990-01-01", "2000-12-31", &code(2));
        let b = agency(&code(2), "乙", "190101", "1990-01-01", "2005-12-31", &code(3));
        let c = agency(&code(3), "丙", "190102", "1990-01-01", "", "");
        let all = Agencies::new([a, b, c]).unwrap();
        let stands = |part: &str, agency: usize| all.stands_for(part, &code(agency));
        for (part, agency) in [(1, 1), (1, 2), (1, 3), (2, 3)] {
            assert!(stands(&code(part), agency), "{part} for {agency}");
        }
        for (part, agency) in [(2, 1), (3, 1), (3, 2), (9, 1)] {
            assert!(!stands(&code(part), agency), "{part} for {agency}");
        }
        assert!(stands("190101", 1) && stands("190102", 3) && !stands("190102", 1) && !stands("190100", 1));
    }

    #[test]
    fn a_circle_or_a_loose_end_is_refused() {
        let a = agency(&code(1), "甲", "190101", "1990-01-01", "2000-12-31", &code(2));
        let b = agency(&code(2), "乙", "190101", "1990-01-01", "2005-12-31", &code(1));
        assert_eq!(Agencies::new([a.clone(), b]).unwrap_err().rule(), Rule::AgencySuccessionCycle);
        assert_eq!(Agencies::new([a.clone()]).unwrap_err().rule(), Rule::AgencySuccessorUnknown);
        let standing = Agency { valid_to: None, ..a };
        assert_eq!(Agencies::new([standing]).unwrap_err().rule(), Rule::AgencySuccessorWithoutEnd);
    }

    proptest! {
        #[test]
        fn a_chain_resolves_to_its_end_and_a_closed_one_is_refused(length in 2_usize..30, back in 0_usize..30) {
            let end = |index: usize| format!("{}-12-31", 1980 + index);
            let mut chain: Vec<Agency> = (0..length)
                .map(|index| agency(&code(index), "机构", "190101", "1950-01-01", &end(index), &code(index + 1)))
                .collect();
            chain.push(agency(&code(length), "机构", "190101", "1950-01-01", "", ""));
            let agencies = Agencies::new(chain.clone()).unwrap();
            let today: Day = "2026-11-22".parse().unwrap();
            let last = code(length);
            for index in 0..=length {
                prop_assert_eq!(&agencies.successor(&code(index), today).unwrap().code, &last);
            }
            let before: Day = "1980-12-31".parse().unwrap();
            prop_assert_eq!(&agencies.successor(&code(0), before).unwrap().code, &code(0));
            let closing = chain.last_mut().unwrap();
            closing.valid_to = Some(today);
            closing.succeeded_by = Some(code(back % (length + 1)));
            prop_assert_eq!(Agencies::new(chain).unwrap_err().rule(), Rule::AgencySuccessionCycle);
        }
    }
}
