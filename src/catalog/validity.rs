//! Until when a certificate of a type is valid.

use serde::{Deserialize, Serialize};

use crate::clock::Day;

/// The rule of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum ValidityRule {
    /// No end: it holds until an action ends it.
    None,
    /// A fixed number of years from its first valid day.
    FixedYears {
        /// Completed years.
        years: u32,
    },
    /// By the holder's age on the first valid day; above the last band it is 长期.
    ByAge {
        /// Bands in rising order.
        bands: Vec<AgeBand>,
    },
    /// The issuer states a day or 长期.
    DateOrLong,
    /// The issuer states a day.
    UntilDate,
}

/// Holders younger than `below` get `years`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgeBand {
    /// Age in completed years, not included.
    pub below: u32,
    /// Years of validity.
    pub years: u32,
}

/// The end that a rule gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// The rule computes nothing: the issuer's statement counts (for `None`: nothing may be stated).
    Stated,
    /// 长期.
    Long,
    /// The last valid day, printed as the same calendar day that many years later.
    Until(Day),
}

impl ValidityRule {
    /// The end that the rule gives to a certificate valid from `from` for a holder born on `born`.
    ///
    /// Without a birth date an age rule gives [`Term::Stated`]. Source of the ID card's bands:
    /// 居民身份证法 article 5.
    pub fn term(&self, from: Day, born: Option<Day>) -> Term {
        match (self, born) {
            (Self::FixedYears { years }, _) => Term::Until(from.plus_years(*years)),
            (Self::ByAge { bands }, Some(born)) => {
                let age = born.years_until(from);
                match bands.iter().find(|band| age < band.below) {
                    Some(band) => Term::Until(from.plus_years(band.years)),
                    None => Term::Long,
                }
            }
            _ => Term::Stated,
        }
    }

    /// Whether a certificate of this type may state a last valid day, and whether it may say 长期.
    pub fn may_state(&self) -> (bool, bool) {
        match self {
            Self::None => (false, false),
            Self::FixedYears { .. } | Self::UntilDate => (true, false),
            Self::ByAge { .. } | Self::DateOrLong => (true, true),
        }
    }

    pub(super) fn bands_rise(&self) -> bool {
        match self {
            Self::ByAge { bands } => bands.windows(2).all(|pair| match pair {
                [lower, upper] => lower.below < upper.below,
                _ => true,
            }),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_card_lives_by_the_age_of_its_holder() {
        let entry =
            crate::catalog::TypeEntry::builtin(&crate::catalog::CodeLists::builtin().unwrap()).unwrap();
        let rule = &entry[0].def().validity;
        let from: Day = "2026-11-22".parse().unwrap();
        for (born, expected) in [
            ("2010-11-23", Term::Until("2031-11-22".parse().unwrap())),
            ("2010-11-22", Term::Until("2036-11-22".parse().unwrap())),
            ("2000-11-23", Term::Until("2036-11-22".parse().unwrap())),
            ("2000-11-22", Term::Until("2046-11-22".parse().unwrap())),
            ("1980-11-23", Term::Until("2046-11-22".parse().unwrap())),
            ("1980-11-22", Term::Long),
        ] {
            assert_eq!(rule.term(from, Some(born.parse().unwrap())), expected, "{born}");
        }
        assert_eq!(rule.term(from, None), Term::Stated);
    }
}
