//! The input and the answer of an action.

use serde::{Deserialize, Serialize};

use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::record::action::Action;
use crate::record::payload::{Attachment, Validity};
use crate::record::state::State;
use crate::registry::actions::face_edit::FaceEdit;
use crate::registry::base::texts;
use crate::registry::holders::lives::MarkMade;
use crate::registry::records::ends::Proposal;
use crate::rule::Rule;
use crate::text;

/// An endorsement (签注/年检): kept with the order, makes no new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// The kind: 年检, 定期注册, …
    pub kind: String,
    /// The result.
    pub result: String,
}

/// An action on a record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActCommand {
    /// The identifier of the present version.
    pub identifier: String,
    /// The version the action is meant for; `version_conflict` if it is no longer the present one.
    pub version: u32,
    /// What happens.
    pub action: Action,
    /// The legal day from which it holds; today where nothing is said, never in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_on: Option<Day>,
    /// The legal ground in words; needed where the table says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// The agency that acts; an operator's only, a client acts for its own. The responsible agency of today
    /// where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
    /// For a new version: its face.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<FaceEdit>,
    /// For a new version: the holders' names, one for each in order, where a name has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder_names: Option<Vec<String>>,
    /// For a new version: its day of issue; today where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Day>,
    /// For a new version: its first valid day; as before where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// For a new version: its last valid day or 长期; as before where nothing is said. `extend` must say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Validity>,
    /// For a new version: its files; as before where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attachment>>,
    /// For `endorse`: what was endorsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement: Option<Endorsement>,
    /// The day by which the next review is due, for `endorse` and new versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_due: Option<Day>,
    /// The order as the agency signed it with its own key (compact `elicense-event+jws`). It must say what this
    /// request says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// For a new version: the record as the agency signed it with its own key (compact); nothing else may then
    /// be said about the version. An action that changes the state takes one where the face prints the state: it says
    /// the new state, and else what the version before it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
}

impl std::fmt::Debug for ActCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ActCommand({} on version {})", self.action.wire(), self.version)
    }
}

impl ActCommand {
    /// An action with the required parts only.
    pub fn new(identifier: &str, version: u32, action: Action) -> Self {
        Self {
            identifier: identifier.to_owned(),
            version,
            action,
            effective_on: None,
            ground: None,
            agency: None,
            face: None,
            holder_names: None,
            issued_on: None,
            valid_from: None,
            valid_to: None,
            attachments: None,
            endorsement: None,
            review_due: None,
            order: None,
            envelope: None,
        }
    }

    /// What it says in words, which names no holder by a number.
    pub(super) fn texts(&self) -> Vec<(&'static str, &str)> {
        let mut texts: Vec<(&'static str, &str)> = Vec::new();
        texts.extend(self.ground.as_deref().map(|ground| ("ground", ground)));
        if let Some(Endorsement { kind, result }) = &self.endorsement {
            texts.extend([("endorsement.kind", kind.as_str()), ("endorsement.result", result.as_str())]);
        }
        texts
    }

    fn changes_version(&self) -> Option<&'static str> {
        let said = [
            ("face", self.face.is_some()),
            ("holder_names", self.holder_names.is_some()),
            ("issued_on", self.issued_on.is_some()),
            ("valid_from", self.valid_from.is_some()),
            ("valid_to", self.valid_to.is_some()),
            ("attachments", self.attachments.is_some()),
        ];
        said.iter().find(|(_, is)| *is).map(|(name, _)| *name)
    }
}

/// The answer to an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Acted {
    /// The record's identifier, that of the new version where there is one.
    pub identifier: String,
    /// Its version.
    pub version: u32,
    /// What happened.
    pub action: Action,
    /// The state it is in now.
    pub state: State,
    /// The legal day.
    pub effective_on: Day,
    /// The agency that acted.
    pub agency: String,
    /// The log of the event.
    pub log: String,
    /// Its leaf.
    pub leaf: u64,
    /// The log's time.
    pub at: Moment,
    /// Digest of the order's envelope.
    pub order: crate::record::Digest,
    /// True if the agency signed the order with a key that it keeps itself.
    pub signed_by_agency: bool,
    /// What was accepted but is worth saying. `status_not_printed`: the face still prints the old state.
    pub remarks: Vec<String>,
    /// What a rule of the type proposes to the issuers of other records; of a cancellation only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// The marks that a rule of the type made, corrected or took back, for callers who may look up holders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marked: Vec<MarkMade>,
}

/// The rules that need no record.
pub(super) fn check_terms(command: &ActCommand, effective_on: Day, today: Day) -> Result<()> {
    let invalid = |field: &'static str, rule: Rule, detail: &'static str| {
        Err(Error::new(Code::FieldInvalid, detail).at(field).rule(rule))
    };
    let action = command.action;
    if effective_on > today {
        return invalid("effective_on", Rule::DateInFuture, "an action is entered when it holds, not before");
    }
    match command.ground.as_deref() {
        Some(ground) if action.ground_needed() || !ground.trim().is_empty() => {
            texts::ground("ground", ground)?
        }
        None if action.ground_needed() => {
            return invalid("ground", Rule::GroundMissing, "this action names its legal ground");
        }
        Some(blank) => text::visible("ground", blank)?,
        None => {}
    }
    check_texts(command)?;
    if action.makes_version() {
        if command.envelope.is_some() && command.changes_version().is_some() {
            return invalid("envelope", Rule::EnvelopeAlone, "a signed version says everything itself");
        }
    } else {
        if let Some(field) = command.changes_version() {
            return invalid(field, Rule::NoNewVersion, "this action makes no new version");
        }
        if command.envelope.is_some() && !action.prints_state() {
            return invalid("envelope", Rule::NoNewVersion, "this action makes no new version");
        }
        if command.review_due.is_some() && action != Action::Endorse {
            return invalid(
                "review_due",
                Rule::NotAnEndorsement,
                "a review is set by endorse or a new version",
            );
        }
    }
    if command.endorsement.is_some() != (action == Action::Endorse) {
        return invalid(
            "endorsement",
            Rule::Endorsement,
            "endorse says what was endorsed, no other action does",
        );
    }
    Ok(())
}

/// The texts that an action brings beside its ground; those of a face are judged by its schema.
fn check_texts(command: &ActCommand) -> Result<()> {
    if let Some(Endorsement { kind, result }) = &command.endorsement {
        texts::logged("endorsement.kind", kind)?;
        texts::logged("endorsement.result", result)?;
    }
    for (at, name) in command.holder_names.iter().flatten().enumerate() {
        texts::holder_name(format!("holder_names.{at}"), name)?;
    }
    texts::files(command.attachments.iter().flatten())
}
