//! One row of the file: parsed, checked, signed.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::catalog::{FaceNote, NoteKind};
use crate::clock::Day;
use crate::error::{Class, Code, Error, Result};
use crate::policy::Actor;
use crate::record::payload::{Attachment, Validity};
use crate::registry::Registry;
use crate::registry::base::order::envelope_error;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::strict;
use crate::registry::import::item::Item;
use crate::registry::records::draft::{self, Checked, Draft, DraftHolder};
use crate::registry::records::signed::Signed;
use crate::rule::Rule;
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, SigningKey};

/// A draft or an envelope, before it is known which; what is missing is named afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    envelope: Option<String>,
    #[serde(rename = "type")]
    type_code: Option<String>,
    issuer: Option<String>,
    holders: Option<Vec<DraftHolder>>,
    #[serde(default, deserialize_with = "strict::face")]
    face: Option<Map<String, Value>>,
    issued_on: Option<Day>,
    valid_from: Option<Day>,
    valid_to: Option<Validity>,
    attachments: Option<Vec<Attachment>>,
    identifier: Option<String>,
}

/// What a row says.
pub(super) enum RowText {
    /// Data to be signed here.
    Draft(Box<Draft>),
    /// Compact form of an issuer's envelope.
    Envelope(String),
}

impl RowText {
    /// Reads one line of NDJSON.
    pub fn of_json(text: &str) -> Result<Self> {
        let given: Given = serde_json::from_str(text).map_err(|error| shape_fault(text, &error))?;
        let Given { envelope, type_code, issuer, holders, face, issued_on, attachments, .. } = given;
        if let Some(compact) = envelope {
            let alone = type_code.is_none()
                && issuer.is_none()
                && holders.is_none()
                && face.is_none()
                && issued_on.is_none()
                && attachments.is_none()
                && given.valid_from.is_none()
                && given.valid_to.is_none()
                && given.identifier.is_none();
            let detail = "a row is an envelope or a draft, not both";
            let both = || Error::new(Code::FieldUnknown, detail).at("envelope").rule(Rule::EnvelopeAlone);
            return if alone { Ok(Self::Envelope(compact)) } else { Err(both()) };
        }
        Ok(Self::Draft(Box::new(Draft {
            type_code: type_code.ok_or_else(|| missing("type"))?,
            issuer: issuer.ok_or_else(|| missing("issuer"))?,
            holders: holders.ok_or_else(|| missing("holders"))?,
            face: face.ok_or_else(|| missing("face"))?,
            issued_on: issued_on.ok_or_else(|| missing("issued_on"))?,
            valid_from: given.valid_from,
            valid_to: given.valid_to,
            attachments: attachments.unwrap_or_default(),
            identifier: given.identifier,
        })))
    }
}

fn missing(name: &'static str) -> Error {
    Error::new(Code::FieldInvalid, "the field is missing").at(name).rule(Rule::FieldMissing)
}

/// Which member is to blame. serde's own words quote the row, so the members are tried one by one.
fn shape_fault(text: &str, error: &serde_json::Error) -> Error {
    fn is<T: serde::de::DeserializeOwned>(value: &Value) -> bool {
        T::deserialize(value).is_ok()
    }
    type Member = (&'static str, fn(&Value) -> bool);
    const MEMBERS: [Member; 10] = [
        ("envelope", Value::is_string),
        ("type", Value::is_string),
        ("issuer", Value::is_string),
        ("holders", is::<Vec<DraftHolder>>),
        ("face", Value::is_object),
        ("issued_on", is::<Day>),
        ("valid_from", is::<Day>),
        ("valid_to", is::<Validity>),
        ("attachments", is::<Vec<Attachment>>),
        ("identifier", Value::is_string),
    ];
    if !error.is_data() {
        return Error::new(Code::JsonInvalid, "the line is not one JSON value").rule(Rule::JsonSyntax);
    }
    if error.to_string().contains(strict::TWICE) || error.to_string().contains("duplicate field") {
        return Error::new(Code::JsonInvalid, "a name stands twice").rule(Rule::JsonDuplicateName);
    }
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return Error::new(Code::JsonInvalid, "the line is not one JSON object").rule(Rule::JsonObject);
    };
    if members.keys().any(|name| !MEMBERS.iter().any(|known| known.0 == name)) {
        return Error::new(Code::FieldUnknown, "the row has a field that is not known")
            .rule(Rule::FieldUnknown);
    }
    let wrong = MEMBERS.iter().find(|(name, fits)| members.get(*name).is_some_and(|value| !fits(value)));
    let fault = Error::new(Code::FieldInvalid, "the field is not of its shape").rule(Rule::FieldShape);
    match wrong {
        Some((name, _)) => fault.at(*name),
        None => fault,
    }
}

/// What a row became.
pub(super) struct Made {
    pub item: Item,
    /// It has characters of the private-use areas, or an identifier in the wrong dialect.
    pub flagged: bool,
}

/// One thread's means: the snapshot of the run and the issuers' keys, each opened once.
pub(super) struct Maker<'a> {
    registry: &'a Registry,
    snapshot: Arc<Snapshot>,
    actor: &'a Actor,
    today: Day,
    keys: HashMap<String, Option<Arc<SigningKey>>>,
}

impl<'a> Maker<'a> {
    /// A thread's means.
    pub fn new(registry: &'a Registry, actor: &'a Actor) -> Self {
        let (snapshot, today) = (registry.snapshot(), registry.now().day());
        Self { registry, snapshot, actor, today, keys: HashMap::new() }
    }

    /// The catalog and policy of the run.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Checks and signs. An error whose class is `Refused` is the row's; any other is the run's.
    pub fn make(&mut self, row: RowText, line: u64) -> Result<Made> {
        let index = self.registry.store().vault().index();
        let (signed, flagged, kid) = match row {
            RowText::Draft(draft) => {
                let type_code = &draft::type_entry(&self.snapshot, &draft.type_code)?.def().code;
                self.registry.may_issue(self.actor, type_code, &draft.issuer)?;
                let regions = self.registry.regions();
                let checked = draft::check_owned(*draft, &self.snapshot, regions, self.today, None)?;
                let flagged = is_flagged(&checked);
                let key = self.key(&checked.record.issuer.code)?;
                (Signed::new(checked, &key, index)?, flagged, *key.kid().bytes())
            }
            RowText::Envelope(compact) => {
                let envelope =
                    EnvelopeBuf::parse_compact(&compact, Limits::default()).map_err(envelope_error)?;
                let record = self.registry.verified_record(&envelope.view())?;
                self.registry.may_issue(self.actor, &record.record_type.code, &record.issuer.code)?;
                if record.version != 1 || record.replaces.is_some() {
                    let detail = "an import takes first versions; a new version comes by an action";
                    return Err(Error::new(Code::FieldInvalid, detail)
                        .at("version")
                        .rule(Rule::VersionFirst));
                }
                let kid = *envelope.view().header().map_err(envelope_error)?.kid.bytes();
                let checked =
                    draft::check_signed(record, &self.snapshot, self.registry.regions(), self.today)?;
                let flagged = is_flagged(&checked);
                (Signed::over(checked, envelope, index)?, flagged, kid)
            }
        };
        Ok(Made { item: Item::of(signed, kid, line)?, flagged })
    }

    fn key(&mut self, issuer: &str) -> Result<Arc<SigningKey>> {
        if !self.keys.contains_key(issuer) {
            let found = match self.registry.issuer_key(issuer) {
                Ok(key) => Some(key),
                Err(error) if error.code.class() == Class::Refused => None,
                Err(error) => return Err(error),
            };
            self.keys.insert(issuer.to_owned(), found);
        }
        self.keys.get(issuer).cloned().flatten().ok_or_else(|| {
            Error::new(Code::IssuerNotAuthorised, "the registry holds no key for this issuer")
                .at("issuer")
                .rule(Rule::KeyMissing)
        })
    }
}

/// Characters of the private-use areas (自造字) in the face or a holder's name, or an identifier whose check
/// character is that of the known wrong dialect; all are kept.
fn is_flagged(checked: &Checked) -> bool {
    let private = |c: char| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{FFFFD}' | '\u{100000}'..='\u{10FFFD}');
    let flags = |remark: &String| {
        let kind = FaceNote::read(remark).map(|note| note.kind);
        matches!(kind, Some(NoteKind::PrivateUse | NoteKind::CheckNonstandard))
    };
    checked.remarks.iter().any(flags)
        || checked.record.holders.iter().any(|holder| holder.name.contains(private))
}
