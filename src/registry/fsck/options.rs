//! The scope of a full check, and the size of its steps.

/// Rows read in one snapshot.
pub(super) const PAGE: i64 = 200;

/// The scope.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FsckOptions {
    /// Count rows and wide rows by table.
    pub stats: bool,
    /// Stop at the first pass over the records' signatures: batches, with a look at single signatures only if
    /// a batch fails. This is several times faster, and blind to a signature made on purpose to pass in a
    /// batch. Without it each signature is verified strictly. Signatures of orders and statements are always
    /// verified strictly.
    pub quick: bool,
}
