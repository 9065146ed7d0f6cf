//! The record's signed payload (schema/bytes.md §3).
//!
//! [`Record::to_canonical`] writes the signed bytes. [`Record::from_payload`] reads payloads that others
//! signed, and refuses every departure from the page. Types that hold numbers show none in `Debug` (I3).

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value};

use super::canonical::{self, CanonicalFault, Members};
use super::digest::{Digest, Salt};
use super::identifier::{Check, Identifier, IdentifierFault};
pub use crate::catalog::{Custody, Kind};
use crate::clock::Day;
use crate::closed::{self, TextForm};
use crate::rule::Rule;

/// One holder of a record: a person or organisation and its part in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holder {
    /// The canonical code: upper case, 18 characters where the number has them.
    pub code: String,
    /// The code type, three digits (GB/T 36903 Annex A: `111`, `001`, …).
    pub code_type: String,
    /// The name as given, never normalised.
    pub name: String,
    /// The role the type gives this holder (`holder`, `spouse`, `owner`, …).
    pub role: String,
    /// The share of a joint right, as printed.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub share: Option<String>,
}

/// The agency that issued, by its code and its name on that day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// The agency's code (a public code).
    pub code: String,
    /// The name of the day of issue.
    pub name: String,
}

/// The certificate type and the version of its schema that the face follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TypeRef {
    /// The type code, 21 characters.
    pub code: String,
    /// The version of the type's schema.
    pub version: u32,
}

/// A file that belongs to a record, named by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// The media type.
    pub media_type: String,
    /// Its name in the type's schema (`photo`, `scan`, …).
    pub name: String,
    /// SHA-256 of the content in lower-case hex.
    pub sha256: String,
    /// Length in bytes.
    pub size: u64,
}

/// The record and version that this one replaces, and the action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replaces {
    /// The action's wire name.
    pub action: super::action::Action,
    /// The identifier of the version replaced.
    pub identifier: Secret,
    /// The version replaced.
    pub version: u32,
}

/// A place in a status list, where the standing of a record can be looked up without asking about a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusPlace {
    /// The place in the list, from 0.
    pub index: u64,
    /// The list's address.
    pub list: String,
}

/// Longest address of a status list, in bytes.
const LIST_LIMIT: usize = 512;

/// Text that may be or contain a holder's number: no `Debug` shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Until when a record holds: a last valid day, or without end (长期).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// The last valid day (day of UTC+8).
    Until(Day),
    /// 长期.
    LongTerm,
}

impl Validity {
    /// The last valid day, if there is one.
    pub fn last_day(self) -> Option<Day> {
        match self {
            Self::Until(day) => Some(day),
            Self::LongTerm => None,
        }
    }
}

impl Serialize for Validity {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Until(day) => day.serialize(to),
            Self::LongTerm => to.serialize_str("long_term"),
        }
    }
}

impl<'de> Deserialize<'de> for Validity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        match &*text {
            "long_term" => Ok(Self::LongTerm),
            day => day.parse().map(Self::Until).map_err(D::Error::custom),
        }
    }
}

impl utoipa::PartialSchema for Validity {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let about = "The last valid day, YYYY-MM-DD (day of UTC+8), or `long_term` (长期).";
        closed::text(about, TextForm::Pattern("^([0-9]{4}-[0-9]{2}-[0-9]{2}|long_term)$"))
    }
}

impl utoipa::ToSchema for Validity {}

/// A record: one certificate or proof in one version.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Files, by digest.
    pub attachments: Vec<Attachment>,
    /// The face (照面) as the type's schema says.
    pub face: Map<String, Value>,
    /// The holders, at least one.
    pub holders: Vec<Holder>,
    /// The identifier, verbatim. A foreign one may contain a holder's number.
    pub identifier: String,
    /// The day of issue.
    pub issued_on: Day,
    /// Who issued.
    pub issuer: Issuer,
    /// What kind of document.
    pub kind: Kind,
    /// The certificate's own number; absent if there is none. Often the citizen's number.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The version that this one replaces.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaces>,
    /// Keeps a digest of the payload from being guessed.
    pub salt: Salt,
    /// Its place in a status list, if the issuer keeps one. No record made here has it yet.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusPlace>,
    /// The type.
    #[serde(rename = "type")]
    pub record_type: TypeRef,
    /// The layout's version: 1.
    pub v: u8,
    /// The first valid day; the day of issue where absent.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// Until when it holds; absent where the type has no end.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Validity>,
    /// The version, from 1.
    pub version: u32,
}

/// A member that may be absent. If it is there, it has a value: null is refused.
pub(super) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// Why a payload is not a record. Never quotes the payload (I3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadFault {
    /// Not canonical JSON.
    #[error("the payload is not canonical JSON: {0}")]
    Canonical(#[from] CanonicalFault),
    /// Not an object.
    #[error("the payload is not an object")]
    NotAnObject,
    /// A member that the page does not know.
    #[error("the payload has a member that is not known")]
    UnknownMember,
    /// This member is missing.
    #[error("the payload lacks the member {0}")]
    MissingMember(&'static str),
    /// This member is not of its shape.
    #[error("the member {0} is not of its shape")]
    MemberShape(&'static str),
    /// Another layout version than 1.
    #[error("the payload's layout version is not 1")]
    LayoutVersion,
    /// No holder at all.
    #[error("the record has no holder")]
    NoHolder,
    /// The version is not 1 to 999, or not the one in the identifier.
    #[error("the version is not 1 to 999, or not that of the identifier")]
    Version,
    /// The identifier breaks a rule.
    #[error("{0}")]
    Identifier(#[from] IdentifierFault),
    /// The identifier's check character is wrong in every known dialect.
    #[error("the identifier's check character is wrong")]
    IdentifierCheck,
    /// The first valid day lies after the last.
    #[error("the first valid day lies after the last")]
    ValidityOrder,
    /// The length of an attachment is beyond 2^53 − 1: it has no canonical form.
    #[error("the size of an attachment is beyond 2^53 - 1")]
    AttachmentSize,
    /// The address of the status list is empty, too long, or holds a person's number.
    #[error("the list of status is 1 to 512 bytes without a person's number in it")]
    StatusList,
    /// The place in the status list is beyond 2^53 − 1.
    #[error("the index of status is beyond 2^53 - 1")]
    StatusIndex,
    /// The digest of an attachment is not SHA-256 in lower-case hex.
    #[error("the sha256 of an attachment is not 64 lower-case hexadecimal digits")]
    AttachmentDigest,
}

impl PayloadFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::Canonical(fault) => fault.rule(),
            Self::NotAnObject => Rule::PayloadObject,
            Self::UnknownMember => Rule::PayloadUnknownMember,
            Self::MissingMember(_) => Rule::PayloadMissingMember,
            Self::MemberShape(_) => Rule::PayloadMemberShape,
            Self::LayoutVersion => Rule::PayloadLayoutVersion,
            Self::NoHolder => Rule::PayloadNoHolder,
            Self::Version => Rule::PayloadVersion,
            Self::Identifier(fault) => fault.rule(),
            Self::IdentifierCheck => Rule::IdentifierCheck,
            Self::ValidityOrder => Rule::PayloadValidityOrder,
            Self::StatusList => Rule::StatusList,
            Self::StatusIndex => Rule::StatusIndex,
            Self::AttachmentSize => Rule::AttachmentSize,
            Self::AttachmentDigest => Rule::AttachmentDigest,
        }
    }

    /// The member at fault, if there is one.
    pub fn member(self) -> Option<&'static str> {
        match self {
            Self::MissingMember(name) | Self::MemberShape(name) => Some(name),
            Self::LayoutVersion => Some("v"),
            Self::NoHolder => Some("holders"),
            Self::Version => Some("version"),
            Self::Identifier(_) | Self::IdentifierCheck => Some("identifier"),
            Self::ValidityOrder => Some("valid_to"),
            Self::StatusList => Some("status.list"),
            Self::StatusIndex => Some("status.index"),
            Self::AttachmentSize | Self::AttachmentDigest => Some("attachments"),
            Self::Canonical(_) | Self::NotAnObject | Self::UnknownMember => None,
        }
    }
}

impl Record {
    /// The bytes to sign. Fails only if the face holds a number that has no canonical form.
    pub fn to_canonical(&self) -> Result<Vec<u8>, PayloadFault> {
        self.written(&mut |_, _| {})
    }

    /// The record of a payload that was signed elsewhere or stored; strict in every rule of the page.
    pub fn from_payload(bytes: &[u8]) -> Result<Self, PayloadFault> {
        let Value::Object(members) = canonical::parse_canonical(bytes)? else {
            return Err(PayloadFault::NotAnObject);
        };
        shape::check(&members)?;
        let record: Self =
            serde_json::from_value(Value::Object(members)).ok().ok_or(PayloadFault::MemberShape("face"))?;
        record.check()?;
        Ok(record)
    }

    /// Reads the payload of an envelope that is stored here. It was read by [`Record::from_payload`] when it came in, and
    /// the seal of its row says that it is the same; so a lookup does not write it anew to compare. None where it is no
    /// record.
    pub fn from_stored(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The canonical payload without `identifier`, `salt`, `status`, `version` and `replaces`. Keyed hash `c`
    /// is made of it, so that the same content is recognised under another name.
    pub fn content_form(&self) -> Result<Vec<u8>, PayloadFault> {
        self.forms().map(|(_, content)| content)
    }

    /// Both at once: the signed bytes, and the content form.
    pub fn forms(&self) -> Result<(Vec<u8>, Vec<u8>), PayloadFault> {
        let mut left_out = Vec::with_capacity(4);
        let whole = self.written(&mut |from, to| left_out.push((from, to)))?;
        let (mut content, mut at) = (Vec::with_capacity(whole.len()), 0);
        for (from, to) in left_out {
            content.extend_from_slice(whole.get(at..from).unwrap_or_default());
            at = to;
        }
        content.extend_from_slice(whole.get(at..).unwrap_or_default());
        Ok((whole, content))
    }

    /// The rules that stand above the shape: layout, holders, version, identifier, order of dates, status list,
    /// attachments.
    pub fn check(&self) -> Result<(), PayloadFault> {
        self.check_identifier().map(drop)
    }

    /// The same; returns the result of the identifier's check character, which is never `Wrong`.
    pub fn check_identifier(&self) -> Result<Check, PayloadFault> {
        if self.v != 1 {
            return Err(PayloadFault::LayoutVersion);
        }
        if self.holders.is_empty() {
            return Err(PayloadFault::NoHolder);
        }
        let identifier = Identifier::parse(&self.identifier)?;
        let dialect = identifier.check();
        if dialect == Check::Wrong {
            return Err(PayloadFault::IdentifierCheck);
        }
        if self.version != identifier.version() {
            return Err(PayloadFault::Version);
        }
        let last = self.valid_to.and_then(Validity::last_day);
        if self.valid_from.zip(last).is_some_and(|(first, last)| first > last) {
            return Err(PayloadFault::ValidityOrder);
        }
        if let Some(status) = &self.status {
            if status.index > canonical::MAX_INTEGER {
                return Err(PayloadFault::StatusIndex);
            }
            // Verifiers fetch the list, so its address is public (I3).
            let fits = (1..=LIST_LIMIT).contains(&status.list.len());
            if !fits || crate::identity::contains_citizen_number(&status.list) {
                return Err(PayloadFault::StatusList);
            }
        }
        for attachment in &self.attachments {
            if attachment.size > canonical::MAX_INTEGER {
                return Err(PayloadFault::AttachmentSize);
            }
            if Digest::from_hex(&attachment.sha256).is_none() {
                return Err(PayloadFault::AttachmentDigest);
            }
        }
        Ok(dialect)
    }

    /// Whether the identifier is as secret as a number ([`Identifier::is_secret`]).
    pub fn identifier_is_secret(&self) -> bool {
        let codes: Vec<&str> = self.holders.iter().map(|holder| holder.code.as_str()).collect();
        Identifier::parse(&self.identifier).map_or(true, |identifier| identifier.is_secret(&codes))
    }

    /// Writes member by member, and returns the places of the members that the content form leaves out, with
    /// their commas.
    fn written(&self, left_out: &mut dyn FnMut(usize, usize)) -> Result<Vec<u8>, PayloadFault> {
        let mut out = Vec::with_capacity(1024);
        let mut object = Members::open(&mut out);
        write_list(&self.attachments, Attachment::write, object.name("attachments"));
        canonical::write_object(&self.face, object.name("face"))?;
        write_list(&self.holders, Holder::write, object.name("holders"));
        let from = object.written();
        object.text("identifier", &self.identifier);
        left_out(from, object.written());
        canonical::write_text(&self.issued_on.to_string(), object.name("issued_on"));
        let mut issuer = Members::open(object.name("issuer"));
        issuer.text("code", &self.issuer.code);
        issuer.text("name", &self.issuer.name);
        issuer.close();
        object.text("kind", self.kind.wire());
        object.text_if("number", self.number.as_deref());
        let from = object.written();
        if let Some(replaces) = &self.replaces {
            let mut members = Members::open(object.name("replaces"));
            members.text("action", replaces.action.wire());
            members.text("identifier", &replaces.identifier.0);
            members.integer("version", replaces.version.into());
            members.close();
        }
        object.base64url("salt", &self.salt.0);
        if let Some(status) = &self.status {
            let mut members = Members::open(object.name("status"));
            members.integer("index", status.index);
            members.text("list", &status.list);
            members.close();
        }
        left_out(from, object.written());
        let mut record_type = Members::open(object.name("type"));
        record_type.text("code", &self.record_type.code);
        record_type.integer("version", self.record_type.version.into());
        record_type.close();
        object.integer("v", self.v.into());
        if let Some(day) = self.valid_from {
            canonical::write_text(&day.to_string(), object.name("valid_from"));
        }
        match self.valid_to {
            Some(Validity::Until(day)) => canonical::write_text(&day.to_string(), object.name("valid_to")),
            Some(Validity::LongTerm) => object.text("valid_to", "long_term"),
            None => {}
        }
        let from = object.written();
        object.integer("version", self.version.into());
        left_out(from, object.written());
        object.close();
        Ok(out)
    }
}

fn write_list<T>(items: &[T], write: fn(&T, &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

impl Attachment {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Members::open(out);
        object.text("media_type", &self.media_type);
        object.text("name", &self.name);
        object.text("sha256", &self.sha256);
        object.integer("size", self.size);
        object.close();
    }
}

impl Holder {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Members::open(out);
        object.text("code", &self.code);
        object.text("code_type", &self.code_type);
        object.text("name", &self.name);
        object.text("role", &self.role);
        object.text_if("share", self.share.as_deref());
        object.close();
    }
}

/// Code type and code of every holder in a canonical payload, without reading the rest of it.
///
/// A canonical payload has its members sorted, so the last `"holders":[` is the record's own. None of the
/// members behind it can hold another, and quotes inside a text are escaped. Empty if there is none.
pub fn holder_codes(payload: &[u8]) -> Vec<(String, String)> {
    #[derive(Deserialize)]
    struct Coded {
        code: String,
        code_type: String,
    }
    let coded: Vec<Coded> = holders_as(payload);
    coded.into_iter().map(|one| (one.code_type, one.code)).collect()
}

/// A holder as a payload seats it; read as [`holder_codes`] are.
#[derive(Deserialize)]
pub struct SeatedHolder {
    /// Its number.
    pub code: String,
    /// The type of its number.
    pub code_type: String,
    /// Its role.
    pub role: String,
}

/// The holders of a payload with their roles. Empty if there is none.
pub fn seated_holders(payload: &[u8]) -> Vec<SeatedHolder> {
    holders_as(payload)
}

fn holders_as<T: serde::de::DeserializeOwned>(payload: &[u8]) -> Vec<T> {
    const MEMBER: &[u8] = b"\"holders\":";
    let at = payload.windows(MEMBER.len()).rposition(|window| window == MEMBER);
    let list = at.and_then(|at| payload.get(at + MEMBER.len()..)).unwrap_or_default();
    let mut values = serde_json::Deserializer::from_slice(list).into_iter::<Vec<T>>();
    values.next().and_then(Result::ok).unwrap_or_default()
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Holder({} ***, {})", self.code_type, self.role)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("kind", &self.kind)
            .field("type", &self.record_type.code)
            .field("issuer", &self.issuer.code)
            .field("version", &self.version)
            .field("holders", &self.holders)
            .finish_non_exhaustive()
    }
}

/// Finds the member at fault: serde's own message quotes the value, which may be a number.
mod shape {
    use super::*;

    fn is<T: serde::de::DeserializeOwned>(value: &Value) -> bool {
        T::deserialize(value).is_ok()
    }

    type Member = (&'static str, bool, fn(&Value) -> bool);
    const MEMBERS: [Member; 16] = [
        ("attachments", true, is::<Vec<Attachment>>),
        ("face", true, Value::is_object),
        ("holders", true, is::<Vec<Holder>>),
        ("identifier", true, Value::is_string),
        ("issued_on", true, is::<Day>),
        ("issuer", true, is::<Issuer>),
        ("kind", true, is::<Kind>),
        ("number", false, Value::is_string),
        ("replaces", false, is::<Replaces>),
        ("salt", true, is::<Salt>),
        ("status", false, is::<StatusPlace>),
        ("type", true, is::<TypeRef>),
        ("v", true, is::<u8>),
        ("valid_from", false, is::<Day>),
        ("valid_to", false, is::<Validity>),
        ("version", true, is::<u32>),
    ];

    pub(super) fn check(members: &Map<String, Value>) -> Result<(), PayloadFault> {
        for (name, required, fits) in MEMBERS {
            match members.get(name) {
                None if required => return Err(PayloadFault::MissingMember(name)),
                Some(value) if !fits(value) => return Err(PayloadFault::MemberShape(name)),
                _ => {}
            }
        }
        let known = |name: &String| MEMBERS.iter().any(|member| member.0 == name);
        if members.keys().all(known) { Ok(()) } else { Err(PayloadFault::UnknownMember) }
    }
}

#[cfg(test)]
pub(crate) mod tests;
