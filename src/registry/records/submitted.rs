//! An issuer's submission: data or its own envelope, and how the record begins. One reader for the API, the
//! commands and files, so that a row gets the same answer on every path.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::{Day, Moment, any_moment};
use crate::error::{Code, Error, Result};
use crate::record::action::Action;
use crate::record::payload::{Attachment, Validity, holder_codes};
use crate::registry::base::strict;
use crate::registry::records::draft::{Draft, DraftHolder};
use crate::rule::Rule;
use crate::trust::EnvelopeBuf;
use crate::trust::envelope::Limits;

/// An issuer's submission.
#[derive(Clone)]
pub enum Submitted {
    /// Data, to be signed with the key that the registry holds for the issuer.
    Draft(Draft),
    /// A record that the issuer signed with its own key, in compact form; stored as it came.
    Envelope(String),
}

impl Submitted {
    /// The holders that it names: code type and code, as far as they can be read.
    pub(in crate::registry) fn codes(&self) -> Vec<(String, String)> {
        match self {
            Self::Draft(draft) => codes(&draft.holders),
            Self::Envelope(compact) => EnvelopeBuf::parse_compact(compact, Limits::default())
                .map(|envelope| holder_codes(envelope.view().payload()))
                .unwrap_or_default(),
        }
    }
}

/// Code type and code of each holder of a draft.
pub(in crate::registry) fn codes(holders: &[DraftHolder]) -> Vec<(String, String)> {
    holders.iter().map(|holder| (holder.code_type.clone(), holder.code.clone())).collect()
}

/// An envelope is base64 of a payload with the holder's number: its length is all that is printed.
impl std::fmt::Debug for Submitted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Draft(draft) => write!(f, "{draft:?}"),
            Self::Envelope(compact) => write!(f, "Envelope({} characters)", compact.len()),
        }
    }
}

/// How a record begins: the two actions of the table that make a version 001.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// 新发: given for the first time.
    #[default]
    Issue,
    /// 转入: taken over from another place, whose own record was transferred out.
    TransferIn,
}

impl Beginning {
    /// The action in its event.
    pub fn action(self) -> Action {
        match self {
            Self::Issue => Action::Issue,
            Self::TransferIn => Action::TransferIn,
        }
    }
}

/// How a submitted record begins, and from when its data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// The action in its event.
    pub beginning: Beginning,
    /// For a copy of what is kept elsewhere: the time of which the data is. None for a record that is made here.
    pub as_of: Option<Moment>,
}

impl From<Beginning> for Origin {
    fn from(beginning: Beginning) -> Self {
        Self { beginning, as_of: None }
    }
}

impl Origin {
    /// # Errors
    /// `field_invalid` at `as_of` with rule `moment_ahead` for data of a time that has not come.
    pub(in crate::registry) fn check(self, now: Moment) -> Result<Self> {
        if self.as_of.is_some_and(|as_of| as_of > now) {
            let detail = "the data is of a time that has not come";
            return Err(Error::new(Code::FieldInvalid, detail).at("as_of").rule(Rule::MomentAhead));
        }
        Ok(self)
    }

    /// # Errors
    /// `field_invalid` at `as_of` with rule `copy_before_issue` for a copy that is older than what it is a copy of.
    pub(in crate::registry) fn fits(self, issued_on: Day) -> Result<()> {
        if self.as_of.is_some_and(|as_of| as_of.day() < issued_on) {
            let detail = "the data is of a day before the issue";
            return Err(Error::new(Code::FieldInvalid, detail).at("as_of").rule(Rule::CopyBeforeIssue));
        }
        Ok(())
    }
}

/// One of the two ways to issue.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = IssueRequest)]
pub struct Sent {
    /// Data, to be signed with the key that the registry holds for the issuer.
    #[serde(default)]
    record: Option<Draft>,
    /// A record signed by the issuer's own key, compact JWS; stored as it came.
    #[serde(default)]
    envelope: Option<String>,
    /// `issue` (新发), or `transfer_in` (转入) for one taken over from another place.
    #[serde(default)]
    action: Option<Beginning>,
    /// For a copy of a record that is kept elsewhere: the time of which the data is, RFC 3339 or a day. Left out
    /// where the record is made by this very request.
    #[serde(default, deserialize_with = "any_moment::optional")]
    as_of: Option<Moment>,
}

impl Sent {
    /// The submitted one.
    ///
    /// # Errors
    /// `field_invalid` at `record` (`field_missing`) if neither was submitted, at `envelope`
    /// (`envelope_alone`) if both were.
    pub fn submitted(self) -> Result<(Submitted, Origin)> {
        let origin = Origin { beginning: self.action.unwrap_or_default(), as_of: self.as_of };
        match (self.record, self.envelope) {
            (Some(draft), None) => Ok((Submitted::Draft(draft), origin)),
            (None, Some(compact)) => Ok((Submitted::Envelope(compact), origin)),
            (Some(_), Some(_)) => Err(both()),
            (None, None) => {
                let detail = "give either record or envelope";
                Err(Error::new(Code::FieldInvalid, detail).at("record").rule(Rule::FieldMissing))
            }
        }
    }
}

/// One line of a file: a [`Sent`], or the draft's own members without `record` around them. A missing member
/// is named only when it is known which.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SentLine {
    envelope: Option<String>,
    record: Option<Box<Draft>>,
    action: Option<Beginning>,
    #[serde(default, deserialize_with = "any_moment::optional")]
    as_of: Option<Moment>,
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

impl SentLine {
    /// Reads a line that a file has. Refusals name the member and the rule, and never quote the line (I3).
    ///
    /// # Errors
    /// `json_invalid`, `field_unknown`, `field_invalid`.
    pub(in crate::registry) fn read(text: &str) -> Result<(Submitted, Origin)> {
        let line: Self = serde_json::from_str(text).map_err(|error| shape_fault(text, &error))?;
        line.submitted()
    }

    /// The one in the line.
    ///
    /// # Errors
    /// As [`Sent::submitted`]; `field_invalid` (`field_missing`) at the member that a draft lacks;
    /// `field_unknown` if members of a draft stand beside `record`.
    pub fn submitted(self) -> Result<(Submitted, Origin)> {
        let bare = self.type_code.is_some()
            || self.issuer.is_some()
            || self.holders.is_some()
            || self.face.is_some()
            || self.issued_on.is_some()
            || self.attachments.is_some()
            || self.valid_from.is_some()
            || self.valid_to.is_some()
            || self.identifier.is_some();
        let Self { envelope, record, action, as_of, type_code, issuer, holders, face, issued_on, .. } = self;
        if envelope.is_some() && bare {
            return Err(both());
        }
        if record.is_some() && bare {
            let detail = "beside record stands nothing of the record";
            return Err(Error::new(Code::FieldUnknown, detail).at("record").rule(Rule::FieldUnknown));
        }
        if record.is_some() || envelope.is_some() {
            return Sent { record: record.map(|draft| *draft), envelope, action, as_of }.submitted();
        }
        let draft = Draft {
            type_code: type_code.ok_or_else(|| missing("type"))?,
            issuer: issuer.ok_or_else(|| missing("issuer"))?,
            holders: holders.ok_or_else(|| missing("holders"))?,
            face: face.ok_or_else(|| missing("face"))?,
            issued_on: issued_on.ok_or_else(|| missing("issued_on"))?,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            attachments: self.attachments.unwrap_or_default(),
            identifier: self.identifier,
        };
        Ok((Submitted::Draft(draft), Origin { beginning: action.unwrap_or_default(), as_of }))
    }
}

fn both() -> Error {
    let detail = "give an envelope or the data of a record, not both";
    Error::new(Code::FieldInvalid, detail).at("envelope").rule(Rule::EnvelopeAlone)
}

fn missing(name: &'static str) -> Error {
    Error::new(Code::FieldInvalid, "the field is missing").at(name).rule(Rule::FieldMissing)
}

type Member = (&'static str, fn(&Value) -> bool);

fn is<T: serde::de::DeserializeOwned>(value: &Value) -> bool {
    T::deserialize(value).is_ok()
}

/// The members of a line, each with a test of its shape.
const MEMBERS: [Member; 13] = [
    ("envelope", Value::is_string),
    ("action", is::<Beginning>),
    ("as_of", |value| value.as_str().is_some_and(|text| Moment::read(text).is_ok())),
    ("record", is::<Draft>),
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

/// The member at fault. serde's own words quote the line, so the members are tried one by one.
fn shape_fault(text: &str, error: &serde_json::Error) -> Error {
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

#[cfg(test)]
mod tests {
    use super::*;

    const DRAFT: &str =
        r#"{"type":"t","issuer":"i","holders":[],"issued_on":"2020-01-01","face":{"bank":"a"}}"#;

    fn told(line: &str) -> Result<(bool, Beginning), String> {
        match SentLine::read(line) {
            Ok((submitted, origin)) => Ok((matches!(submitted, Submitted::Envelope(_)), origin.beginning)),
            Err(error) => Err(format!(
                "{} {} {}",
                error.code.wire(),
                error.field.unwrap_or_default(),
                error.rule.map_or("", Rule::wire)
            )),
        }
    }

    #[test]
    fn a_line_holds_a_draft_or_an_envelope_and_says_how_the_record_begins() {
        assert_eq!(told(DRAFT), Ok((false, Beginning::Issue)));
        assert_eq!(told(&format!(r#"{{"record":{DRAFT}}}"#)), Ok((false, Beginning::Issue)));
        let moved = format!(r#"{{"record":{DRAFT},"action":"transfer_in"}}"#);
        assert_eq!(told(&moved), Ok((false, Beginning::TransferIn)));
        let bare = DRAFT.replacen('{', r#"{"action":"transfer_in","#, 1);
        assert_eq!(told(&bare), Ok((false, Beginning::TransferIn)));
        assert_eq!(told(r#"{"envelope":"a.b.c","action":"transfer_in"}"#), Ok((true, Beginning::TransferIn)));
        for (line, refusal) in [
            (moved.replace("transfer_in", "renew"), "field_invalid action field_shape"),
            (format!(r#"{{"record":{DRAFT},"envelope":"a.b.c"}}"#), "field_invalid envelope envelope_alone"),
            (DRAFT.replacen('{', r#"{"envelope":"a","#, 1), "field_invalid envelope envelope_alone"),
            (r#"{"envelope":"a","identifier":"b"}"#.into(), "field_invalid envelope envelope_alone"),
            (format!(r#"{{"record":{DRAFT},"issuer":"i"}}"#), "field_unknown record field_unknown"),
            (DRAFT.replace(r#""bank":"a""#, r#""bank":"a","bank":"b""#), "json_invalid  json_duplicate_name"),
            (DRAFT.replace(r#""type":"t""#, r#""type":"t","type":"u""#), "json_invalid  json_duplicate_name"),
            (DRAFT.replace(r#","face":{"bank":"a"}"#, ""), "field_invalid face field_missing"),
            (r#"{"action":"issue"}"#.into(), "field_invalid type field_missing"),
            (r#"{"record":{"type":"t"}}"#.into(), "field_invalid record field_shape"),
            (DRAFT.replace("\"i\"", "1"), "field_invalid issuer field_shape"),
            ("[]".into(), "json_invalid  json_object"),
            ("{".into(), "json_invalid  json_syntax"),
        ] {
            assert_eq!(told(&line), Err(refusal.to_owned()), "{line}");
        }
    }

    #[test]
    fn one_of_record_and_envelope_is_sent() {
        let sent = |text: &str| serde_json::from_str::<Sent>(text).unwrap().submitted();
        assert!(sent(&format!(r#"{{"record":{DRAFT}}}"#)).is_ok());
        assert!(sent(r#"{"envelope":"a.b.c"}"#).is_ok());
        assert_eq!(sent("{}").unwrap_err().field.as_deref(), Some("record"));
        let both = sent(&format!(r#"{{"record":{DRAFT},"envelope":"a.b.c"}}"#)).unwrap_err();
        assert_eq!(both.rule, Some(Rule::EnvelopeAlone));
        assert!(serde_json::from_str::<Sent>(r#"{"envelope":"a","issuer":"b"}"#).is_err());
    }
}
