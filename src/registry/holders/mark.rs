//! The holder register: what is known of a holder's life, and which codes are of one holder.
//!
//! Every change is ordered (signed with the agency's key, or with the registry's own where an operator acts for
//! no agency) and logged under each holder it touches. Nothing is ever inferred: a death is marked as confirmed
//! only by household registration, a court or the issuer; any other report is `death_reported` and cuts nobody
//! off. Every mark and link can be taken back, with its ground.

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::clock::{Day, Moment};
use crate::closed::closed;
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::policy::{Actor, Scope, agency_for, decide_scope};
use crate::record::Digest;
use crate::record::event::{Event, EventKind, HolderAction};
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::ledger::Place;
use crate::registry::base::order::{self, Subject, Terms};
use crate::rule::Rule;
use crate::store::{HolderBody, HolderState, StoredHolder, Writer};
use crate::trust::{HolderKey, random};

closed! {
    /// Who says what became of a holder.
    HolderSource {
        Household, "household", "户籍机关", "household registration";
        Court, "court", "人民法院", "a court";
        Issuer, "issuer", "发证机构确认", "the issuer's own confirmation";
        Registrar, "registrar", "登记机关", "the registrar of organisations";
        Hospital, "hospital", "医疗机构", "a hospital";
        Cremation, "cremation", "殡葬机构", "a cremation record";
        SocialInsurance, "social_insurance", "社保机构", "social insurance";
        Other, "other", "其他", "another source";
    }
}

impl HolderSource {
    /// Whether a death is settled by its word.
    pub const fn confirms_death(self) -> bool {
        matches!(self, Self::Household | Self::Court | Self::Issuer)
    }
}

/// A mark on a holder, or (`normal`) the taking back of one.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkCommand {
    /// Whom.
    pub holder: AskedHolder,
    /// The state; `merged_into` and `split_from` come about by other means and are refused here.
    #[schema(value_type = String)]
    pub state: HolderState,
    /// The legal day; today where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub since: Option<Day>,
    /// Who says so.
    #[schema(value_type = String)]
    pub source: HolderSource,
    /// Why, in words. Sealed; only its hash enters the log.
    pub ground: String,
    /// The agency that acts; an operator's only.
    #[serde(default)]
    pub agency: Option<String>,
    /// The order as the agency signed it with its own key.
    #[serde(default)]
    pub order: Option<String>,
}

/// The answer to a change of a holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HolderChanged {
    /// What happened: `mark`, `link`, `unlink`.
    pub action: String,
    /// The state under the (older) code now.
    #[schema(value_type = String)]
    pub state: HolderState,
    /// Links of the (older) code now.
    pub links: usize,
    /// The log of the events.
    pub log: String,
    /// The leaf of the first.
    pub leaf: u64,
    /// The log's time.
    #[schema(value_type = String)]
    pub at: Moment,
    /// Digest of the order's envelope.
    #[schema(value_type = String)]
    pub order: Digest,
}

impl Registry {
    /// Marks a holder, or takes a mark back. Blocks.
    ///
    /// # Errors
    /// `forbidden` (noted as an access); `field_invalid` with the rule; `action_forbidden` where a report would
    /// weaken a confirmed death.
    pub fn mark_holder(
        &self,
        actor: &Actor,
        command: &MarkCommand,
        once: Option<&Once>,
    ) -> Result<HolderChanged> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let (parsed, key) = self.asked_holder(&command.holder, "holder")?;
        let agency = self.holder_agency(actor, command.agency.as_deref(), &parsed.code, key)?;
        let now = self.now();
        let since = command.since.unwrap_or(now.day());
        check_ground(&command.ground)?;
        check_mark(command, &parsed.code, since, now.day())?;
        let mut detail = Map::new();
        detail.insert("source".into(), command.source.wire().into());
        detail.insert("state".into(), serde_json::to_value(command.state).map_err(Error::internal)?);
        let terms = Terms {
            action: HolderAction::Mark.into(),
            subject: Subject::Holder(parsed.code.key_type(), parsed.code.key_code()),
            effective_on: since,
            ground: Some(&command.ground),
            version: None,
            detail,
            other: None,
        };
        let order = self.holder_order(terms, agency.as_deref(), command.order.as_deref())?;
        let label = actor.label();
        self.log_once(once, |writer, place| {
            refuse_replay(writer, &key, &order)?;
            let mut holder = stored(writer, key, &parsed.code)?;
            check_step(holder.state, command.state)?;
            holder.state = command.state;
            holder.body.state_since = Some(since);
            holder.body.state_source = command.source.wire().to_owned();
            holder.body.state_at = Some(place.at);
            writer.put_holder(&holder)?;
            let noted = Noted {
                action: HolderAction::Mark,
                label: &label,
                since,
                ground: &command.ground,
                order: &order,
            };
            let entry = noted.write(writer, place, &parsed.code, key)?;
            Ok((noted.answer(&holder, place), vec![entry]))
        })
    }

    /// The agency that acts on a holder, none for an operator who names none; a refusal is an access.
    pub(super) fn holder_agency(
        &self,
        actor: &Actor,
        asked: Option<&str>,
        code: &HolderCode,
        key: HolderKey,
    ) -> Result<Option<String>> {
        let allowed =
            decide_scope(actor, Scope::Holder).required().and_then(|_| agency_for(actor, asked, "agency"));
        match allowed {
            Ok(Some(agency)) => self.known_agency(agency).map(|agency| Some(agency.code)),
            Ok(None) => Ok(None),
            Err(refusal) => {
                self.note_refusal(actor, Touched::one(code, key), &refusal)?;
                Err(refusal)
            }
        }
    }

    pub(super) fn holder_order(
        &self,
        terms: Terms<'_>,
        agency: Option<&str>,
        sent: Option<&str>,
    ) -> Result<order::Signed> {
        match (agency, sent) {
            (Some(agency), Some(compact)) => terms.accept(self.taken_order(compact, agency)?),
            (Some(agency), None) => terms.sign(&*self.issuer_key(agency)?, self.now()),
            (None, Some(_)) => Err(Error::new(Code::FieldInvalid, "an order is an agency's: name it")
                .at("agency")
                .rule(Rule::OrderAgency)),
            (None, None) => terms.sign(&self.registry_key()?, self.now()),
        }
    }
}

pub(super) fn check_ground(ground: &str) -> Result<()> {
    if ground.trim().is_empty() || ground.chars().count() > 2000 {
        return Err(Error::new(Code::FieldInvalid, "say in 1 to 2000 characters why")
            .at("ground")
            .rule(Rule::GroundMissing));
    }
    Ok(())
}

fn check_mark(command: &MarkCommand, code: &HolderCode, since: Day, today: Day) -> Result<()> {
    let invalid = |field: &'static str, rule: Rule, detail: &'static str| {
        Err(Error::new(Code::FieldInvalid, detail).at(field).rule(rule))
    };
    if since > today {
        return invalid("since", Rule::DateInFuture, "a state is entered when it holds, not before");
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
        HolderState::Deceased if !command.source.confirms_death() => {
            let detail = "a death is confirmed by household registration, a court or the issuer";
            invalid("source", Rule::DeathUnconfirmed, detail)
        }
        _ => Ok(()),
    }
}

/// A report never weakens what was confirmed.
fn check_step(now: HolderState, next: HolderState) -> Result<()> {
    if now == next {
        return Err(Error::new(Code::ActionForbidden, "the holder is in that state already")
            .at("state")
            .rule(Rule::HolderState));
    }
    if now == HolderState::Deceased && next != HolderState::Normal {
        return Err(Error::new(Code::ActionForbidden, "a confirmed death is only taken back, to normal")
            .at("state")
            .rule(Rule::HolderState));
    }
    Ok(())
}

/// A holder's row; a fresh one where there is none.
pub(super) fn stored(writer: &mut Writer<'_>, key: HolderKey, code: &HolderCode) -> Result<StoredHolder> {
    Ok(writer.holder(&key)?.unwrap_or_else(|| StoredHolder {
        hk: key,
        state: HolderState::Normal,
        body: HolderBody {
            code_type: code.code_type().code().to_owned(),
            code: code.as_str().to_owned(),
            state_since: None,
            state_source: String::new(),
            state_at: None,
            links: Vec::new(),
        },
    }))
}

/// Events of the holder itself stand under a record id of zeros.
pub(in crate::registry) const HOLDER_EVENTS: [u8; 16] = [0; 16];

pub(super) fn refuse_replay(writer: &mut Writer<'_>, key: &HolderKey, order: &order::Signed) -> Result<()> {
    let events = writer.events_of(key, &HOLDER_EVENTS)?;
    order::refuse_replay(&events, &order.digest)
}

/// What the events of one change say.
pub(super) struct Noted<'a> {
    pub(super) action: HolderAction,
    pub(super) label: &'a str,
    pub(super) since: Day,
    pub(super) ground: &'a str,
    pub(super) order: &'a order::Signed,
}

impl Noted<'_> {
    /// Writes the event under one holder; `place.first` is its leaf.
    pub(super) fn write(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        code: &HolderCode,
        key: HolderKey,
    ) -> Result<[u8; 32]> {
        let salt = random::salt()?;
        let subject = Subject::Holder(code.key_type(), code.key_code()).hash(&salt);
        let event = Event::new(EventKind::Holder, self.action, self.label, salt, subject, place.at)
            .effective_on(self.since)
            .ground(self.ground)
            .order(self.order.digest);
        let seq = writer.next_event_seq(&key, &HOLDER_EVENTS)?;
        let happened = Happened::new(event, self.order.stored.clone(), self.ground.to_owned());
        writer.insert_event(&happened.copy(key, HOLDER_EVENTS, seq, place))?;
        Ok(happened.entry())
    }

    pub(super) fn answer(&self, holder: &StoredHolder, place: &Place) -> HolderChanged {
        HolderChanged {
            action: self.action.wire().to_owned(),
            state: holder.state,
            links: holder.body.links.len(),
            log: place.log.clone(),
            leaf: place.first,
            at: place.at,
            order: self.order.digest,
        }
    }
}
