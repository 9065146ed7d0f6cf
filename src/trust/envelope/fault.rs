//! Why an envelope is refused: each rule of the page has a fault and a name of its own.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::typ::Typ;
use crate::record::canonical::CanonicalFault;
use crate::rule::Rule;

/// A part of the compact form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvelopePart {
    /// The protected header.
    Header,
    /// The payload.
    Payload,
    /// The signature.
    Signature,
}

/// The rule that an envelope breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// Not three parts.
    #[error("the compact form has not three parts")]
    CompactParts,
    /// A part is not base64url without padding: another alphabet, white space, `=`, or non-zero tail bits.
    #[error("the {} is not base64url without padding", .0.name())]
    Base64(EnvelopePart),
    /// The header is longer than any that is allowed.
    #[error("the header is too long")]
    HeaderTooLong,
    /// The payload is longer than the limit.
    #[error("the payload is too long")]
    PayloadTooLong,
    /// The header is not canonical JSON.
    #[error("the header is not canonical JSON: {0}")]
    Header(CanonicalFault),
    /// The header asks that an extension be understood; none is.
    #[error("the header has crit")]
    Crit,
    /// The header is not an object of exactly alg, kid and typ.
    #[error("the header has other members than alg, kid and typ")]
    HeaderMembers,
    /// The algorithm is not EdDSA and not Ed25519.
    #[error("the algorithm is not EdDSA")]
    Algorithm,
    /// The kid is not the text of an RFC 7638 thumbprint.
    #[error("the kid is not a key thumbprint")]
    KidForm,
    /// The typ is unknown.
    #[error("the typ is not known")]
    TypUnknown,
    /// The payload is not canonical JSON.
    #[error("the payload is not canonical JSON: {0}")]
    Payload(CanonicalFault),
    /// The signature does not have 64 bytes.
    #[error("the signature has not 64 bytes")]
    SignatureLength,
    /// The lengths of a stored envelope do not add up.
    #[error("the stored envelope's lengths do not add up")]
    StoredLength,
    /// A thing of another kind than the one asked for.
    #[error("an envelope of {}, where one of {} was asked for", .found.en(), .asked.en())]
    Kind {
        /// The kind asked for.
        asked: Typ,
        /// The kind of the envelope.
        found: Typ,
    },
    /// No key of that kid is known.
    #[error("the key is not known")]
    KeyUnknown,
    /// The signature does not hold.
    #[error("the signature does not hold")]
    Signature,
}

impl EnvelopePart {
    fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        }
    }
}

impl EnvelopeFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::CompactParts => Rule::EnvelopeParts,
            Self::Base64(EnvelopePart::Header) => Rule::EnvelopeHeaderBase64,
            Self::Base64(EnvelopePart::Payload) => Rule::EnvelopePayloadBase64,
            Self::Base64(EnvelopePart::Signature) => Rule::EnvelopeSignatureBase64,
            Self::HeaderTooLong => Rule::EnvelopeHeaderLength,
            Self::PayloadTooLong => Rule::EnvelopePayloadLength,
            Self::Header(_) => Rule::EnvelopeHeaderCanonical,
            Self::Crit => Rule::EnvelopeCrit,
            Self::HeaderMembers => Rule::EnvelopeHeaderMembers,
            Self::Algorithm => Rule::EnvelopeAlg,
            Self::KidForm => Rule::EnvelopeKid,
            Self::TypUnknown => Rule::EnvelopeTyp,
            Self::Payload(_) => Rule::EnvelopePayloadCanonical,
            Self::SignatureLength => Rule::EnvelopeSignatureLength,
            Self::StoredLength => Rule::EnvelopeStoredLength,
            Self::Kind { .. } => Rule::EnvelopeKind,
            Self::KeyUnknown => Rule::KeyUnknown,
            Self::Signature => Rule::SignatureMismatch,
        }
    }
}

/// The bytes of a part, strictly: only one text decodes to them.
pub(super) fn decode(text: &str, part: EnvelopePart) -> Result<Vec<u8>, EnvelopeFault> {
    URL_SAFE_NO_PAD.decode(text).ok().ok_or(EnvelopeFault::Base64(part))
}
