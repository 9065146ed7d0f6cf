//! What a check of everything looks at, and in which steps.

/// Rows read in one snapshot.
pub(super) const PAGE: i64 = 200;

/// What to look at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FsckOptions {
    /// Count rows and wide rows by table.
    pub stats: bool,
    /// Stop at the first pass over the records' signatures: batches, looked at one by one only where a batch
    /// fails. Several times faster, and blind to a signature made on purpose to pass in a batch; without it
    /// each signature is verified strictly. Signatures of orders and statements are always verified strictly.
    pub quick: bool,
}
