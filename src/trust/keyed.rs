//! Keyed hashes: the names under which the store finds rows by unreadable data (schema/bytes.md §8).
//!
//! With the database but without the index key, they only show which rows belong together.

use std::fmt;

use ring::hmac;
use zeroize::Zeroizing;

use super::random::{self, RandomFault};
use crate::record::digest::Digest;

/// A 16-byte keyed hash.
pub type Key16 = [u8; 16];

/// The key of a holder: every table of the lookup path begins with it. Never shown, never in a leaf or a file
/// name, so that the index key can be changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HolderKey(Key16);

impl HolderKey {
    /// The 16 bytes, for the store's columns.
    pub fn bytes(&self) -> &Key16 {
        &self.0
    }

    /// The key of stored bytes.
    pub fn from_bytes(bytes: Key16) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for HolderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HolderKey(…)")
    }
}

/// The kind of thing that a keyed hash names; each has its own tag, so that none is ever equal to another
/// kind's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    /// `h`: a holder.
    Holder,
    /// `n`: a certificate's number.
    Number,
    /// `i`: an identifier.
    Identifier,
    /// `c`: the content of a record.
    Content,
    /// `r`: an idempotency row.
    Request,
    /// `a`: an attachment.
    Attachment,
    /// `p`: the beginning of a number.
    Prefix,
    /// `q`: a question to a department's system.
    Question,
}

impl Tag {
    const fn byte(self) -> u8 {
        match self {
            Self::Holder => b'h',
            Self::Number => b'n',
            Self::Identifier => b'i',
            Self::Content => b'c',
            Self::Request => b'r',
            Self::Attachment => b'a',
            Self::Prefix => b'p',
            Self::Question => b'q',
        }
    }
}

/// The index key: made once, wrapped under the master key, never exported.
///
/// Its HMAC state is computed once; ring does not wipe it. The caller that unwraps our copy of the bytes
/// wipes that copy.
#[derive(Clone)]
pub struct IndexKey(hmac::Key);

impl IndexKey {
    /// 32 bytes for a new index key, to be wrapped.
    pub fn generate() -> Result<Zeroizing<[u8; 32]>, RandomFault> {
        let mut bytes = Zeroizing::new([0; 32]);
        random::fill(bytes.as_mut())?;
        Ok(bytes)
    }

    /// The key of unwrapped bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// First 16 bytes of HMAC-SHA-256(key, tag ‖ for each field: u16 length ‖ bytes).
    pub fn key16(&self, tag: Tag, fields: &[&[u8]]) -> Key16 {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&[tag.byte()]);
        for field in fields {
            match u16::try_from(field.len()) {
                Ok(len) if len < u16::MAX => {
                    context.update(&len.to_be_bytes());
                    context.update(field);
                }
                // 16 bits cannot hold its length: its digest stands for it, under a length that no field has.
                _ => {
                    context.update(&u16::MAX.to_be_bytes());
                    context.update(&Digest::of(&[field]).0);
                }
            }
        }
        let tag = context.sign();
        let mut key = [0; 16];
        key.iter_mut().zip(tag.as_ref()).for_each(|(place, byte)| *place = *byte);
        key
    }

    /// The key of a holder by code type and canonical code.
    pub fn holder_key(&self, code_type: &str, code: &str) -> HolderKey {
        HolderKey(self.key16(Tag::Holder, &[code_type.as_bytes(), code.as_bytes()]))
    }

    /// The key of a certificate's number within issuer, type and version.
    pub fn number_key(&self, issuer: &str, type_code: &str, number: &str, version: u32) -> Key16 {
        let version = version.to_string();
        let fields = [issuer, type_code, number, &version].map(str::as_bytes);
        self.key16(Tag::Number, &fields)
    }

    /// The key of an identifier, verbatim.
    pub fn identifier_key(&self, identifier: &str) -> Key16 {
        self.key16(Tag::Identifier, &[identifier.as_bytes()])
    }

    /// The key of a record's content ([`crate::record::Record::content_form`]).
    pub fn content_key(&self, content_form: &[u8]) -> Key16 {
        self.key16(Tag::Content, &[content_form])
    }

    /// The key of a question to a department's system: the agency that asks, the item, the agency that is asked, the
    /// question, and the case where its answer is for that case alone (else empty).
    pub fn question_key(&self, fields: [&str; 5]) -> Key16 {
        self.key16(Tag::Question, &fields.map(str::as_bytes))
    }

    /// The key of an idempotency row: client and `Idempotency-Key`.
    pub fn idempotency_key(&self, client: &str, key: &str) -> Key16 {
        self.key16(Tag::Request, &[client.as_bytes(), key.as_bytes()])
    }

    /// The hash of the beginning of a number: its region, or region and birthday. Nothing is found by it.
    pub fn prefix_key(&self, prefix: &str) -> Key16 {
        self.key16(Tag::Prefix, &[prefix.as_bytes()])
    }

    /// The key of an attachment by the SHA-256 of its content.
    pub fn attachment_key(&self, sha256: &Digest) -> Key16 {
        self.key16(Tag::Attachment, &[&sha256.0])
    }
}

impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_fields_and_keys_keep_names_apart() {
        let key = IndexKey::new(&[1; 32]);
        let holder = key.holder_key("111", "190101199003070014");
        assert_eq!(holder, key.holder_key("111", "190101199003070014"));
        assert_ne!(holder, key.holder_key("001", "190101199003070014"));
        assert_ne!(holder, IndexKey::new(&[2; 32]).holder_key("111", "190101199003070014"));
        assert_ne!(key.identifier_key("x"), key.content_key(b"x"));
        assert_ne!(key.number_key("a", "bc", "d", 1), key.number_key("ab", "c", "d", 1));
        assert_ne!(key.number_key("a", "b", "c", 1), key.number_key("a", "b", "c", 2));
        assert_eq!(format!("{key:?} {holder:?}"), "IndexKey(…) HolderKey(…)");
        assert_ne!(*IndexKey::generate().unwrap(), *IndexKey::generate().unwrap());
    }

    #[test]
    fn a_field_longer_than_its_length_can_tell_stands_by_its_digest() {
        let key = IndexKey::new(&[1; 32]);
        let (long, longer) = (vec![7; 65_535], vec![7; 65_536]);
        assert_ne!(key.content_key(&long), key.content_key(&longer));
        assert_ne!(key.key16(Tag::Content, &[&long]), key.key16(Tag::Content, &[&long[..65_534], &[7]]));
    }

    proptest! {
        #[test]
        fn moving_a_byte_between_fields_gives_another_name(
            left in proptest::collection::vec(any::<u8>(), 1..20), right in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let key = IndexKey::new(&[1; 32]);
            let (last, shorter) = left.split_last().unwrap();
            let longer = [&[*last], &right[..]].concat();
            prop_assert_ne!(
                key.key16(Tag::Number, &[&left, &right]),
                key.key16(Tag::Number, &[shorter, &longer])
            );
        }
    }
}
