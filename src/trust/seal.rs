//! Sealing of rows (AES-256-GCM, schema/bytes.md §7): without a data key nobody can read the hidden part of a
//! row or change any of its clear columns.
//!
//! Write the clear columns into an [`Aad`] in the order of storage, then [`DataKey::seal`] or
//! [`DataKey::open_in_place`]. The buffers are the caller's and are used again, so a lookup allocates nothing
//! here. The store counts how many seals a data key has made ([`MAX_SEALS`]).

use std::fmt;

use ring::aead::{self, AES_256_GCM, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::random::{self, RandomFault};
use crate::rule::Rule;

/// After this many seals a data key ends: random 96-bit nonces may meet at 2^32.
pub const MAX_SEALS: u64 = 1 << 30;

/// Bytes that sealing adds: layout, key id, nonce, tag.
pub const OVERHEAD: usize = PREFIX_LEN + TAG_LEN;

pub(super) const NONCE_LEN: usize = 12;
const PREFIX_LEN: usize = 1 + 4 + NONCE_LEN;
const TAG_LEN: usize = 16;

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// The bytes do not open: they, or a clear column, differ from the sealed ones. Says nothing more.
    #[error("the sealed bytes do not open")]
    DoesNotOpen,
    /// No random nonce could be had.
    #[error("{0}")]
    Random(#[from] RandomFault),
    /// The cipher refused, e.g. a text beyond its limit of 64 GiB.
    #[error("the cipher refused")]
    Cipher,
}

impl SealFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::DoesNotOpen => Rule::SealOpen,
            Self::Random(_) => Rule::Random,
            Self::Cipher => Rule::SealCipher,
        }
    }
}

/// The layout of a sealed value: the clear columns that its seal covers, and the form of its hidden part. It
/// is the first byte of the sealed value, since a reader needs it before it can open, and the first of its
/// additional data.
///
/// Each kind of row reads the layouts it knows; all are written in [`Layout::PRESENT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layout {
    /// From before additional data said their layout: they begin with the table name.
    First,
    /// Additional data begin with the layout; a record row holds its envelope's digest.
    Second,
}

impl Layout {
    /// The present layout.
    pub const PRESENT: Self = Self::Second;

    /// Its byte.
    pub const fn byte(self) -> u8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
        }
    }

    /// The layout of that byte; none for an unknown byte.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::First),
            2 => Some(Self::Second),
            _ => None,
        }
    }

    /// The layout that a sealed value claims. Its seal tells whether that is so.
    pub fn of(sealed: &[u8]) -> Option<Self> {
        sealed.first().copied().and_then(Self::from_byte)
    }
}

/// The additional data of a row: layout, table, key id, then every clear column in the order of storage.
///
/// One buffer, used again for each row: [`Aad::start`] empties it.
pub struct Aad {
    layout: Layout,
    bytes: Vec<u8>,
}

impl Default for Aad {
    fn default() -> Self {
        Self::new()
    }
}

impl Aad {
    /// An empty buffer.
    pub fn new() -> Self {
        Self { layout: Layout::PRESENT, bytes: Vec::with_capacity(256) }
    }

    /// Begins the additional data of a row of `table` that is sealed in `layout` under data key `key_id`.
    ///
    /// Data of two layouts are never equal: those of the first begin with the length of the table's name, whose
    /// first byte is 0.
    pub fn start(&mut self, layout: Layout, table: &str, key_id: u32) -> &mut Self {
        self.layout = layout;
        self.bytes.clear();
        if layout != Layout::First {
            self.bytes.push(layout.byte());
        }
        self.text(table).integer(key_id.into())
    }

    /// The layout that was started with.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// A text column: its UTF-8 bytes.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.raw(value.as_bytes())
    }

    /// An integer column, a day or an instant among them: its i64.
    pub fn integer(&mut self, value: i64) -> &mut Self {
        self.raw(&value.to_be_bytes())
    }

    /// A boolean column: one byte 0 or 1.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.raw(&[value.into()])
    }

    /// A column of bytes.
    pub fn raw(&mut self, value: &[u8]) -> &mut Self {
        // A column of 4 GiB cannot be stored; if it ever were, its seal would not open for another length.
        let len = u32::try_from(value.len()).unwrap_or(u32::MAX - 1);
        self.bytes.extend_from_slice(&len.to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    /// A null column, which no value equals.
    pub fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&u32::MAX.to_be_bytes());
        self
    }

    /// A text column that may be null.
    pub fn text_or_null(&mut self, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// An integer column that may be null.
    pub fn integer_or_null(&mut self, value: Option<i64>) -> &mut Self {
        match value {
            Some(value) => self.integer(value),
            None => self.null(),
        }
    }

    /// The bytes so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// One data key, by its number in the registry.
pub struct DataKey {
    id: u32,
    key: LessSafeKey,
}

impl DataKey {
    /// 32 bytes for a new data key, to be wrapped under the master key.
    pub fn generate() -> Result<Zeroizing<[u8; 32]>, RandomFault> {
        let mut bytes = Zeroizing::new([0; 32]);
        random::fill(bytes.as_mut())?;
        Ok(bytes)
    }

    /// The key of unwrapped bytes. ring's key schedule is not wiped; the caller's copy is.
    pub fn new(id: u32, bytes: &[u8; 32]) -> Result<Self, SealFault> {
        let key = UnboundKey::new(&AES_256_GCM, bytes).ok().ok_or(SealFault::Cipher)?;
        Ok(Self { id, key: LessSafeKey::new(key) })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Appends the sealed form of `plain` in the layout of `aad` to `out`, under a fresh random nonce.
    pub fn seal(&self, aad: &Aad, plain: &[u8], out: &mut Vec<u8>) -> Result<(), SealFault> {
        self.seal_with(random::pooled()?, aad, plain, out)
    }

    /// [`DataKey::seal`] with a given nonce, for the worked examples; a nonce used twice gives the key away.
    pub(super) fn seal_with(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &Aad,
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealFault> {
        let start = out.len();
        out.reserve(plain.len() + OVERHEAD);
        out.push(aad.layout.byte());
        out.extend_from_slice(&self.id.to_be_bytes());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(plain);
        let text = out.get_mut(start + PREFIX_LEN..).ok_or(SealFault::Cipher)?;
        let nonce = Nonce::assume_unique_for_key(nonce);
        match self.key.seal_in_place_separate_tag(nonce, aead::Aad::from(aad.bytes()), text) {
            Ok(tag) => {
                out.extend_from_slice(tag.as_ref());
                Ok(())
            }
            Err(_) => {
                // The plain text must not stay behind in a buffer that is meant to be written out.
                out.truncate(start);
                Err(SealFault::Cipher)
            }
        }
    }

    /// Opens sealed bytes where they lie and returns the text within them. They must be of the layout of `aad`.
    pub fn open_in_place<'b>(&self, aad: &Aad, sealed: &'b mut [u8]) -> Result<&'b mut [u8], SealFault> {
        let (prefix, text) = sealed.split_first_chunk_mut::<PREFIX_LEN>().ok_or(SealFault::DoesNotOpen)?;
        let [layout, id @ .., _, _, _, _, _, _, _, _, _, _, _, _] = prefix;
        if *layout != aad.layout.byte() || id != &self.id.to_be_bytes()[..] {
            return Err(SealFault::DoesNotOpen);
        }
        let nonce = prefix.last_chunk::<NONCE_LEN>().ok_or(SealFault::DoesNotOpen)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.key.open_in_place(nonce, aead::Aad::from(aad.bytes()), text).ok().ok_or(SealFault::DoesNotOpen)
    }
}

/// The id of the data key under which bytes claim to be sealed.
pub fn sealed_key_id(sealed: &[u8]) -> Option<u32> {
    let (id, _) = sealed.get(1..)?.split_first_chunk::<4>()?;
    Some(u32::from_be_bytes(*id))
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({})", self.id)
    }
}

#[cfg(test)]
mod tests;
