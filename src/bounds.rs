//! How much one request may ask for and one answer may hold. Each limit that keeps the work of a request in
//! proportion to its size stands here; the limits of a body's bytes stand beside the body's reader.
//!
//! A list is checked before its items are looked at. `tests/bounds` drives every route at these limits.

use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Types that a lookup names.
pub const TYPES: usize = 64;
/// Regions that the question of an absence names: those where one person has lived.
pub const REGIONS: usize = 16;
/// Regions of a coverage statement, and its gaps: each lookup of the type looks through them.
pub const COVERED: usize = 100;
/// Absences of an answer, each in each of its regions.
pub const ABSENCES: usize = 512;
/// Fields that a lookup names, and values of a face that are compared.
pub const FIELDS: usize = 256;
/// Parties of one application.
pub const PARTIES: usize = 64;
/// Answers, and past days, of one application.
pub const ANSWERS: usize = 16;
/// The same of a bundle, which asks the questions of all its items.
pub const BUNDLE_ANSWERS: usize = 64;
/// Holders of one record: an access stands on the lists of 200, and each holder's row has the whole record.
pub const HOLDERS: usize = 100;
/// Files of one record.
pub const ATTACHMENTS: usize = 64;
/// Records of one page of a lookup: what is read at once on a worker thread.
pub const RECORDS: usize = 64;
/// Sealed bytes of the records of one page. The first record goes out however large it is.
pub const RECORD_BYTES: usize = 256 * 1024;
/// Bytes of the answers of one batch. The first line is answered however long its answer is.
pub const BATCH_BYTES: usize = 1024 * 1024;
/// Events of one page of a history.
pub const EVENTS: usize = 100;
/// Bytes of the envelopes, orders and events of one page of a history. The first event goes out however large it is.
pub const EVENT_BYTES: usize = 1024 * 1024;
/// Bytes of the lines of one page of a list. The first line goes out however long it is.
pub const PAGE_BYTES: usize = 512 * 1024;
/// Faults of a face that are told at once.
pub const FAULTS: usize = 32;
/// Signature lines of a note, each of which may cost a verification.
pub const SIGNATURES: usize = 16;
/// Access entries that a page reads beyond the list of the holder.
pub const TAIL: usize = 4_096;

/// Refuses a list that is too long.
///
/// # Errors
/// `field_invalid` at `field` with rule `too_many`.
pub fn at_most(most: usize, found: usize, field: &'static str) -> Result<()> {
    if found <= most {
        return Ok(());
    }
    let detail = format!("At most {most}, and here are {found}.");
    Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::TooMany))
}
