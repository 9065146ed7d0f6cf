//! Ed25519 keys (RFC 8032): [`SigningKey`] signs, [`VerifyKey`] verifies strictly, [`Kid`] names a key by its
//! RFC 7638 thumbprint.
//!
//! Every verdict rests on [`VerifyKey::verify`]. [`verify_batch`] is a first pass over many and never the last
//! word about one that fails.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use zeroize::Zeroizing;

use super::random::{self, RandomFault};
use crate::record::digest::Digest;
use crate::rule::Rule;

/// Length of a signature in bytes.
pub const SIGNATURE_LEN: usize = 64;

/// The name of a key: SHA-256 of its canonical public JWK (RFC 7638, RFC 8037).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kid(Digest);

impl Kid {
    /// The thumbprint of these public bytes.
    fn of(public: &[u8; 32]) -> Self {
        let x = URL_SAFE_NO_PAD.encode(public);
        Self(Digest::of(&[br#"{"crv":"Ed25519","kty":"OKP","x":""#, x.as_bytes(), br#""}"#]))
    }

    /// The 43 characters of base64url that stand in a header.
    pub fn text(&self) -> String {
        self.0.text()
    }

    /// The kid of that text; refused unless it is exactly the text of 32 bytes.
    pub fn from_text(text: &str) -> Option<Self> {
        Digest::from_text(text).map(Self)
    }

    /// The thumbprint itself.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0.0
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kid({self})")
    }
}

impl Serialize for Kid {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Kid {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        Self::from_text(&text).ok_or_else(|| D::Error::custom("not a key thumbprint"))
    }
}

/// Why bytes are not a usable public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Not the encoding of a point of the curve.
    #[error("the public key is not a point of the curve")]
    NotAPoint,
    /// A second encoding of a point: y is not below the field's prime.
    #[error("the public key is not in its canonical encoding")]
    NotCanonical,
    /// A point of small order, under which one signature fits many messages.
    #[error("the public key is weak")]
    Weak,
}

impl KeyFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::NotAPoint => Rule::KeyPoint,
            Self::NotCanonical => Rule::KeyCanonical,
            Self::Weak => Rule::KeyWeak,
        }
    }
}

/// The signature does not hold. Says nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct SignatureFault;

/// A public key, checked when it was made: canonical and not weak.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VerifyKey {
    point: ed25519_dalek::VerifyingKey,
    kid: Kid,
}

impl VerifyKey {
    /// The key of 32 public bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyFault> {
        // y ≥ 2^255 − 19, with the sign bit aside: the library would take it modulo the prime.
        if let [low, middle @ .., high] = bytes
            && *low >= 0xed
            && middle.iter().all(|byte| *byte == 0xff)
            && high & 0x7f == 0x7f
        {
            return Err(KeyFault::NotCanonical);
        }
        let point = ed25519_dalek::VerifyingKey::from_bytes(bytes).ok().ok_or(KeyFault::NotAPoint)?;
        if point.is_weak() {
            return Err(KeyFault::Weak);
        }
        Ok(Self { point, kid: Kid::of(bytes) })
    }

    /// The 32 public bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        self.point.as_bytes()
    }

    /// The key's name.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// Verifies strictly: canonical S, canonical R not of small order, the cofactorless equation.
    pub fn verify(&self, message: &[u8], signature: &[u8; SIGNATURE_LEN]) -> Result<(), SignatureFault> {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.point.verify_strict(message, &signature).ok().ok_or(SignatureFault)
    }
}

impl fmt::Debug for VerifyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyKey({})", self.kid)
    }
}

/// One signature to verify in a batch.
#[derive(Clone, Copy)]
pub struct BatchItem<'a> {
    /// Under this key.
    pub key: &'a VerifyKey,
    /// Over these bytes.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a [u8; SIGNATURE_LEN],
}

/// A fast first pass over many signatures; if it fails, each is verified strictly.
///
/// `Err` holds the places of the bad ones. `Ok` says that no honest reader would find one wrong. A signature
/// made on purpose may pass here and fail strictly: the strict check of that one finds it, so no verdict
/// rests on this.
pub fn verify_batch(items: &[BatchItem<'_>]) -> Result<(), Vec<usize>> {
    let messages: Vec<&[u8]> = items.iter().map(|item| item.message).collect();
    let signatures: Vec<_> =
        items.iter().map(|item| ed25519_dalek::Signature::from_bytes(item.signature)).collect();
    let keys: Vec<_> = items.iter().map(|item| item.key.point).collect();
    if ed25519_dalek::verify_batch(&messages, &signatures, &keys).is_ok() {
        return Ok(());
    }
    let wrong: Vec<usize> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| item.key.verify(item.message, item.signature).is_err())
        .map(|(place, _)| place)
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// A private key; wiped when dropped. `Debug` prints its kid only.
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    public: VerifyKey,
}

impl SigningKey {
    /// A new key from the operating system's randomness.
    pub fn generate() -> Result<Self, RandomFault> {
        let mut seed = Zeroizing::new([0; 32]);
        loop {
            random::fill(seed.as_mut())?;
            // Of 2^252 keys eight are weak; drawing again costs nothing and leaves no case to explain.
            if let Ok(key) = Self::from_seed(&seed) {
                return Ok(key);
            }
        }
    }

    /// The key of a 32-byte seed (the private key of RFC 8032).
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyFault> {
        let secret = ed25519_dalek::SigningKey::from_bytes(seed);
        let public = VerifyKey::from_bytes(secret.verifying_key().as_bytes())?;
        Ok(Self { secret, public })
    }

    /// The seed, to be wrapped under the master key and wiped.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret.to_bytes())
    }

    /// The public key.
    pub fn verify_key(&self) -> VerifyKey {
        self.public
    }

    /// The key's name.
    pub fn kid(&self) -> Kid {
        self.public.kid
    }

    /// Signs the message.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.secret.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public.kid)
    }
}

#[cfg(test)]
pub(crate) mod tests;
