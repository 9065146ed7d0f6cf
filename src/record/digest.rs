//! SHA-256 digests and salts, as they stand in signed JSON: base64url without padding.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A SHA-256 digest (FIPS 180-4), 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

/// The first 16 bytes of a SHA-256 digest, for long lists.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShortDigest(pub [u8; 16]);

/// 16 random bytes that keep a hash from being guessed. With the salt one can confirm a guess.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Salt(pub [u8; 16]);

impl Digest {
    /// SHA-256 over the parts, one after the other.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }

    /// Its first 16 bytes.
    pub fn short(&self) -> ShortDigest {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        ShortDigest(bytes)
    }

    /// Lower-case hexadecimal, 64 characters, as attachments name their content.
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let nibbles = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        nibbles.filter_map(|nibble| DIGITS.get(usize::from(nibble))).map(|byte| char::from(*byte)).collect()
    }

    /// The digest of that hexadecimal text, lower case only.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digits: Option<Vec<u8>> = text
            .bytes()
            .map(|byte| match byte {
                b'0'..=b'9' => Some(byte - b'0'),
                b'a'..=b'f' => Some(byte - b'a' + 10),
                _ => None,
            })
            .collect();
        let bytes: Vec<u8> = digits?
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Some(high << 4 | low),
                _ => None,
            })
            .collect::<Option<_>>()?;
        bytes.try_into().ok().map(Self)
    }
}

macro_rules! base64url_text {
    ($name:ident, $bytes:literal, $chars:literal) => {
        impl $name {
            #[doc = concat!("base64url without padding, ", $chars, " characters.")]
            pub fn text(&self) -> String {
                URL_SAFE_NO_PAD.encode(self.0)
            }

            /// The value of that text; padding, spaces and non-zero tail bits are refused.
            pub fn from_text(text: &str) -> Option<Self> {
                URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.text())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                super::json::base64url(&self.0, to)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                Self::from_text(&text)
                    .ok_or_else(|| D::Error::custom(concat!("not ", $bytes, " bytes in base64url")))
            }
        }
    };
}
base64url_text!(Digest, "32", "43");
base64url_text!(ShortDigest, "16", "22");
base64url_text!(Salt, "16", "22");

impl utoipa::PartialSchema for Digest {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .min_length(Some(43))
            .max_length(Some(43))
            .description(Some("32 bytes of SHA-256, base64url without padding."))
            .into()
    }
}

impl utoipa::ToSchema for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for ShortDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A salt beside its hash lets a number be guessed, so it stays out of logs (I3).
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_one_form() {
        let digest = Digest::of(&[b"ab", b"c"]);
        assert_eq!(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Digest::from_hex(&digest.hex()), Some(digest));
        assert_eq!(Digest::from_text(&digest.text()), Some(digest));
        assert_eq!(Digest::from_hex(&digest.hex().to_uppercase()), None);
        assert_eq!(Digest::from_hex(&digest.hex()[..63]), None);
        assert_eq!(Digest::from_text(&format!("{digest}=")), None);
        // The last of 43 characters carries two unused bits: another value there is another text.
        let mut tail = digest.text();
        tail.replace_range(42.., "1");
        assert_eq!(Digest::from_text(&tail), None);
        assert_eq!(format!("{:?}", Salt([7; 16])), "Salt(…)");
    }
}
