//! Act: actions on a record after its issue (业务动作), by the closed table of `record::action`.
//!
//! The issuer or its successor orders every action. The order is signed and sealed beside the event, and its
//! digest stands in the log. A new version replaces the old one under all its holders, in the transaction
//! that logs it. The old one goes to the past records and still verifies, as superseded. The holders stay:
//! moving a record to another holder is not an action on the record but a rebinding.

use std::cell::Cell;

use serde_json::Map;

use crate::catalog::Custody;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, agency_for, decide};
use crate::record::Salt;
use crate::record::access::Outcome;
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::state::State;
use crate::registry::Registry;
use crate::registry::access::change::NotedChange;
use crate::registry::access::entry::{Entry, Touched};
use crate::registry::actions::command::{ActCommand, Acted, check_terms};
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::ledger::Place;
use crate::registry::base::order::{self, Subject, Terms};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::after_end::{self, ToldOfDays};
use crate::registry::holders::lives::without_authority;
use crate::registry::records::change::Whole;
use crate::registry::records::ends;
use crate::registry::records::kept::{self, About, Kept};
use crate::registry::records::signed::Signed;
use crate::rule::Rule;
use crate::store::{StoredRecord, Writer};
use crate::trust::random;

/// Everything that an action will write, decided before the transaction.
struct Prepared {
    action: Action,
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
    /// `action_forbidden` with `allowed_from`; and the errors of the rules of type and envelope.
    pub fn act(&self, actor: &Actor, command: &ActCommand) -> Result<Acted> {
        self.act_once(actor, command, None)
    }

    /// The same for a request that may be repeated under its `Idempotency-Key`.
    pub fn act_once(&self, actor: &Actor, command: &ActCommand, once: Option<&Once>) -> Result<Acted> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let prepared = self.prepare_act(actor, command)?;
        let noted = self.note_acted(actor, Outcome::Acted, &prepared.rows)?;
        let (snapshot, counted) = (self.snapshot(), Cell::new(false));
        let type_code = prepared.rows.first().type_code.clone();
        let (rules, hears) = (self.rules_of(&snapshot, &type_code)?, self.hears(actor));
        self.log_noted(actor, &noted, once, |writer, place| {
            let (mut acted, mut entries) = prepared.carry_out(writer, place)?;
            let about = (type_code.as_str(), acted.identifier.as_str());
            // A face that prints another state of the certificate says nothing new of a life.
            let says = command.action.makes_version();
            let lives = rules.follow(writer, about, says, &place.behind(entries.len()))?;
            entries.extend(lives.entries);
            ends::take_back(writer, &snapshot, about, place.at)?;
            acted.remarks.extend(lives.unauthorised.then(without_authority));
            acted.marked = if hears { lives.marked } else { Vec::new() };
            if command.action == Action::Cancel {
                let due = ends::proposed_by_cancel(writer, &snapshot, &prepared.rows)?;
                due.check_names(self, actor, &counted)?;
                let proposals = due.propose(writer, place)?;
                let seen = proposals.into_iter().filter(|one| ends::sees(actor, &one.type_code));
                acted.proposals = seen.collect();
            }
            Ok((acted, entries))
        })
    }

    fn prepare_act(&self, actor: &Actor, command: &ActCommand) -> Result<Prepared> {
        let snapshot = self.fresh_snapshot()?;
        let found = self.kept(actor, &command.identifier)?;
        let touched = kept::touched(found.as_ref());
        let about = About::of(found.as_ref(), &command.identifier).ok_or_else(kept::none_there);
        let about = self.or_noted(actor, &touched, about)?;
        let allowed = self.acting_agency(&snapshot, actor, command.agency.as_deref(), &about);
        let agency = self.or_noted(actor, &touched, allowed)?;
        let kept = self.or_nothing(actor, &about, found)?;
        let prepared = self.prepared(actor, &snapshot, command, (&kept, agency));
        self.or_noted(actor, &touched, prepared)
    }

    fn prepared(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        command: &ActCommand,
        (kept, agency): (&Kept, String),
    ) -> Result<Prepared> {
        let now = self.now();
        let row = kept.first()?;
        check_version(command, kept, row)?;
        let state = next_state(command.action, row)?;
        let effective_on = command.effective_on.unwrap_or(now.day());
        check_terms(command, effective_on, now.day())?;
        self.check_holders_unnamed(actor, &command.texts(), &kept.rows)?;
        self.check_effect(command.action, row, effective_on)?;
        self.store().read_now(|reader| {
            after_end::refuse_act(reader, snapshot, row, (command.action, effective_on))
        })?;
        let (signed, remarks) = self.version_of(snapshot, command, row, (&agency, state))?;
        let next = signed.map(|signed| signed.under(kept.key.holders.iter().copied()));
        // The face of another state is printed for the dead as well, and tells of no new day.
        if let Some(next) = next.as_ref().filter(|_| command.action.makes_version()) {
            let told = ToldOfDays { corrects: command.action == Action::Correct, ..next.told() };
            self.store().read_now(|reader| after_end::refuse(reader, snapshot, &told, now.day()))?;
        }
        let order = self.act_order(command, row, (&agency, effective_on), next.as_ref())?;
        let event = EventParts {
            salt: random::salt()?,
            label: actor.label(),
            effective_on,
            ground: command.ground.clone(),
        };
        let review_due = command.review_due.or(row.body.review_due);
        let (action, rows) = (command.action, kept.whole()?);
        Ok(Prepared { action, rows, event, state, review_due, next, order, agency, remarks })
    }

    /// The record of an identifier, whose first holder is charged; none where there is none.
    pub(super) fn kept(&self, actor: &Actor, identifier: &str) -> Result<Option<Kept>> {
        let (_, named) = self.permit_named_now(actor, Scope::Act, identifier)?;
        self.store().read_now(|reader| kept::by_identifier(reader, &named))
    }

    /// What was allowed; a refusal is an access to the record, whether there is one or not, and goes out once that is
    /// noted.
    pub(super) fn or_noted<T>(&self, actor: &Actor, touched: &Touched, allowed: Result<T>) -> Result<T> {
        if let Err(refusal) = &allowed
            && refusal.is_turned_down()
        {
            self.note_refusal(actor, touched.clone(), refusal)?;
        }
        allowed
    }

    /// Refuses an effect before the record began, and a restoration before the suspension that it ends. Of what is kept
    /// elsewhere nobody here knows when it began.
    fn check_effect(&self, action: Action, row: &StoredRecord, effective_on: Day) -> Result<()> {
        if row.custody != Custody::Hosted {
            return Ok(());
        }
        let events = self.store().read_now(|reader| reader.events_of(&row.hk, &row.record_id))?;
        let begun = events.first().map(|event| event.effective_on);
        let suspended = events.iter().rev().find(|event| event.action == Action::Suspend.wire());
        let suspended = suspended.filter(|_| action == Action::Restore).map(|event| event.effective_on);
        if begun.max(suspended).is_none_or(|earliest| earliest <= effective_on) {
            return Ok(());
        }
        let detail = "the record had not begun on that day, or was not suspended yet";
        Err(Error::new(Code::FieldInvalid, detail).at("effective_on").rule(Rule::EffectiveEarly))
    }

    /// Charges for every holder of a record that is about to be changed, and notes the change on the list of each.
    pub(super) fn note_acted(&self, actor: &Actor, outcome: Outcome, rows: &Whole) -> Result<NotedChange> {
        let holders = rows.touched_each();
        self.permit_each(actor, &holders)?;
        self.note_record_change(actor, (outcome, Scope::Act), &rows.first().type_code, &holders)
    }

    /// The record, for an asker who may act on it.
    ///
    /// # Errors
    /// `not_found` (noted as an access) where there is none.
    pub(super) fn or_nothing(&self, actor: &Actor, about: &About, found: Option<Kept>) -> Result<Kept> {
        if let Some(kept) = found {
            return Ok(kept);
        }
        let decision = decide(actor, Scope::Act, &about.type_code, None);
        let entry = Entry::of(actor).types(Some([about.type_code.as_str()]));
        self.nothing_there_now(actor, &entry, decision.reason())?;
        Err(kept::none_there())
    }

    /// The agency that acts, if policy and authority let it.
    pub(super) fn acting_agency(
        &self,
        snapshot: &Snapshot,
        actor: &Actor,
        asked: Option<&str>,
        about: &About,
    ) -> Result<String> {
        decide(actor, Scope::Act, &about.type_code, None).required()?;
        self.answering_agency(snapshot, actor, asked, about)
    }

    /// The same for whoever was granted the work.
    pub(super) fn answering_agency(
        &self,
        snapshot: &Snapshot,
        actor: &Actor,
        asked: Option<&str>,
        about: &About,
    ) -> Result<String> {
        let today = self.now().day();
        let issuers = snapshot.catalog.issuers();
        let responsible = || {
            let successor = issuers.agencies().successor(&about.issuer, today);
            successor.map_or(about.issuer.as_str(), |agency| agency.code.as_str())
        };
        let agency = agency_for(actor, asked, "agency")?.unwrap_or_else(responsible);
        let region = issuers.agencies().latest(&about.issuer).map(|agency| agency.region.to_string());
        let region = region.unwrap_or_else(|| snapshot.home.to_string());
        match issuers.may_act(agency, &about.issuer, &about.type_code, &region, today) {
            Ok(_) => Ok(agency.to_owned()),
            Err(fault) => {
                Err(Error::new(Code::IssuerNotAuthorised, fault.to_string()).at("agency").rule(fault.rule()))
            }
        }
    }

    /// The order for an action: as the agency sent it, or signed here.
    fn act_order(
        &self,
        command: &ActCommand,
        row: &StoredRecord,
        (agency, effective_on): (&str, Day),
        next: Option<&Signed>,
    ) -> Result<order::Signed> {
        let mut detail = Map::new();
        // An order that came with a draft cannot know the envelope that is made of the draft here.
        if let Some(next) = next.filter(|_| command.order.is_none() || command.envelope.is_some()) {
            detail.insert("envelope".into(), next.digest.text().into());
        }
        if let Some(due) = command.review_due {
            detail.insert("review_due".into(), due.to_string().into());
        }
        if let Some(endorsement) = &command.endorsement {
            detail.insert("endorsement".into(), serde_json::to_value(endorsement).map_err(Error::internal)?);
        }
        let terms = Terms {
            action: command.action.into(),
            subject: Subject::Record(&row.body.identifier),
            effective_on,
            ground: command.ground.as_deref(),
            version: Some(command.version),
            detail,
            other: None,
        };
        let Some(compact) = &command.order else {
            return terms.sign(&*self.issuer_key(agency)?, self.now());
        };
        let taken = terms.accept(self.taken_order(compact, agency)?)?;
        let events = self.store().read_now(|reader| reader.events_of(&row.hk, &row.record_id))?;
        order::refuse_replay(&events, &taken.digest)?;
        Ok(taken)
    }
}

fn check_version(command: &ActCommand, kept: &Kept, row: &StoredRecord) -> Result<()> {
    let current = u32::try_from(row.version).map_err(Error::internal)?;
    if command.version == current && kept.key.version == row.version {
        return Ok(());
    }
    Err(Error::new(Code::VersionConflict, "another version is the present one")
        .at("version")
        .with(serde_json::json!({"current_version": current})))
}

/// The state that the action leads to. Refused if the action is not allowed in the record's state, or if it
/// would make a new version of a body that is not here.
fn next_state(action: Action, row: &StoredRecord) -> Result<State> {
    let state = action.apply(Some(row.state)).map_err(|fault| {
        let allowed: Vec<_> = fault.allowed_from.iter().map(|state| state.wire()).collect();
        Error::new(Code::ActionForbidden, fault.to_string())
            .at("action")
            .rule(fault.rule())
            .with(serde_json::json!({"state": row.state, "allowed_from": allowed}))
    })?;
    if action.makes_version() && row.custody != Custody::Hosted {
        return Err(Error::new(Code::ActionForbidden, "the body of this record is kept elsewhere")
            .at("action")
            .rule(Rule::CustodyNotHosted));
    }
    Ok(state)
}

impl Prepared {
    /// The transaction: rows changed or replaced under every holder, event and order beside them.
    fn carry_out(&self, writer: &mut Writer<'_>, place: &Place) -> Result<(Acted, Vec<[u8; 32]>)> {
        let old = self.rows.first();
        let (identifier, version, replaces) = match &self.next {
            Some(next) => (&next.identifier, next.version, next.replaces),
            None => (&old.body.identifier, u32::try_from(old.version).map_err(Error::internal)?, None),
        };
        let parts = &self.event;
        let subject = subject_hash(&parts.salt, identifier);
        let digest = self.next.as_ref().map(|next| next.digest);
        let mut event =
            Event::new(EventKind::Record, self.action, &parts.label, parts.salt, subject, place.at)
                .effective_on(parts.effective_on)
                .record_version(digest, version, replaces)
                .order(self.order.digest);
        if let Some(ground) = &parts.ground {
            event = event.ground(ground);
        }
        let ground = parts.ground.clone().unwrap_or_default();
        let entry = self.write(writer, place, &Happened::new(event, self.order.stored.clone(), ground))?;
        let acted = Acted {
            identifier: identifier.clone(),
            version,
            action: self.action,
            state: self.state,
            effective_on: parts.effective_on,
            agency: self.agency.clone(),
            log: place.log.clone(),
            leaf: place.first,
            at: place.at,
            order: self.order.digest,
            signed_by_agency: self.order.by_own_key,
            remarks: self.remarks.clone(),
            proposals: Vec::new(),
            marked: Vec::new(),
        };
        Ok((acted, vec![entry]))
    }

    fn write(&self, writer: &mut Writer<'_>, place: &Place, happened: &Happened) -> Result<[u8; 32]> {
        let mut rows = self.rows.clone();
        let Some(next) = &self.next else {
            return rows.change(writer, place, happened, |row| {
                row.state = self.state;
                row.as_of = place.at;
                row.body.review_due = self.review_due;
            });
        };
        let record_id = rows.first().record_id;
        next.take_keys(writer, record_id)?;
        let mut made = next.whole(record_id, self.state, None, place)?;
        made.prepare(|row| row.body.review_due = self.review_due);
        rows.supersede(writer, place, happened, made)
    }
}
