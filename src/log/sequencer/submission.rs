//! The submission of a lookup: its access entry, final except for the time, which the batch decides.

use crate::clock::Moment;
use crate::log::hash::sha256;
use crate::trust::HolderKey;

/// Stands in a submitted entry in place of its time: 27 bytes, the length of every instant.
pub const AT_PLACEHOLDER: &str = "0000-00-00T00:00:00.000000Z";

/// An access entry whose time is not known yet: canonical JSON with [`AT_PLACEHOLDER`] as its `at`.
pub struct Submission {
    entry: Vec<u8>,
    at_offset: usize,
    holders: Vec<HolderKey>,
}

/// The entry does not have the placeholder at the offset that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the entry has no place for its time there")]
pub struct NoPlaceForTime;

impl Submission {
    /// The entry, with the offset of its placeholder's first byte.
    pub fn new(entry: Vec<u8>, at_offset: usize) -> Result<Self, NoPlaceForTime> {
        let rest = entry.get(at_offset..).ok_or(NoPlaceForTime)?;
        if rest.starts_with(AT_PLACEHOLDER.as_bytes()) {
            Ok(Self { entry, at_offset, holders: Vec::new() })
        } else {
            Err(NoPlaceForTime)
        }
    }

    /// Adds the holders on whose lists the entry stands. They are kept beside it, never hashed with it.
    #[must_use]
    pub fn beside(mut self, holders: Vec<HolderKey>) -> Self {
        self.holders = holders;
        self
    }

    /// The holders on whose lists the entry stands.
    pub fn holders(&self) -> &[HolderKey] {
        &self.holders
    }

    /// The entry's bytes; final once [`stamp`] wrote the time.
    pub fn entry(&self) -> &[u8] {
        &self.entry
    }

    pub(super) fn into_entry(self) -> Vec<u8> {
        self.entry
    }
}

/// Writes the batch's time into each submission and returns the log entries, SHA-256 of the final bytes.
pub fn stamp(batch: &mut [Submission], at: Moment) -> Vec<[u8; 32]> {
    let text = at.text();
    let place = text.len();
    let stamped = batch.iter_mut().map(|submission| {
        let at = submission.entry.get_mut(submission.at_offset..submission.at_offset + place);
        if let Some(at) = at {
            at.copy_from_slice(&text);
        }
        sha256(&submission.entry)
    });
    stamped.collect()
}

impl std::fmt::Debug for Submission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Submission({} bytes)", self.entry.len())
    }
}
