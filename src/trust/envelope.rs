//! The envelope (签名原文): a JWS (RFC 7515) whose bytes are stored and served as they were signed (I6).
//!
//! [`EnvelopeBuf::sign`] makes one. [`EnvelopeBuf::parse_compact`] reads one that others signed, and refuses
//! every departure from `schema/bytes.md` §2. [`Envelope::parse_stored`] reads a stored one (cheap: it only
//! finds the parts, since entry checked the rest). [`Envelope::verify`] verifies. Nothing re-serialises one.

mod fault;
mod header;
mod typ;

use super::keys::{Kid, SIGNATURE_LEN, SignatureFault, SigningKey, VerifyKey};
use crate::record::canonical::{self, append_base64url};
use crate::record::digest::Digest;
use crate::record::json;
pub use fault::{EnvelopeFault, EnvelopePart};
pub use header::{Algorithm, Header};
pub use typ::Typ;

/// How large an envelope from elsewhere may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest payload in bytes.
    pub payload: usize,
}

impl Default for Limits {
    /// 64 KiB: faces are text, pictures are attachments.
    fn default() -> Self {
        Self { payload: 64 * 1024 }
    }
}

/// An envelope that lies in someone else's bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'a> {
    header: &'a [u8],
    payload: &'a [u8],
    signature: &'a [u8; SIGNATURE_LEN],
}

/// An envelope that holds its stored bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvelopeBuf {
    stored: Vec<u8>,
    header_len: usize,
}

/// A payload whose signature held, with the header's facts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The payload's bytes.
    pub payload: &'a [u8],
    /// The key that signed.
    pub kid: Kid,
    /// Digest of the envelope.
    pub digest: Digest,
}

impl<'a> Envelope<'a> {
    /// Finds the parts of a stored envelope; only the lengths are checked.
    pub fn parse_stored(stored: &'a [u8]) -> Result<Self, EnvelopeFault> {
        let fault = EnvelopeFault::StoredLength;
        let (len, rest) = stored.split_first_chunk::<2>().ok_or(fault)?;
        let (header, rest) = rest.split_at_checked(u16::from_be_bytes(*len).into()).ok_or(fault)?;
        let (len, rest) = rest.split_first_chunk::<4>().ok_or(fault)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).ok().ok_or(fault)?;
        let (payload, signature) = rest.split_at_checked(len).ok_or(fault)?;
        let signature = signature.try_into().ok().ok_or(fault)?;
        Ok(Self { header, payload, signature })
    }

    /// The header's bytes.
    pub fn header_bytes(&self) -> &'a [u8] {
        self.header
    }

    /// The payload's bytes; not verified.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The signature.
    pub fn signature(&self) -> &'a [u8; SIGNATURE_LEN] {
        self.signature
    }

    /// The header's facts, strictly read.
    pub fn header(&self) -> Result<Header, EnvelopeFault> {
        Header::parse(self.header)
    }

    /// The key of a stored envelope. Entry made sure that the header is canonical, so the kid stands at a fixed
    /// place; a header of any other form is read strictly.
    pub fn kid(&self) -> Result<Kid, EnvelopeFault> {
        match header::kid_in_place(self.header) {
            Some(kid) => Ok(kid),
            None => self.header().map(|header| header.kid),
        }
    }

    /// SHA-256(header ‖ payload): the envelope's name in events and answers.
    pub fn digest(&self) -> Digest {
        Digest::of(&[self.header, self.payload])
    }

    /// The bytes to sign: b64u(header) ‖ "." ‖ b64u(payload).
    pub fn signing_input(&self) -> Vec<u8> {
        signing_input(self.header, self.payload)
    }

    /// Appends the compact form, as it is served.
    pub fn write_compact(&self, out: &mut Vec<u8>) {
        out.reserve(self.compact_len());
        append_base64url(self.header, out);
        out.push(b'.');
        append_base64url(self.payload, out);
        out.push(b'.');
        append_base64url(self.signature, out);
    }

    /// The compact form.
    pub fn compact(&self) -> String {
        let mut out = Vec::new();
        self.write_compact(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// Length of the compact form in bytes.
    pub fn compact_len(&self) -> usize {
        let parts = [self.header.len(), self.payload.len(), SIGNATURE_LEN];
        2 + parts.iter().map(|len| (len * 4).div_ceil(3)).sum::<usize>()
    }

    /// Verifies strictly as an envelope of kind `typ`, under the key that `key_of` gives for its kid.
    ///
    /// Says nothing about the key's standing, the log or the state: the verdict judges those.
    pub fn verify(
        &self,
        typ: Typ,
        key_of: impl FnOnce(&Kid) -> Option<VerifyKey>,
    ) -> Result<Verified<'a>, EnvelopeFault> {
        let header = self.header()?;
        if header.typ != typ {
            return Err(EnvelopeFault::Kind { asked: typ, found: header.typ });
        }
        let key = key_of(&header.kid).ok_or(EnvelopeFault::KeyUnknown)?;
        if key.kid() != header.kid {
            return Err(EnvelopeFault::KeyUnknown);
        }
        match key.verify(&self.signing_input(), self.signature) {
            Ok(()) => Ok(Verified { payload: self.payload, kid: header.kid, digest: self.digest() }),
            Err(SignatureFault) => Err(EnvelopeFault::Signature),
        }
    }
}

impl EnvelopeBuf {
    /// Signs a payload; the only way an envelope is made here. A payload that is not canonical is refused:
    /// nobody could read it, and it would stay in the log for ever.
    pub fn sign(typ: Typ, payload: &[u8], key: &SigningKey) -> Result<Self, EnvelopeFault> {
        canonical::check(payload).map_err(EnvelopeFault::Payload)?;
        let header = Header { algorithm: Algorithm::EdDsa, kid: key.kid(), typ }.to_canonical();
        let signature = key.sign(&signing_input(&header, payload));
        Self::from_parts(&header, payload, &signature)
    }

    /// Reads a compact form signed elsewhere. Every rule of the page is checked except the signature itself;
    /// for that, [`Envelope::verify`].
    pub fn parse_compact(text: &str, limits: Limits) -> Result<Self, EnvelopeFault> {
        let mut parts = text.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(EnvelopeFault::CompactParts);
        };
        // Judged by the text, before memory is spent on it.
        if header.len() > (header::MAX_LEN * 4).div_ceil(3) {
            return Err(EnvelopeFault::HeaderTooLong);
        }
        if payload.len() > (limits.payload.saturating_mul(4)).div_ceil(3) {
            return Err(EnvelopeFault::PayloadTooLong);
        }
        let header = fault::decode(header, EnvelopePart::Header)?;
        let payload = fault::decode(payload, EnvelopePart::Payload)?;
        let signature = fault::decode(signature, EnvelopePart::Signature)?;
        let signature: [u8; SIGNATURE_LEN] =
            signature.as_slice().try_into().ok().ok_or(EnvelopeFault::SignatureLength)?;
        Header::parse(&header)?;
        canonical::parse_canonical(&payload).map_err(EnvelopeFault::Payload)?;
        Self::from_parts(&header, &payload, &signature)
    }

    /// Takes over stored bytes; only the lengths are checked.
    pub fn from_stored(stored: Vec<u8>) -> Result<Self, EnvelopeFault> {
        let header_len = Envelope::parse_stored(&stored)?.header.len();
        Ok(Self { stored, header_len })
    }

    /// The stored form: u16 len ‖ header ‖ u32 len ‖ payload ‖ signature.
    pub fn stored(&self) -> &[u8] {
        &self.stored
    }

    /// The envelope in these bytes.
    pub fn view(&self) -> Envelope<'_> {
        const NO_SIGNATURE: &[u8; SIGNATURE_LEN] = &[0; SIGNATURE_LEN];
        let (header, payload) =
            (self.stored.get(2..2 + self.header_len), self.stored.get(6 + self.header_len..));
        let (payload, signature) = payload.and_then(<[u8]>::split_last_chunk).unwrap_or((&[], NO_SIGNATURE));
        Envelope { header: header.unwrap_or_default(), payload, signature }
    }

    /// The compact form, as it is served.
    pub fn compact(&self) -> String {
        self.view().compact()
    }

    fn from_parts(
        header: &[u8],
        payload: &[u8],
        signature: &[u8; SIGNATURE_LEN],
    ) -> Result<Self, EnvelopeFault> {
        let header_len = u16::try_from(header.len()).ok().ok_or(EnvelopeFault::HeaderTooLong)?;
        let payload_len = u32::try_from(payload.len()).ok().ok_or(EnvelopeFault::PayloadTooLong)?;
        let mut stored = Vec::with_capacity(6 + header.len() + payload.len() + SIGNATURE_LEN);
        stored.extend_from_slice(&header_len.to_be_bytes());
        stored.extend_from_slice(header);
        stored.extend_from_slice(&payload_len.to_be_bytes());
        stored.extend_from_slice(payload);
        stored.extend_from_slice(signature);
        Ok(Self { stored, header_len: header.len() })
    }
}

/// As its compact form.
impl serde::Serialize for Envelope<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        json::compact([self.header, self.payload, self.signature], || self.compact(), to)
    }
}

fn signing_input(header: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut input = Vec::with_capacity((header.len() + payload.len()) * 4 / 3 + 4);
    append_base64url(header, &mut input);
    input.push(b'.');
    append_base64url(payload, &mut input);
    input
}

impl std::fmt::Debug for Envelope<'_> {
    /// The payload is a person's data and stays out (I3).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Envelope({} bytes, {})", self.payload.len(), self.digest())
    }
}

impl std::fmt::Debug for EnvelopeBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.view(), f)
    }
}

impl std::fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Verified({}, {})", self.kid, self.digest)
    }
}

#[cfg(test)]
mod tests;
