//! The holder register: the facts about a holder's life, and the codes of one holder.
//!
//! Every change is ordered (signed with the agency's key, or with the registry's own if an operator acts for
//! no agency) and logged under each holder it touches. Nothing is ever inferred. Only household registration,
//! a court or the issuer confirms a death; any other report is `death_reported` and cuts nobody off. Every
//! mark and link can be taken back, with a ground.

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::catalog::HolderSource;
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::policy::{Actor, Scope};
use crate::record::Digest;
use crate::record::access::Outcome;
use crate::record::event::{Event, EventKind, HolderAction, Household};
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::ledger::Place;
use crate::registry::base::order::{self, Subject, Terms};
use crate::registry::base::texts;
use crate::registry::holders::household;
use crate::registry::holders::marks::{self, StatedMark};
use crate::registry::holders::stating::Stating;
use crate::rule::Rule;
use crate::store::{HolderBody, HolderMark, HolderState, StoredHolder, Writer};
use crate::trust::{HolderKey, random};

/// A mark on a holder, or (`normal`) the taking back of one.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkCommand {
    /// Whom.
    pub holder: AskedHolder,
    /// The state; `merged_into` and `split_from` come about by other means and are refused here.
    pub state: HolderState,
    /// The legal day; today where nothing is said.
    #[serde(default)]
    pub since: Option<Day>,
    /// What kind of office says so. It follows from the agency's authority over people; where it is given it must
    /// be the same.
    #[serde(default)]
    pub source: Option<HolderSource>,
    /// Why, in words. Sealed; only its hash enters the log.
    pub ground: String,
    /// The agency knows that the person's household is registered outside the region of its authority, and its ground
    /// says why it states this all the same.
    #[serde(default)]
    pub household_elsewhere: bool,
    /// The agency that states it: an operator names one, a client its own or none.
    #[serde(default)]
    pub agency: Option<String>,
    /// The order as the agency signed it with its own key.
    #[serde(default)]
    pub order: Option<String>,
}

/// The answer to a change of a holder. It says what was stated, and nothing of what stood there before: a lookup
/// tells that to who may look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HolderChanged {
    /// What happened: `mark`, `link`, `unlink`.
    pub action: String,
    /// The log of the events.
    pub log: String,
    /// The leaf of the first.
    pub leaf: u64,
    /// The log's time.
    pub at: Moment,
    /// Digest of the order's envelope.
    pub order: Digest,
}

impl Registry {
    /// Marks a holder, or takes a mark back. Blocks.
    ///
    /// # Errors
    /// `forbidden` if the agency has no authority over people for it (noted as an access); `field_invalid`
    /// with the rule, `household_elsewhere` among them; `not_found` with `mark_missing` if it takes back a mark that it could not have stated.
    pub fn mark_holder(
        &self,
        actor: &Actor,
        command: &MarkCommand,
        once: Option<&Once>,
    ) -> Result<HolderChanged> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let (parsed, key) = self.charged_now(actor, Scope::Holder, &command.holder, "holder")?;
        let (asked, own) = ((command.state, command.source), Touched::one(&parsed.code, key));
        let stating = self.marking(actor, command.agency.as_deref(), asked, own.clone())?;
        let order =
            self.or_noted_of(actor, &own, self.mark_order(actor, command, &stating, (&parsed.code, key)))?;
        let now = self.now();
        let since = command.since.unwrap_or(now.day());
        let noted_change = self.note_statement(actor, Outcome::Marked, &[own])?;
        let (label, hears, snapshot) = (actor.label(), self.hears(actor), self.snapshot());
        self.log_noted(actor, &noted_change, once, |writer, place| {
            refuse_replay(writer, &key, &order)?;
            let holder_of = (&parsed.code, key);
            let states = (stating.agency.as_str(), stating.regions.as_slice());
            let found = household::compare(writer, &snapshot, holder_of, states, now.day())?;
            let household = household::checked(found, command.household_elsewhere, hears)?;
            let mut holder = stored(writer, key, &parsed.code)?;
            if command.state == HolderState::Normal && !stating.takes_back(holder.state) {
                // The same words in both cases: no mark, or a mark of another office.
                let missing = "this agency has no mark to take back";
                return Err(Error::new(Code::NotFound, missing).at("state").rule(Rule::MarkMissing));
            }
            let source = stating.source.wire().to_owned();
            let mark = HolderMark { state: command.state, since, source, at: place.at, certificate: None };
            marks::state(&mut holder, StatedMark { mark, replaces: None });
            writer.put_holder(&holder)?;
            let noted = Noted {
                action: HolderAction::Mark,
                label: &label,
                since,
                ground: &command.ground,
                order: &order,
            };
            let entry = noted.write(writer, place, (&parsed.code, key), household)?;
            Ok((noted.answer(place), vec![entry]))
        })
    }

    /// What the mark says, as its agency orders it.
    fn mark_order(
        &self,
        actor: &Actor,
        command: &MarkCommand,
        stating: &Stating,
        (code, key): (&HolderCode, HolderKey),
    ) -> Result<order::Signed> {
        let today = self.now().day();
        let since = command.since.unwrap_or(today);
        texts::ground("ground", &command.ground)?;
        self.check_unnamed(actor, &[("ground", &command.ground)], &[(code, key)])?;
        check_mark(command, code, since, today)?;
        let mut detail = Map::new();
        detail.insert("source".into(), stating.source.wire().into());
        detail.insert("state".into(), serde_json::to_value(command.state).map_err(Error::internal)?);
        let terms = Terms {
            action: HolderAction::Mark.into(),
            subject: Subject::Holder(code.key_type(), code.key_code()),
            effective_on: since,
            ground: Some(&command.ground),
            version: None,
            detail,
            other: None,
        };
        self.holder_order(terms, &stating.agency, command.order.as_deref())
    }

    pub(super) fn holder_order(
        &self,
        terms: Terms<'_>,
        agency: &str,
        sent: Option<&str>,
    ) -> Result<order::Signed> {
        match sent {
            Some(compact) => terms.accept(self.taken_order(compact, agency)?),
            None => terms.sign(&*self.issuer_key(agency)?, self.now()),
        }
    }
}

fn check_mark(command: &MarkCommand, code: &HolderCode, since: Day, today: Day) -> Result<()> {
    let invalid = |field: &'static str, rule: Rule, detail: &'static str| {
        Err(Error::new(Code::FieldInvalid, detail).at(field).rule(rule))
    };
    if since > today {
        return invalid("since", Rule::DateInFuture, "a state is entered when it holds, not before");
    }
    if code.person().is_some_and(|person| since < person.birth_date) {
        return invalid(
            "since",
            Rule::BeforeBirth,
            "the day lies before the birth date in the holder's number",
        );
    }
    let person = code.code_type().is_person();
    match command.state {
        HolderState::Normal => Ok(()),
        HolderState::MergedInto | HolderState::SplitFrom => {
            invalid("state", Rule::StateNotMarked, "this state comes about when records move between holders")
        }
        HolderState::Dissolved if person => {
            invalid("state", Rule::StateOfEntity, "only organisations dissolve")
        }
        HolderState::Dissolved => Ok(()),
        _ if !person => invalid("state", Rule::StateOfPerson, "this is a state of a person"),
        _ => Ok(()),
    }
}

/// A holder's row; a fresh one if there is none.
pub(in crate::registry) fn stored(
    writer: &mut Writer<'_>,
    key: HolderKey,
    code: &HolderCode,
) -> Result<StoredHolder> {
    Ok(writer.holder(&key)?.unwrap_or_else(|| fresh(key, code)))
}

/// The row of a holder of whom nothing was stated.
pub(in crate::registry) fn fresh(key: HolderKey, code: &HolderCode) -> StoredHolder {
    StoredHolder {
        hk: key,
        state: HolderState::Normal,
        body: HolderBody {
            code_type: code.code_type().code().to_owned(),
            code: code.as_str().to_owned(),
            state_since: None,
            state_source: String::new(),
            state_at: None,
            certificate: None,
            beneath: Vec::new(),
            links: Vec::new(),
        },
    }
}

/// Events of the holder itself stand under a record id of zeros.
pub(in crate::registry) const HOLDER_EVENTS: [u8; 16] = [0; 16];

pub(super) fn refuse_replay(writer: &mut Writer<'_>, key: &HolderKey, order: &order::Signed) -> Result<()> {
    let events = writer.events_of(key, &HOLDER_EVENTS)?;
    order::refuse_replay(&events, &order.digest)
}

/// The content of the events of one change.
pub(in crate::registry) struct Noted<'a> {
    pub action: HolderAction,
    pub label: &'a str,
    pub since: Day,
    pub ground: &'a str,
    pub order: &'a order::Signed,
}

impl Noted<'_> {
    /// Writes the event under one holder; `place.first` is its leaf.
    pub fn write(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (code, key): (&HolderCode, HolderKey),
        household: Option<Household>,
    ) -> Result<[u8; 32]> {
        self.write_of(writer, place, (Subject::Holder(code.key_type(), code.key_code()), key), household)
    }

    /// The same about a holder under a key of an earlier form.
    pub fn write_of(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (subject, key): (Subject<'_>, HolderKey),
        household: Option<Household>,
    ) -> Result<[u8; 32]> {
        let salt = random::salt()?;
        let subject = subject.hash(&salt);
        let event = Event::new(EventKind::Holder, self.action, self.label, salt, subject, place.at)
            .effective_on(self.since)
            .ground(self.ground)
            .household(household)
            .order(self.order.digest);
        let seq = writer.next_event_seq(&key, &HOLDER_EVENTS)?;
        let happened = Happened::new(event, self.order.stored.clone(), self.ground.to_owned());
        writer.insert_event(&happened.copy(key, HOLDER_EVENTS, seq, place))?;
        Ok(happened.entry())
    }

    pub(super) fn answer(&self, place: &Place) -> HolderChanged {
        HolderChanged {
            action: self.action.wire().to_owned(),
            log: place.log.clone(),
            leaf: place.first,
            at: place.at,
            order: self.order.digest,
        }
    }
}
