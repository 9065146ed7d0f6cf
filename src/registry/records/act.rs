//! Act: what happens to a record after its issue (业务动作), by the closed table of `record::action`.
//!
//! Every action is ordered by the issuer or its successor: the order is signed, sealed beside the event, and
//! its digest stands in the log. A new version takes the place of the old one under all its holders in the
//! transaction that logs it; the old one goes to the past records and still verifies, as superseded.
//! The holders stay: moving a record to another holder is not an action on the record but a rebinding.

mod dispute;
mod version;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use crate::registry::records::act::dispute::{DisputeCommand, Disputed};

use crate::catalog::Custody;
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, agency_for, decide};
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::payload::{Attachment, Validity};
use crate::record::state::State;
use crate::record::{Record, Salt};
use crate::registry::Registry;
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::ledger::Place;
use crate::registry::base::order::{self, Subject, Terms};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::strict;
use crate::registry::records::change::Whole;
use crate::registry::records::ends::{self, Proposal};
use crate::registry::records::kept::{self, Kept};
use crate::registry::records::signed::Signed;
use crate::store::{RecordKey, StoredRecord, Writer};
use crate::trust::random;

/// What a new version's face is made from. Without one the face stays as it was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceEdit {
    /// The whole face.
    Replace(#[serde(deserialize_with = "strict::object")] Map<String, Value>),
    /// These fields in the place of the old ones; null takes a field away.
    Patch(#[serde(deserialize_with = "strict::object")] Map<String, Value>),
}

/// An endorsement (签注/年检): kept with the order, makes no new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsement {
    /// What kind: 年检, 定期注册, …
    pub kind: String,
    /// With what result.
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
    #[schema(value_type = String)]
    pub action: Action,
    /// The legal day from which it holds; today where nothing is said, never in the future.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
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
    #[schema(value_type = Option<Object>)]
    pub face: Option<FaceEdit>,
    /// For a new version: the holders' names, one for each in order, where a name has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder_names: Option<Vec<String>>,
    /// For a new version: its day of issue; today where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub issued_on: Option<Day>,
    /// For a new version: its first valid day; as before where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub valid_from: Option<Day>,
    /// For a new version: its last valid day or 长期; as before where nothing is said. `extend` must say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub valid_to: Option<Validity>,
    /// For a new version: its files; as before where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    pub attachments: Option<Vec<Attachment>>,
    /// For `endorse`: what was endorsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub endorsement: Option<Endorsement>,
    /// The day by which the next review is due, for `endorse` and new versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub review_due: Option<Day>,
    /// The order as the agency signed it with its own key (compact `elicense-event+jws`). It must say what this
    /// request says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// For a new version: the record as the agency signed it with its own key (compact); nothing else may then
    /// be said about the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
}

impl std::fmt::Debug for ActCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ActCommand({} on version {})", self.action.wire(), self.version)
    }
}

impl ActCommand {
    /// An action that says nothing beyond the obligatory.
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
    #[schema(value_type = String)]
    pub action: Action,
    /// The state it is in now.
    #[schema(value_type = String)]
    pub state: State,
    /// The legal day.
    #[schema(value_type = String)]
    pub effective_on: Day,
    /// The agency that acted.
    pub agency: String,
    /// The log of the event.
    pub log: String,
    /// Its leaf.
    pub leaf: u64,
    /// The log's time.
    #[schema(value_type = String)]
    pub at: Moment,
    /// Digest of the order's envelope.
    #[schema(value_type = String)]
    pub order: crate::record::Digest,
    /// True if the agency signed the order with a key that it keeps itself.
    pub signed_by_agency: bool,
    /// What was accepted but is worth saying.
    pub remarks: Vec<String>,
    /// What a rule of the type proposes to the issuers of other records; of a cancellation only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub proposals: Vec<Proposal>,
}

/// Everything that an action will write, decided before the transaction.
struct Prepared {
    rows: Whole,
    event: EventParts,
    state: State,
    review_due: Option<Day>,
    next: Option<Signed>,
    order: order::Signed,
    agency: String,
    remarks: Vec<String>,
}

struct EventParts {
    salt: Salt,
    label: String,
    effective_on: Day,
    ground: Option<String>,
}

impl Registry {
    /// Carries out an action on a record. Blocks.
    ///
    /// # Errors
    /// `not_found`; `forbidden` or `issuer_not_authorised` (noted as an access); `version_conflict`;
    /// `action_forbidden` with `allowed_from`; and whatever the rules of type and envelope say.
    pub fn act(&self, actor: &Actor, command: &ActCommand) -> Result<Acted> {
        self.act_once(actor, command, None)
    }

    /// The same for a request that may be repeated under its `Idempotency-Key`.
    pub fn act_once(&self, actor: &Actor, command: &ActCommand, once: Option<&Once>) -> Result<Acted> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let prepared = self.prepare_act(actor, command)?;
        let snapshot = self.snapshot();
        self.log_once(once, |writer, place| {
            let (mut acted, entries) = carry_out(writer, place, command.action, &prepared)?;
            if command.action == Action::Cancel {
                acted.proposals = ends::proposed_by_cancel(writer, &snapshot, &prepared.rows)?;
            }
            Ok((acted, entries))
        })
    }

    fn prepare_act(&self, actor: &Actor, command: &ActCommand) -> Result<Prepared> {
        let snapshot = self.fresh_snapshot()?;
        let now = self.now();
        let kept = self.kept(&command.identifier)?;
        let row = kept.first()?;
        let agency = match self.acting_agency(&snapshot, actor, command.agency.as_deref(), row, now.day()) {
            Ok(agency) => agency,
            Err(refusal) => {
                self.note_refusal(actor, kept.touched(), &refusal)?;
                return Err(refusal);
            }
        };
        let current = u32::try_from(row.version).map_err(Error::internal)?;
        if command.version != current || kept.key.version != row.version {
            return Err(Error::new(Code::VersionConflict, "another version is the present one")
                .at("version")
                .with(serde_json::json!({"current_version": current})));
        }
        let state = command.action.apply(Some(row.state)).map_err(|fault| {
            let allowed: Vec<_> = fault.allowed_from.iter().map(|state| state.wire()).collect();
            Error::new(Code::ActionForbidden, fault.to_string())
                .at("action")
                .rule(fault.rule())
                .with(serde_json::json!({"state": row.state, "allowed_from": allowed}))
        })?;
        let effective_on = command.effective_on.unwrap_or(now.day());
        check_terms(command, effective_on, now.day())?;

        let mut remarks = Vec::new();
        let mut detail = Map::new();
        let next = if command.action.makes_version() {
            if row.custody != Custody::Hosted {
                return Err(Error::new(Code::ActionForbidden, "the body of this record is kept elsewhere")
                    .at("action")
                    .rule("custody_not_hosted"));
            }
            let (signed, said) = self.next_version(&snapshot, command, row, &agency)?;
            if command.order.is_none() || command.envelope.is_some() {
                detail.insert("envelope".into(), signed.envelope.view().digest().text().into());
            }
            remarks = said;
            Some(signed)
        } else {
            None
        };
        if let Some(due) = command.review_due {
            detail.insert("review_due".into(), due.to_string().into());
        }
        if let Some(endorsement) = &command.endorsement {
            detail.insert("endorsement".into(), serde_json::to_value(endorsement).map_err(Error::internal)?);
        }
        let terms = Terms {
            action: command.action.wire(),
            subject: Subject::Record(&row.body.identifier),
            effective_on,
            ground: command.ground.as_deref(),
            version: Some(current),
            detail,
            other: None,
        };
        let order = match &command.order {
            Some(compact) => {
                let taken = terms.accept(self.taken_order(compact, &agency)?)?;
                let events = self.store().read_now(|reader| reader.events_of(&row.hk, &row.record_id))?;
                order::refuse_replay(&events, &taken.digest)?;
                taken
            }
            None => terms.sign(&*self.issuer_key(&agency)?, now)?,
        };
        let event = EventParts {
            salt: random::salt()?,
            label: actor.label(),
            effective_on,
            ground: command.ground.clone(),
        };
        let review_due = command.review_due.or(row.body.review_due);
        Ok(Prepared { rows: kept.whole()?, event, state, review_due, next, order, agency, remarks })
    }

    /// The record of an identifier; `not_found` where there is none.
    pub(in crate::registry) fn kept(&self, identifier: &str) -> Result<Kept> {
        let kept = self.store().read_now(|reader| kept::by_identifier(reader, identifier))?;
        kept.ok_or_else(|| Error::new(Code::NotFound, "no record of that identifier").at("identifier"))
    }

    /// The agency that acts, if policy and authority let it.
    fn acting_agency(
        &self,
        snapshot: &Snapshot,
        actor: &Actor,
        asked: Option<&str>,
        row: &StoredRecord,
        today: Day,
    ) -> Result<String> {
        decide(actor, Scope::Act, &row.type_code, None).fields()?;
        let issuers = snapshot.catalog.issuers();
        let responsible = || {
            let successor = issuers.agencies().successor(&row.issuer, today);
            successor.map_or(row.issuer.as_str(), |agency| agency.code.as_str())
        };
        let agency = agency_for(actor, asked, "agency")?.unwrap_or_else(responsible);
        let region = issuers.agencies().latest(&row.issuer).map(|agency| agency.region.to_string());
        let region = region.unwrap_or_else(|| snapshot.home.to_string());
        match issuers.may_act(agency, &row.issuer, &row.type_code, &region, today) {
            Ok(_) => Ok(agency.to_owned()),
            Err(fault) => {
                Err(Error::new(Code::IssuerNotAuthorised, fault.to_string()).at("agency").rule(fault.rule()))
            }
        }
    }
}

/// The rules that need no record.
fn check_terms(command: &ActCommand, effective_on: Day, today: Day) -> Result<()> {
    let invalid = |field: &'static str, rule: &'static str, detail: &'static str| {
        Err(Error::new(Code::FieldInvalid, detail).at(field).rule(rule))
    };
    let action = command.action;
    if effective_on > today {
        return invalid("effective_on", "date_in_future", "an action is entered when it holds, not before");
    }
    let ground = command.ground.as_deref().map(str::trim);
    if action.ground_needed() && ground.is_none_or(str::is_empty) {
        return invalid("ground", "ground_missing", "this action names its legal ground");
    }
    if ground.is_some_and(|ground| ground.chars().count() > 2000) {
        return invalid("ground", "length", "at most 2000 characters");
    }
    if action.makes_version() {
        if command.envelope.is_some() && command.changes_version().is_some() {
            return invalid("envelope", "envelope_alone", "a signed version says everything itself");
        }
    } else {
        if let Some(field) = command.changes_version() {
            return invalid(field, "no_new_version", "this action makes no new version");
        }
        if command.envelope.is_some() {
            return invalid("envelope", "no_new_version", "this action makes no new version");
        }
        if command.review_due.is_some() && action != Action::Endorse {
            return invalid(
                "review_due",
                "not_an_endorsement",
                "a review is set by endorse or a new version",
            );
        }
    }
    if command.endorsement.is_some() != (action == Action::Endorse) {
        return invalid("endorsement", "endorsement", "endorse says what was endorsed, no other action does");
    }
    Ok(())
}

/// The transaction: rows changed or replaced under every holder, event and order beside them.
fn carry_out(
    writer: &mut Writer<'_>,
    place: &Place,
    action: Action,
    prepared: &Prepared,
) -> Result<(Acted, Vec<[u8; 32]>)> {
    let Prepared { rows, event: parts, state, review_due, next, order, agency, remarks, .. } = prepared;
    let old = rows.first();
    let (identifier, version, replaces) = match next {
        Some(next) => {
            let replaces = next.record.replaces.as_ref().map(|replaces| replaces.version);
            (&next.record.identifier, next.record.version, replaces)
        }
        None => (&old.body.identifier, u32::try_from(old.version).map_err(Error::internal)?, None),
    };
    let subject = subject_hash(&parts.salt, identifier);
    let digest = next.as_ref().map(|next| next.envelope.view().digest());
    let mut event = Event::new(EventKind::Record, action.wire(), &parts.label, parts.salt, subject, place.at)
        .effective_on(parts.effective_on)
        .record_version(digest, version, replaces)
        .order(order.digest);
    if let Some(ground) = &parts.ground {
        event = event.ground(ground);
    }
    let happened = Happened::new(event, order.stored.clone(), parts.ground.clone().unwrap_or_default());
    let mut rows = rows.clone();
    let entry = match next {
        Some(next) => {
            insert_keys(writer, next, old)?;
            let mut made = next.rows(old.record_id, *state, &place.log, place.first, place.at)?;
            made.iter_mut().for_each(|row| row.body.review_due = *review_due);
            rows.supersede(writer, place, &happened, Whole::of(made, &next.holders)?)?
        }
        None => rows.change(writer, place, &happened, |row| {
            row.state = *state;
            row.as_of = place.at;
            row.body.review_due = *review_due;
        })?,
    };
    let acted = Acted {
        identifier: identifier.clone(),
        version,
        action,
        state: *state,
        effective_on: parts.effective_on,
        agency: agency.clone(),
        log: place.log.clone(),
        leaf: place.first,
        at: place.at,
        order: order.digest,
        signed_by_agency: order.by_own_key,
        remarks: remarks.clone(),
        proposals: Vec::new(),
    };
    Ok((acted, vec![entry]))
}

/// Takes identifier and number for the new version. A content that an earlier version of the same record had
/// keeps its key; a number that another record has is a clash. The number is taken as that of a first version,
/// too: there every issue and every correction looks, whatever version came by it.
fn insert_keys(writer: &mut Writer<'_>, next: &Signed, old: &StoredRecord) -> Result<()> {
    let version = i32::try_from(next.record.version).map_err(Error::internal)?;
    let Record { issuer, record_type, number, .. } = &next.record;
    let first =
        number.as_ref().map(|number| writer.index().number_key(&issuer.code, &record_type.code, number, 1));
    for key in next.keys.iter().chain(&first) {
        match writer.record_key(key)? {
            Some(found) if found.record_id == old.record_id => continue,
            Some(_) => {
                let taken = Error::new(Code::NumberClash, "another record has this number");
                return Err(taken.at("number").rule("number_unique"));
            }
            None => writer.insert_record_key(&RecordKey {
                key: *key,
                record_id: old.record_id,
                version,
                holders: next.holders.clone(),
                content: next.content.0,
            })?,
        }
    }
    Ok(())
}
