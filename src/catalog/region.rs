//! Region codes as a tree: GB/T 2260 down to the county, nine digits for a township, twelve for a village.
//!
//! Only the tree is here. The catalog does not know which codes exist, or when they did. A code is read in
//! parts of 2-2-2-3-3 digits; parts of zeros at its end mean the whole above them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::closed::{self, TextForm};

/// A region with everything below it. `100000` is the whole country, as in the codes of national bodies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Region {
    /// The twelve digits, filled with zeros.
    digits: u64,
    /// The number of leading digits that are not filling: 0, 2, 4, 6, 9 or 12.
    significant: u8,
    /// 6, 9 or 12: the length of the written form.
    written: u8,
}

/// Why a text is not a region code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegionFault {
    /// Not 6, 9 or 12 digits.
    #[error("a region code has 6, 9 or 12 digits")]
    Length,
    /// A character other than 0-9.
    #[error("a region code has digits only")]
    Digits,
    /// A part below a part of zeros, as in 190001.
    #[error("a region code names no part below a part of zeros")]
    Hole,
}

/// Lengths at which a code may end, from the country to the village.
const ENDS: [u8; 6] = [0, 2, 4, 6, 9, 12];
const NATION: u64 = 100_000_000_000;

impl Region {
    /// The whole country.
    pub const COUNTRY: Self = Self { digits: NATION, significant: 0, written: 6 };

    /// Whether `below` is this region or lies in it.
    pub fn covers(self, below: Self) -> bool {
        let shift = 10_u64.pow(12 - u32::from(self.significant));
        self.significant <= below.significant
            && (self.significant == 0 || self.digits / shift == below.digits / shift)
    }

    /// Whether the two have any place in common.
    pub fn touches(self, other: Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

impl FromStr for Region {
    type Err = RegionFault;

    fn from_str(text: &str) -> Result<Self, RegionFault> {
        let written = match text.len() {
            6 => 6,
            9 => 9,
            12 => 12,
            _ => return Err(RegionFault::Length),
        };
        if !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(RegionFault::Digits);
        }
        let short: u64 = text.parse().ok().ok_or(RegionFault::Digits)?;
        let digits = short * 10_u64.pow(12 - u32::from(written));
        if digits == NATION {
            return Ok(Self { digits, significant: 0, written });
        }
        let mut significant = 0;
        for (start, end) in ENDS.iter().zip(ENDS.iter().skip(1)) {
            let part = digits / 10_u64.pow(12 - u32::from(*end)) % 10_u64.pow(u32::from(*end - *start));
            if part == 0 {
                continue;
            }
            if significant != *start {
                return Err(RegionFault::Hole);
            }
            significant = *end;
        }
        if significant == 0 { Err(RegionFault::Hole) } else { Ok(Self { digits, significant, written }) }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = self.digits / 10_u64.pow(12 - u32::from(self.written));
        write!(f, "{short:0width$}", width = usize::from(self.written))
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Region {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl utoipa::PartialSchema for Region {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let about = "A region with everything below it: 6, 9 or 12 digits (GB/T 2260, GB/T 10114); 100000 is the whole country.";
        closed::text(about, TextForm::Pattern("^([0-9]{6}|[0-9]{9}|[0-9]{12})$"))
    }
}

impl utoipa::ToSchema for Region {}

impl<'de> Deserialize<'de> for Region {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_province_covers_its_villages_and_no_neighbour() {
        for (above, below, expected) in [
            ("190000", "190101", true),
            ("190100", "190101001", true),
            ("190101", "190101001002", true),
            ("190101001", "190101001002", true),
            ("190101001000", "190101001002", true),
            ("190101", "190102001", false),
            ("190101", "190100", false),
            ("190000", "290101", false),
            ("100000", "290101", true),
            ("190000", "100000", false),
            ("460000", "469001", true),
        ] {
            let (one, other): (Region, Region) = (above.parse().unwrap(), below.parse().unwrap());
            assert_eq!(one.covers(other), expected, "{above} over {below}");
        }
        for malformed in ["19010", "190001", "19010a"] {
            assert!(malformed.parse::<Region>().is_err(), "{malformed}");
        }
    }

    fn region() -> impl Strategy<Value = String> {
        (10_u8..100, 0_u8..100, 0_u8..100, 0_u16..1000, 0_u16..1000, 0_usize..5).prop_map(
            |(p, c, d, t, v, cut)| {
                let full = format!("{p:02}{c:02}{d:02}{t:03}{v:03}");
                let end = [2, 4, 6, 9, 12][cut];
                let width = end.max(6);
                format!("{:0<width$}", &full[..end])
            },
        )
    }

    proptest! {
        #[test]
        fn covering_is_an_order(a in region(), b in region(), c in region()) {
            let parsed: Vec<Region> = [&a, &b, &c].iter().filter_map(|text| text.parse().ok()).collect();
            prop_assume!(parsed.len() == 3);
            let (a, b, c) = (parsed[0], parsed[1], parsed[2]);
            prop_assert!(a.covers(a) && Region::COUNTRY.covers(a));
            if a.covers(b) && b.covers(c) { prop_assert!(a.covers(c)); }
            if a.covers(b) && b.covers(a) { prop_assert_eq!(a.significant, b.significant); prop_assert_eq!(a.digits, b.digits); }
        }

        #[test]
        fn a_region_covers_what_begins_with_its_digits(text in region(), tail in 1_u16..1000) {
            let Ok(region) = text.parse::<Region>() else { return Ok(()) };
            prop_assert_eq!(region.to_string(), text.clone());
            let trimmed = usize::from(region.significant);
            prop_assume!(trimmed > 0 && trimmed < 12);
            let below = match trimmed { 2 | 4 => format!("{}{:02}", &text[..trimmed], tail % 99 + 1), _ => format!("{}{tail:03}", &text[..trimmed]) };
            let below = format!("{below:0<6}");
            let inner: Region = below.parse().unwrap();
            prop_assert!(region.covers(inner), "{} over {}", text, below);
            prop_assert!(!inner.covers(region));
        }
    }
}
