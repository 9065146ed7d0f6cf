//! Invented people: families for the demo, and a stream without end for measurements.
//!
//! * [`families`]: the people; they depend on the seed only, so births stay the same on every day;
//! * `records`: their records on a day;
//! * [`bulk`]: holders with six records each, made one by one without memory of the others.

mod bulk;
mod family;
pub(super) mod lives;
mod records;

pub use bulk::{Bulk, BulkHolder, bulk, bulk_from};
pub use family::{Family, Member, families};
pub(super) use records::records;
