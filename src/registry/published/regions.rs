//! Regions that a row on the books names: of the list, today's or an earlier one.

use std::borrow::Cow;

use crate::catalog::Region;
use crate::error::{Code, Error, Result};
use crate::identity::{RegionStatus, Regions};
use crate::rule::Rule;

/// Refuses a region whose first six digits are in no list. Streets and villages below them have none here.
///
/// # Errors
/// `field_invalid` at `field`, rule `region_unknown`.
pub(in crate::registry) fn known(
    regions: &Regions,
    region: Region,
    field: impl Into<Cow<'static, str>>,
) -> Result<()> {
    let digits = region.to_string();
    match regions.status(digits.get(..6).unwrap_or_default()) {
        RegionStatus::Unknown => {
            let detail = format!("no region of the list has the code {digits}");
            Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::RegionUnknown))
        }
        RegionStatus::Current { .. } | RegionStatus::Abolished { .. } => Ok(()),
    }
}

/// Refuses a name that is not that of the region: whoever reads an answer sees the name alone. Streets and villages,
/// which have none here, are not compared.
///
/// # Errors
/// `field_invalid` at `field`, rule `region_name`.
pub(in crate::registry) fn named(
    regions: &Regions,
    region: Region,
    name: &str,
    field: impl Into<Cow<'static, str>>,
) -> Result<()> {
    let digits = region.to_string();
    let full = match region {
        Region::COUNTRY => Some("全国".to_owned()),
        _ => regions.full_name(&digits).filter(|_| digits.len() == 6),
    };
    match full {
        Some(full) if name.is_empty() || !full.ends_with(name) => {
            let detail = format!("the region {digits} has another name");
            Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::RegionName))
        }
        _ => Ok(()),
    }
}
