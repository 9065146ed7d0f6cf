//! Bundles (一件事): several items with one list of questions and one of materials.
//!
//! * [`BundleDef`]: a bundle as it is written in `schema/bundles/*.json`;
//! * [`BundleDef::findings`]: what is wrong with it, beside the items it names;
//! * [`BundleDef::answer`]: the questions and materials of a case, each once.
//!
//! Pure, like the items it is made of.

mod builtin;
mod case;
mod check;
mod definition;
mod merge;

#[cfg(test)]
mod tests;

pub use check::{BundleFinding, BundleFindingKind};
pub use definition::{BundleDef, BundleItem, FedSlot, ResultFeed};
pub use merge::{BundleAnswer, BundleCount, MergedSlot, SlotUse};
