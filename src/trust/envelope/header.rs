//! The protected header: exactly `{"alg":…,"kid":…,"typ":…}` in canonical form.

use serde_json::Value;

use super::fault::EnvelopeFault;
use super::typ::Typ;
use crate::record::canonical;
use crate::trust::keys::Kid;

/// Longest header of the three members, in bytes.
pub(super) const MAX_LEN: usize = 256;

/// The kid of a canonical header, taken from its place; none if the header has another form.
pub(super) fn kid_in_place(bytes: &[u8]) -> Option<Kid> {
    const KID_LEN: usize = 43;
    let rest = bytes
        .strip_prefix(br#"{"alg":"EdDSA","kid":""#)
        .or_else(|| bytes.strip_prefix(br#"{"alg":"Ed25519","kid":""#))?;
    let (kid, rest) = rest.split_at_checked(KID_LEN)?;
    rest.starts_with(br#"","typ":""#).then_some(())?;
    Kid::from_text(std::str::from_utf8(kid).ok()?)
}

/// The name of the one algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// `EdDSA` (RFC 8037), which every JOSE library reads; the form written here.
    EdDsa,
    /// `Ed25519` (RFC 9864), accepted from issuers.
    Ed25519,
}

impl Algorithm {
    fn wire(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Ed25519 => "Ed25519",
        }
    }
}

/// The header's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The algorithm's name; both mean the same.
    pub algorithm: Algorithm,
    /// The key.
    pub kid: Kid,
    /// The kind of thing signed.
    pub typ: Typ,
}

impl Header {
    /// The header's bytes.
    pub fn to_canonical(self) -> Vec<u8> {
        format!(r#"{{"alg":"{}","kid":"{}","typ":"{}"}}"#, self.algorithm.wire(), self.kid, self.typ.wire())
            .into_bytes()
    }

    /// Reads a header; any other member, `crit` above all, is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeFault> {
        if bytes.len() > MAX_LEN {
            return Err(EnvelopeFault::HeaderTooLong);
        }
        let value = canonical::parse_canonical(bytes).map_err(EnvelopeFault::Header)?;
        let Value::Object(members) = &value else { return Err(EnvelopeFault::HeaderMembers) };
        if members.contains_key("crit") {
            return Err(EnvelopeFault::Crit);
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str).ok_or(EnvelopeFault::HeaderMembers);
        let (algorithm, kid, typ) = (text("alg")?, text("kid")?, text("typ")?);
        if members.len() != 3 {
            return Err(EnvelopeFault::HeaderMembers);
        }
        Ok(Self {
            algorithm: match algorithm {
                "EdDSA" => Algorithm::EdDsa,
                "Ed25519" => Algorithm::Ed25519,
                _ => return Err(EnvelopeFault::Algorithm),
            },
            kid: Kid::from_text(kid).ok_or(EnvelopeFault::KidForm)?,
            typ: Typ::from_wire(typ).ok_or(EnvelopeFault::TypUnknown)?,
        })
    }
}
