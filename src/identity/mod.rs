//! The keys to which everything is bound: citizen ID numbers, credit and organisation codes, other holder
//! codes, region codes. Pure: nothing here reads a clock, a file or a database.
//!
//! | to | use |
//! |---|---|
//! | check typed text and get its canonical form | [`HolderCode::parse_on`] (issue, window), [`HolderCode::parse`] (no present day at hand) |
//! | compute the holder key | [`HolderCode::key_type`] and [`HolderCode::key_code`] |
//! | show a number | [`HolderCode::masked`] (also what `Display` and `Debug` write), [`mask`] |
//! | cross-check a face against the number | [`HolderCode::person`] |
//! | find out whether a text gives a number away | [`contains_citizen_number`], [`contains_code_of`], [`names_holder`] |
//! | make numbers for fixtures | [`citizen_check`], [`organisation_check`], [`credit_check`] |
//! | name a region, of today or of a past year | [`Regions`] |

mod card;
mod check;
mod citizen;
mod code_type;
mod digits;
mod fault;
mod holder;
mod organisation;
mod parse;
mod regions;
mod remark;
mod scan;
mod text;
mod written;

#[cfg(test)]
mod tests;

pub use card::card_tells;
pub use check::{CREDIT_ALPHABET, citizen_check, credit_check, organisation_check};
pub use citizen::{PersonFacts, PersonKind, Sex};
pub use code_type::{CodeType, UnknownCodeType};
pub use fault::{CodeFault, CodeRule};
pub use holder::{HolderCode, Parsed, mask};
pub use regions::{RegionListFault, RegionStatus, Regions};
pub use remark::{Remark, RemarkKind};
pub use scan::{contains_code_of, legacy_form, may_name, names_holder, names_key};
pub use text::is_printed_code;
pub use written::contains_citizen_number;
