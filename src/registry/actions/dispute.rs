//! An objection to a record (异议): marked when an error report is opened, taken back when it is settled. The
//! record does not change; every verdict on it says `disputed` beside its reasons.

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, agency_for, decide, may_look};
use crate::record::access::Outcome;
use crate::record::event::{Event, EventKind, SideAction, subject_hash};
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::order::{Subject, Terms};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::registry::holders::stating::unchanged;
use crate::registry::records::kept::{self, About};
use crate::rule::Rule;
use crate::store::StoredRecord;
use crate::trust::random;

/// An objection opened or settled.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeCommand {
    /// The identifier of the present version.
    pub identifier: String,
    /// True opens the objection, false settles it.
    pub disputed: bool,
    /// What is objected to, or how it was settled. Sealed; only its hash enters the log.
    pub ground: String,
    /// The agency that says so; an operator's only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
}

impl std::fmt::Debug for DisputeCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DisputeCommand({})", self.disputed)
    }
}

/// The answer to [`Registry::dispute`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Disputed {
    /// The record's version.
    pub version: u32,
    /// Whether an objection is open now.
    pub disputed: bool,
    /// The log of the event.
    pub log: String,
    /// Its leaf.
    pub leaf: u64,
    /// The log's time.
    #[schema(value_type = String)]
    pub at: Moment,
}

impl Registry {
    /// Opens or settles an objection. Blocks. An actor who may act on the type opens one; only the issuer or
    /// its successor settles it. The event carries a signed order if the registry holds the agency's key.
    ///
    /// # Errors
    /// `not_found`, `forbidden`, `issuer_not_authorised`; `action_forbidden` if nothing would change.
    pub fn dispute(&self, actor: &Actor, command: &DisputeCommand, once: Option<&Once>) -> Result<Disputed> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        texts::ground("ground", &command.ground)?;
        let snapshot = self.fresh_snapshot()?;
        let now = self.now();
        let found = self.kept(actor, &command.identifier)?;
        let about = About::of(found.as_ref(), &command.identifier).ok_or_else(kept::none_there)?;
        let allowed = match command.disputed {
            true => objecting_agency(actor, command, &about),
            false => self.acting_agency(&snapshot, actor, command.agency.as_deref(), &about),
        };
        let agency = self.or_noted(actor, found.as_ref(), allowed)?;
        let kept = self.or_nothing(actor, &about, found)?;
        let row = kept.first()?;
        self.check_state(&snapshot, actor, command, row, kept.touched())?;
        let version = u32::try_from(row.version).map_err(Error::internal)?;
        let action = if command.disputed { SideAction::Dispute } else { SideAction::Settle };
        let terms = Terms {
            action: action.into(),
            subject: Subject::Record(&row.body.identifier),
            effective_on: now.day(),
            ground: Some(&command.ground),
            version: Some(version),
            detail: Map::new(),
            other: None,
        };
        let order = match self.issuer_key(&agency) {
            Ok(key) => Some(terms.sign(&key, now)?),
            Err(error) if error.rule == Some(Rule::KeyMissing) => None,
            Err(error) => return Err(error),
        };
        let (salt, label, rows) = (random::salt()?, actor.label(), kept.whole()?);
        self.note_acted(actor, Outcome::Objected, &rows)?;
        self.log_once(once, |writer, place| {
            let subject = subject_hash(&salt, &row.body.identifier);
            let mut event = Event::new(EventKind::Record, action, &label, salt, subject, place.at)
                .record_version(None, version, None)
                .ground(&command.ground);
            event.order = order.as_ref().map(|order| order.digest);
            let stored = order.as_ref().map(|order| order.stored.clone()).unwrap_or_default();
            let happened = Happened::new(event, stored, command.ground.clone());
            let entry =
                rows.clone().change(writer, place, &happened, |row| row.disputed = command.disputed)?;
            let disputed = Disputed {
                version,
                disputed: command.disputed,
                log: place.log.clone(),
                leaf: place.first,
                at: place.at,
            };
            Ok((disputed, vec![entry]))
        })
    }
}

impl Registry {
    /// Refuses what would change nothing. Who could look the record up, or answers for it, is told why; to anybody else
    /// it says nothing of what is on file. Noted as an access.
    fn check_state(
        &self,
        snapshot: &Snapshot,
        actor: &Actor,
        command: &DisputeCommand,
        row: &StoredRecord,
        touched: Touched,
    ) -> Result<()> {
        if row.disputed != command.disputed {
            return Ok(());
        }
        let about = About { type_code: row.type_code.clone(), issuer: row.issuer.clone() };
        let hears = may_look(actor, std::iter::once(row.type_code.as_str()))
            || self.acting_agency(snapshot, actor, command.agency.as_deref(), &about).is_ok();
        let why = Error::new(Code::ActionForbidden, "the record is in that state already");
        let refusal = unchanged(hears, why.at("disputed").rule(Rule::DisputeState));
        self.note_refusal(actor, touched, &refusal)?;
        Err(refusal)
    }
}

/// Whoever may act on the type objects, in the name of its agency; an operator, who names none, in the issuer's.
fn objecting_agency(actor: &Actor, command: &DisputeCommand, about: &About) -> Result<String> {
    decide(actor, Scope::Act, &about.type_code, None).required()?;
    let agency = agency_for(actor, command.agency.as_deref(), "agency")?;
    Ok(agency.unwrap_or(&about.issuer).to_owned())
}
