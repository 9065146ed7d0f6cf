//! An objection to a record (异议): opened when somebody reports an error, and taken back when it is settled or
//! withdrawn. The record does not change; every verdict on it says `disputed` beside its reasons.
//!
//! The issuer objects, and any agency that could look the record up. Whoever opened an objection withdraws it; the issuer
//! settles it. Who may do none of this is told nothing of what is on file.

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, agency_for, decide_scope, decide_some_item, may_look};
use crate::record::access::Outcome;
use crate::record::event::{Event, EventKind, SideAction, subject_hash};
use crate::registry::Registry;
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::order::{self, Subject, Terms};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::registry::records::kept::{self, About, Kept};
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

/// An objection withdrawn by the agency that opened it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisputeWithdrawal {
    /// The identifier of the present version.
    pub identifier: String,
    /// Why it is withdrawn. Sealed; only its hash enters the log.
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

impl std::fmt::Debug for DisputeWithdrawal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DisputeWithdrawal(…)")
    }
}

/// The answer to [`Registry::dispute`] and [`Registry::withdraw_dispute`].
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
    pub at: Moment,
}

/// What is done to an objection.
struct Objection<'a> {
    action: SideAction,
    identifier: &'a str,
    ground: &'a str,
    agency: Option<&'a str>,
}

/// An objection that is open.
struct Open {
    /// The agency in whose name it was opened; none where it was opened before that was kept.
    by: Option<String>,
}

impl Objection<'_> {
    /// Whether one is open afterwards.
    fn opens(&self) -> bool {
        self.action == SideAction::Dispute
    }
}

impl Registry {
    /// Opens or settles an objection. Blocks. The issuer and whoever could look the record up opens one; only the
    /// issuer or its successor settles it. The event carries a signed order if the registry holds the agency's key.
    ///
    /// # Errors
    /// `not_found`, `forbidden`, `issuer_not_authorised` (each noted as an access); `action_forbidden` if nothing would
    /// change.
    pub fn dispute(&self, actor: &Actor, command: &DisputeCommand, once: Option<&Once>) -> Result<Disputed> {
        let objection = Objection {
            action: if command.disputed { SideAction::Dispute } else { SideAction::Settle },
            identifier: &command.identifier,
            ground: &command.ground,
            agency: command.agency.as_deref(),
        };
        self.object(actor, &objection, once)
    }

    /// Withdraws an objection. Blocks. Only the agency that opened it, or its successor, does; also one that may look
    /// the record up no more.
    ///
    /// # Errors
    /// As [`Registry::dispute`]; `forbidden` with `dispute_opener` if another agency opened it.
    pub fn withdraw_dispute(
        &self,
        actor: &Actor,
        command: &DisputeWithdrawal,
        once: Option<&Once>,
    ) -> Result<Disputed> {
        let objection = Objection {
            action: SideAction::WithdrawDispute,
            identifier: &command.identifier,
            ground: &command.ground,
            agency: command.agency.as_deref(),
        };
        self.object(actor, &objection, once)
    }

    fn object(&self, actor: &Actor, said: &Objection<'_>, once: Option<&Once>) -> Result<Disputed> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let snapshot = self.fresh_snapshot()?;
        let found = self.kept(actor, said.identifier)?;
        let touched = kept::touched(found.as_ref());
        let about = About::of(found.as_ref(), said.identifier).ok_or_else(kept::none_there);
        let about = self.or_noted(actor, &touched, about)?;
        let open = self.open_objection(found.as_ref())?;
        let allowed = self.objecting_agency(&snapshot, (actor, said), &about, open.as_ref());
        let agency = self.or_noted(actor, &touched, allowed)?;
        let kept = self.or_nothing(actor, &about, found)?;
        let row = kept.first()?;
        let ordered = check_objection(said, row)
            .and_then(|()| self.check_holders_unnamed(actor, &[("ground", said.ground)], &kept.rows))
            .and_then(|()| self.objection_order(said, row, &agency));
        let order = self.or_noted(actor, &touched, ordered)?;
        let version = u32::try_from(row.version).map_err(Error::internal)?;
        let (salt, label, rows) = (random::salt()?, actor.label(), kept.whole()?);
        let noted = self.note_acted(actor, Outcome::Objected, &rows)?;
        self.log_noted(actor, &noted, once, |writer, place| {
            let subject = subject_hash(&salt, &row.body.identifier);
            let mut event = Event::new(EventKind::Record, said.action, &label, salt, subject, place.at)
                .agency(said.opens().then(|| agency.clone()))
                .record_version(None, version, None)
                .ground(said.ground);
            event.order = order.as_ref().map(|order| order.digest);
            let stored = order.as_ref().map(|order| order.stored.clone()).unwrap_or_default();
            let happened = Happened::new(event, stored, said.ground.to_owned());
            let entry = rows.clone().change(writer, place, &happened, |row| row.disputed = said.opens())?;
            let disputed = Disputed {
                version,
                disputed: said.opens(),
                log: place.log.clone(),
                leaf: place.first,
                at: place.at,
            };
            Ok((disputed, vec![entry]))
        })
    }

    /// The order for it; none if the registry does not hold the agency's key.
    fn objection_order(
        &self,
        said: &Objection<'_>,
        row: &StoredRecord,
        agency: &str,
    ) -> Result<Option<order::Signed>> {
        let version = u32::try_from(row.version).map_err(Error::internal)?;
        self.side_order(said.action, (&row.body.identifier, version), said.ground, agency)
    }

    /// The order for an event beside the table of actions, on the present day; none if the registry does not hold the
    /// agency's key.
    pub(super) fn side_order(
        &self,
        action: SideAction,
        (identifier, version): (&str, u32),
        ground: &str,
        agency: &str,
    ) -> Result<Option<order::Signed>> {
        let now = self.now();
        let terms = Terms {
            action: action.into(),
            subject: Subject::Record(identifier),
            effective_on: now.day(),
            ground: Some(ground),
            version: Some(version),
            detail: Map::new(),
            other: None,
        };
        match self.issuer_key(agency) {
            Ok(key) => terms.sign(&key, now).map(Some),
            Err(error) if error.rule == Some(Rule::KeyMissing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The objection that is open, if one is.
    fn open_objection(&self, found: Option<&Kept>) -> Result<Option<Open>> {
        let row = found.and_then(|kept| kept.first().ok()).filter(|row| row.disputed);
        let Some(row) = row else { return Ok(None) };
        let events = self.store().read_now(|reader| reader.events_of(&row.hk, &row.record_id))?;
        let opened = events.iter().rev().find(|event| event.action == SideAction::Dispute.wire());
        Ok(Some(Open { by: opened.and_then(|event| Event::from_canonical(&event.event).ok()?.agency) }))
    }

    /// The agency that objects, withdraws or settles, if it may. An operator who names none does it in the issuer's
    /// name.
    ///
    /// # Errors
    /// `forbidden`: with `objecting_agency` for whoever neither answers for such a record nor could look it up, the same
    /// whether there is one or not.
    fn objecting_agency(
        &self,
        snapshot: &Snapshot,
        (actor, said): (&Actor, &Objection<'_>),
        about: &About,
        open: Option<&Open>,
    ) -> Result<String> {
        decide_scope(actor, Scope::Act).required()?;
        if said.action == SideAction::WithdrawDispute
            && let Some(opener) = self.opening_agency(snapshot, (actor, said), about, open)?
        {
            return Ok(opener);
        }
        decide_some_item(actor, Scope::Act, &about.type_code)?;
        let responsible = self.answering_agency(snapshot, actor, said.agency, about);
        if said.action == SideAction::Settle {
            return responsible;
        }
        let agency = agency_for(actor, said.agency, "agency")?.unwrap_or(&about.issuer);
        let concerned = responsible.is_ok() || may_look(actor, std::iter::once(about.type_code.as_str()));
        let refused = |rule: Rule, detail: &'static str| {
            Err(Error::new(Code::Forbidden, detail).at("agency").rule(rule))
        };
        if !concerned {
            let detail = "the issuer objects to a record, or an agency that may look it up";
            return refused(Rule::ObjectingAgency, detail);
        }
        if said.action == SideAction::WithdrawDispute && open.is_some() {
            let detail = "another agency opened this objection: it withdraws it, and the issuer settles it";
            return refused(Rule::DisputeOpener, detail);
        }
        Ok(agency.to_owned())
    }

    /// The actor's agency where it opened the objection, or succeeds whoever did. It takes back its own word, so it
    /// needs no grant for the type.
    fn opening_agency(
        &self,
        snapshot: &Snapshot,
        (actor, said): (&Actor, &Objection<'_>),
        about: &About,
        open: Option<&Open>,
    ) -> Result<Option<String>> {
        let Some(opener) = open.and_then(|open| open.by.as_deref()) else { return Ok(None) };
        let agency = agency_for(actor, said.agency, "agency")?.unwrap_or(&about.issuer);
        let successor = snapshot.catalog.issuers().agencies().successor(opener, self.now().day());
        let is_its_own = opener == agency || successor.is_some_and(|one| one.code == agency);
        Ok(is_its_own.then(|| agency.to_owned()))
    }
}

/// Refuses an objection without a ground, and one that would change nothing. Whoever comes here could look the record
/// up, answers for it or opened the objection, and so may hear it.
fn check_objection(said: &Objection<'_>, row: &StoredRecord) -> Result<()> {
    texts::ground("ground", said.ground)?;
    if row.disputed != said.opens() {
        return Ok(());
    }
    let why = Error::new(Code::ActionForbidden, "the record is in that state already");
    Err(why.at("disputed").rule(Rule::DisputeState))
}
