//! Invented people: families for the demo, and a stream without end for measurements.
//!
//! * [`families`]: who there is; depends on the seed only, so that births stay as they are whatever day it is;
//! * `records`: what they hold on a day;
//! * [`bulk`]: holders with six records each, made one by one without memory of the others.

mod bulk;
mod family;
pub(super) mod lives;
mod records;

pub use bulk::{Bulk, BulkHolder, bulk, bulk_from};
pub use family::{Family, Member, families};
pub(super) use records::records;
