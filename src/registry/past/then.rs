//! A record on a legal day, as known at a moment: its state and version, and the whole verdict of that day (I5, I7).
//!
//! Dates, state, version, review, key, objections and the life of the subject are those of the day, by what was known
//! then. Types, authorities and coverage are the present ones.

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::Custody;
use crate::clock::{Day, Moment};
use crate::closed::closed;
use crate::error::{Code, Error, Result};
use crate::record::answer::AnsweredStanding;
use crate::record::event::{Event, Order, SideAction};
use crate::record::history::{EventFact, Standing, Then, state_as_of};
use crate::record::verdict::{Facts, NamedFiles, Seal};
use crate::record::{Action, Judgement, Reason, Reasons, Verdict, verdict};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::after_end;
use crate::registry::holders::life::{self, RecordLives};
use crate::registry::holders::past::life_then;
use crate::registry::reading::here::{Here, InLog};
use crate::registry::records::judge;
use crate::rule::Rule;
use crate::store::{Reader, StoredEvent, StoredRecord};
use crate::trust::Envelope;

closed! {
    /// Whether there is a verdict of the day that was asked about.
    DayAnswer {
        Judged, "judged", "已判定", "judged";
        NotBegun, "not_begun", "该日尚未签发", "it had not begun on that day";
        /// Versions that other holders had are not shown to this asker.
        Withheld, "withheld", "该日的记载涉及其他主体，未予显示", "what stood on that day tells of other holders and is not shown";
        NotKnown, "not_known", "当时本库尚无记载", "nothing of it was known here at that moment";
        NotCome, "not_come", "当时该日尚未到来", "that day had not come at that moment";
    }
}

/// What a record was on a day, as known at a moment.
#[derive(Clone, Serialize, ToSchema)]
pub struct AskedStanding {
    /// Whether there is a verdict of that day, or why there is none.
    pub answer: DayAnswer,
    /// The legal day.
    pub as_of: Day,
    /// The moment.
    pub known_at: Moment,
    /// Every reason of that day's verdict, in the order of the list; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Vec<Reason>>)]
    pub reasons: Option<Reasons>,
    /// What it was worth on that day; left out where there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub verdict: Option<Verdict>,
    /// State and version; null where there is no verdict.
    #[schema(required = true)]
    pub was: Option<Standing>,
}

impl AskedStanding {
    /// As the answer list has it.
    pub(super) fn listed(&self) -> AnsweredStanding<'static> {
        let judgement =
            self.verdict.zip(self.reasons).map(|(verdict, reasons)| Judgement { verdict, reasons });
        AnsweredStanding {
            answer: self.answer.wire(),
            as_of: self.as_of,
            known_at: self.known_at,
            was: self.was.zip(judgement).map(|(was, judgement)| (was.state, was.version, judgement)),
        }
    }
}

/// The day and the moment that are asked about: now where nothing is said, and the day of the moment.
///
/// # Errors
/// `field_invalid` at `known_at` with rule `moment_ahead` for a moment that has not come.
pub(in crate::registry) fn asked_about(
    as_of: Option<Day>,
    known_at: Option<Moment>,
    now: Moment,
) -> Result<Then> {
    if known_at.is_some_and(|known_at| known_at > now) {
        let detail = "nobody knows yet what will be known then";
        return Err(Error::new(Code::FieldInvalid, detail).at("known_at").rule(Rule::MomentAhead));
    }
    let known_at = known_at.unwrap_or(now);
    Ok(Then { as_of: as_of.unwrap_or(known_at.day()), known_at })
}

/// What the database tells of a record on a day beside its own rows.
pub(in crate::registry) struct DayFacts {
    lives: RecordLives,
    files: NamedFiles,
    /// Earlier parts of the entry were left out.
    left_out: bool,
}

impl DayFacts {
    /// Reads it. Where nothing stood on that day there is nothing to read.
    pub fn read(
        reader: &mut Reader<'_>,
        snapshot: &Snapshot,
        here: &Here,
        (then, left_out): (Then, bool),
    ) -> Result<Self> {
        let events = event_facts(&here.events).unwrap_or_default();
        let was = state_as_of(&events, then.as_of, then.known_at);
        let Some(row) = was.and_then(|was| row_of(here, was)) else {
            return Ok(Self { lives: RecordLives::default(), files: NamedFiles::FIT, left_out });
        };
        let lives = RecordLives::read(reader, snapshot, row, |reader, key, most| {
            life_then(reader, (key, most), then)
        })?;
        Ok(Self { lives, files: judge::named_files(reader, row)?, left_out })
    }
}

/// What the record was on that day.
///
/// # Errors
/// `record_damaged` where an event does not open.
pub(in crate::registry) fn standing(
    snapshot: &Snapshot,
    (here, beside): (&Here, &DayFacts),
    then: Then,
    now: Moment,
) -> Result<AskedStanding> {
    let events = event_facts(&here.events)?;
    let was = state_as_of(&events, then.as_of, then.known_at);
    let answer = match was {
        _ if then.as_of > then.known_at.day() => DayAnswer::NotCome,
        Some(_) => DayAnswer::Judged,
        None if beside.left_out => DayAnswer::Withheld,
        None if events.iter().any(|event| event.logged_at <= then.known_at) => DayAnswer::NotBegun,
        None => DayAnswer::NotKnown,
    };
    let was = was.filter(|_| answer == DayAnswer::Judged);
    let judgement = was.map(|was| {
        let facts = facts(snapshot, (here, beside), (was, then), now);
        verdict(&facts, then.as_of, then.known_at.min(then.as_of.plus_days(1).start()))
    });
    Ok(AskedStanding {
        answer,
        as_of: then.as_of,
        known_at: then.known_at,
        reasons: judgement.map(|judgement| judgement.reasons),
        verdict: judgement.map(|judgement| judgement.verdict),
        was,
    })
}

/// The facts of that day. A version that is not there says nothing, so that nothing can be determined.
fn facts(
    snapshot: &Snapshot,
    (here, beside): (&Here, &DayFacts),
    (was, then): (Standing, Then),
    now: Moment,
) -> Facts {
    let Some(row) = row_of(here, was) else {
        return Facts { seal: Seal::Damaged, ..Facts::good(was.state) };
    };
    let known = here.events.iter().filter(|(event, _)| event.logged_at <= then.known_at);
    let known: Vec<Told> = known.filter_map(|(event, _)| Told::of(event)).collect();
    let mut facts = here.facts(snapshot, row, false, now);
    facts.state = Some(was.state);
    let (entry, lives) = (snapshot.catalog.type_of(&row.type_code), beside.lives.view());
    facts.holder = life::standing(entry.map(|entry| entry.def()), lives.subject);
    let envelope = Envelope::parse_stored(&row.body.envelope).ok();
    facts.days = after_end::standing(entry.map(|entry| &**entry), row, envelope.as_ref(), lives);
    facts.spouse_deceased = entry.is_some_and(|entry| judge::spouse_deceased(entry.def(), lives));
    facts.files = beside.files;
    facts.disputed = known.iter().rev().find_map(|told| told.disputed).unwrap_or(false);
    facts.review_due = known
        .iter()
        .filter(|told| told.effective_on <= then.as_of)
        .filter_map(|told| told.review_due)
        .next_back();
    // What a feed said later was not known.
    facts.as_of = facts.as_of.map(|as_of| if as_of > then.known_at { row.as_of } else { as_of });
    if row.custody == Custody::Hosted {
        facts.key = judge::key_standing(snapshot, row, envelope.as_ref(), Some(then.known_at));
    }
    facts
}

fn row_of(here: &Here, was: Standing) -> Option<&StoredRecord> {
    here.version(i32::try_from(was.version).ok()?).map(|(row, _)| row)
}

/// What an event tells beside state and version.
struct Told {
    effective_on: Day,
    /// It opened an objection, or settled it.
    disputed: Option<bool>,
    /// It set the day by which the next review is due.
    review_due: Option<Day>,
}

impl Told {
    fn of(stored: &StoredEvent) -> Option<Self> {
        let event = Event::from_canonical(&stored.event).ok()?;
        let disputed = match SideAction::from_wire(&event.action) {
            Some(SideAction::Dispute) => Some(true),
            Some(SideAction::Settle | SideAction::WithdrawDispute) => Some(false),
            Some(SideAction::Decline | SideAction::Replace) | None => None,
        };
        let order = Envelope::parse_stored(&stored.order).ok();
        let order = order.and_then(|order| Order::from_payload(order.payload()).ok());
        let due = order.and_then(|order| order.detail?.get("review_due")?.as_str()?.parse().ok());
        Some(Self { effective_on: event.effective_on, disputed, review_due: due })
    }
}

/// The events that give the state as of a day; objections and the like change no state.
fn event_facts(events: &[(StoredEvent, InLog)]) -> Result<Vec<EventFact>> {
    let mut facts = Vec::with_capacity(events.len());
    for (stored, _) in events {
        let damaged = || Error::new(Code::RecordDamaged, "an event of this record does not open");
        let event = Event::from_canonical(&stored.event).ok().ok_or_else(damaged)?;
        let Some(action) = Action::from_wire(&event.action) else { continue };
        facts.push(EventFact {
            action,
            version: event.version.unwrap_or(1),
            effective_on: event.effective_on,
            logged_at: event.at,
        });
    }
    Ok(facts)
}
