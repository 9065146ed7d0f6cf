//! Bundles (一件事): several items with one list of questions and one of materials.
//!
//! * [`BundleDef`]: a bundle as it is written in `schema/bundles/*.json`;
//! * [`BundleDef::findings`]: what is wrong with it, beside the items it names;
//! * [`BundleDef::parts`]: the items that a case needs, each with its parties;
//! * [`BundleDef::merged`]: the questions and materials of a case, each once.
//!
//! Pure, like the items it is made of.

mod builtin;
mod case;
mod check;
mod definition;
mod fault;
mod finding;
mod merge;

#[cfg(test)]
mod tests;

pub use case::{BundleCase, BundlePart, BundleParts};
pub use definition::{BundleDef, BundleId, BundleItem, FedSlot, ResultFeed, is_bundle_code};
pub use fault::BundleFault;
pub use finding::{BundleFinding, BundleFindingKind, MOST_ITEMS};
pub use merge::{BundleAnswer, BundleCount, MergedSlot, SlotUse};
