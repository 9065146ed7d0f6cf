//! The hashes of RFC 6962 §2.1: entry, leaf, node, the empty tree.

use std::fmt;
use std::str::FromStr;

use ring::digest::{SHA256, digest};

use crate::record::Digest;

/// A node of the tree: 32 bytes of SHA-256. Shown as hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// The root of a tree without leaves: SHA-256 of nothing.
    pub fn empty_root() -> Self {
        Self(sha256(b""))
    }

    /// The hash with these bytes; none unless there are exactly 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// SHA-256 (FIPS 180-4). The entry of an event or access entry is this of its bytes.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, bytes).as_ref());
    out
}

/// The leaf hash of an entry: SHA-256(0x00 ‖ entry), RFC 6962 §2.1.
pub fn leaf_hash(entry: &[u8; 32]) -> Hash {
    let mut input = [0x00; 33];
    input[1..].copy_from_slice(entry);
    Hash(sha256(&input))
}

/// The node over two children: SHA-256(0x01 ‖ left ‖ right), RFC 6962 §2.1.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [0x01; 65];
    input[1..33].copy_from_slice(&left.0);
    input[33..].copy_from_slice(&right.0);
    Hash(sha256(&input))
}

/// The root over hashes of equal height; none unless their number is a power of two.
pub fn perfect_root(hashes: &[Hash]) -> Option<Hash> {
    if !hashes.len().is_power_of_two() {
        return None;
    }
    let mut row = hashes.to_vec();
    while row.len() > 1 {
        row = row
            .chunks_exact(2)
            .filter_map(|pair| if let [left, right] = pair { Some(node_hash(left, right)) } else { None })
            .collect();
    }
    row.first().copied()
}

/// The root over perfect subtrees, highest first: folded from the right; the empty root for none.
pub(super) fn fold(roots: &[Hash]) -> Hash {
    let folded = roots.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
    folded.unwrap_or_else(Hash::empty_root)
}

/// In answers: base64url.
impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Digest(self.0).serialize(to)
    }
}

impl utoipa::PartialSchema for Hash {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        Digest::schema()
    }
}

impl utoipa::ToSchema for Hash {
    fn name() -> std::borrow::Cow<'static, str> {
        Digest::name()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is not a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 64 hex digits in lower case")]
pub struct HashFault;

impl FromStr for Hash {
    type Err = HashFault;

    /// Accepts only the form of [`fmt::Display`].
    fn from_str(text: &str) -> Result<Self, HashFault> {
        let mut hash = Self([0; 32]);
        for (byte, digits) in hash.0.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).ok().ok_or(HashFault)?;
            *byte = u8::from_str_radix(digits, 16).ok().ok_or(HashFault)?;
        }
        if hash.to_string() == text { Ok(hash) } else { Err(HashFault) }
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
