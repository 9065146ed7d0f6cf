//! History: every version and event of a record, and its state on a day as known at a moment (I7).
//!
//! A history is a lookup: policy decides, and the access is noted under all holders before anything is shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::log::LogMark;
use crate::policy::{Actor, Fields, Scope, decide};
use crate::record::access::Outcome;
use crate::record::answer::AnsweredRecord;
use crate::record::event::Event;
use crate::record::history::{EventFact, Standing, state_as_of};
use crate::record::json::Stored;
use crate::record::{Action, Digest, Judgement, Reason, Reasons, State, Verdict, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, answer_digest};
use crate::registry::base::asked::{Purpose, ReceiptForm, check_purpose};
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::reading::here::{Here, InLog};
use crate::store::{Cost, StoredEvent, StoredRecord};
use crate::trust::Envelope;

/// A history that is asked for.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryAsk {
    /// The identifier of any version of the record.
    pub identifier: String,
    /// What for.
    pub purpose: Purpose,
    /// The legal day asked about; today where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub as_of: Option<Day>,
    /// What was known when; now where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub known_at: Option<Moment>,
    /// Full receipt or reference.
    #[serde(default)]
    pub receipt: ReceiptForm,
}

impl std::fmt::Debug for HistoryAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HistoryAsk(as of {:?}, known at {:?})", self.as_of, self.known_at)
    }
}

/// What became of a record.
#[derive(Clone, Serialize, ToSchema)]
pub struct HistoryAnswer {
    /// The time of the access entry.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
    /// The true time, where the log's is later: an earlier entry was written by a clock that ran ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    pub clock: Option<Moment>,
    /// Everything that happened to it, in order.
    pub events: Vec<HistoryEvent>,
    /// The log of records, read before: the answer is at least as new.
    pub head: LogMark,
    /// Every reason of the present verdict, in the order of the list.
    #[schema(value_type = Vec<Reason>)]
    pub reasons: Reasons,
    /// The receipt of this access.
    pub receipt: HandedReceipt,
    /// What it was on the day asked about.
    pub standing: AskedStanding,
    /// The present state.
    pub state: State,
    /// Type code.
    #[serde(rename = "type")]
    pub type_code: String,
    /// What it is worth now.
    pub verdict: Verdict,
    /// The present version.
    pub version: i32,
    /// All versions, in order.
    pub versions: Vec<HistoryVersion>,
}

/// What a record was on a day, as known at a moment.
#[derive(Clone, Serialize, ToSchema)]
pub struct AskedStanding {
    /// The legal day.
    #[schema(value_type = String, format = Date)]
    pub as_of: Day,
    /// The moment.
    #[schema(value_type = String, format = DateTime)]
    pub known_at: Moment,
    /// State and version; null where it had not begun or nothing of it was known.
    #[schema(required = true)]
    pub was: Option<Standing>,
}

/// One version of a record.
#[derive(Clone, Serialize, ToSchema)]
pub struct HistoryVersion {
    /// Whether it is the present one.
    pub current: bool,
    /// Digest of its envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub digest: Option<Digest>,
    /// The record as it was signed, compact JWS, where policy lets the whole out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub envelope: Option<String>,
    /// Identifier; left out where it holds a number and not the whole is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub identifier: Option<String>,
    /// The issuing agency's code.
    pub issuer: String,
    /// When it was logged.
    #[schema(value_type = String, format = DateTime)]
    pub logged_at: Moment,
    /// First valid day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    pub valid_from: Option<Day>,
    /// Last valid day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>, format = Date)]
    pub valid_to: Option<Day>,
    /// From 1.
    pub version: i32,
}

/// Something that happened to a record. Ground, order and the event itself go out with the whole only.
#[derive(Clone, Serialize, ToSchema)]
pub struct HistoryEvent {
    /// What happened.
    pub action: String,
    /// The agency or account that acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub actor: Option<String>,
    /// The legal day from which it holds.
    #[schema(value_type = String, format = Date)]
    pub effective_on: Day,
    /// The event as the log has its digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Event>)]
    pub event: Option<Stored<'static>>,
    /// The legal ground.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ground: Option<String>,
    /// Whether the log has it at its leaf; null where that cannot be told.
    #[schema(required = true)]
    pub in_log: Option<bool>,
    /// Its leaf.
    pub leaf: u64,
    /// The log.
    pub log: String,
    /// When it was logged.
    #[schema(value_type = String, format = DateTime)]
    pub logged_at: Moment,
    /// The authority's order, compact JWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub order: Option<String>,
    /// The version that it replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub replaces: Option<u32>,
    /// From 1.
    pub seq: i32,
    /// The version that it made or was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub version: Option<u32>,
}

impl Registry {
    /// The history of a record. Versions come with their envelopes, events with grounds and orders, if policy
    /// lets the whole out; else only the kind and the time.
    ///
    /// # Errors
    /// `purpose_missing`; `not_found`; `forbidden` (noted as an access); `record_damaged`.
    pub async fn history(&self, actor: &Actor, ask: &HistoryAsk) -> Result<HistoryAnswer> {
        check_purpose(&ask.purpose)?;
        let snapshot = self.fresh_snapshot()?;
        let access = self.access()?;
        let (held, identifier) = (snapshot.clone(), ask.identifier.clone());
        let here =
            self.store().read(Cost::Scan, move |reader| Here::read(reader, &held, &identifier)).await?;
        let kept = here.all_versions()?;
        let current = kept.first()?;
        let decision = decide(actor, Scope::Lookup, &current.type_code, Some(&ask.purpose.item));
        let reason = decision.reason();
        let entry = Entry::of(actor).purpose(&ask.purpose).types(Some([current.type_code.as_str()]));
        if let Some(rule) = decision.refusal() {
            entry.note(&access, kept.touched(), CameTo::refused(rule)).await?;
        }
        let whole = decision.fields()? == Fields::Whole;
        let now = self.now();
        let judgement = verdict(&here.facts(&snapshot, current, false), now.day(), now);
        let standing = standing(&here, ask, now)?;
        let rows: Vec<&StoredRecord> = here.past.iter().chain([current]).collect();
        let listed = rows.iter().map(|row| answered(row, whole, judgement)).collect::<Result<Vec<_>>>()?;
        let came_to = CameTo::shown(Outcome::History, reason, answer_digest(Some(&here.head), &listed));
        let accepted = entry.note(&access, kept.touched(), came_to).await?;
        Ok(HistoryAnswer {
            at: accepted.at,
            clock: accepted.clock_behind(),
            events: here.events.iter().map(|(event, in_log)| event_of(event, *in_log, whole)).collect(),
            head: here.head.clone(),
            reasons: judgement.reasons,
            receipt: HandedReceipt { accepted, form: ask.receipt },
            standing,
            state: current.state,
            type_code: current.type_code.clone(),
            verdict: judgement.verdict,
            version: current.version,
            versions: rows.iter().map(|row| version_of(row, current.version, whole)).collect(),
        })
    }
}

fn standing(here: &Here, ask: &HistoryAsk, now: Moment) -> Result<AskedStanding> {
    let (as_of, known_at) = (ask.as_of.unwrap_or(now.day()), ask.known_at.unwrap_or(now));
    let was = state_as_of(&event_facts(&here.events)?, as_of, known_at);
    Ok(AskedStanding { as_of, known_at, was })
}

/// The line of a version in the answer list.
fn answered(row: &StoredRecord, whole: bool, judgement: Judgement) -> Result<AnsweredRecord<'_>> {
    let digest = match Envelope::parse_stored(&row.body.envelope) {
        Ok(envelope) => envelope.digest(),
        Err(_) => Digest::of(&[&row.body.directory]),
    };
    let version = u32::try_from(row.version).map_err(Error::internal)?;
    Ok(AnsweredRecord { identifier: shown_identifier(row, whole), version, digest, judgement })
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

/// An identifier that holds a number is shown with the whole only, and stands in the answer list as it is shown.
fn shown_identifier(row: &StoredRecord, whole: bool) -> &str {
    if row.identifier.is_some() || whole { &row.body.identifier } else { "" }
}

fn version_of(row: &StoredRecord, current: i32, whole: bool) -> HistoryVersion {
    let envelope = Envelope::parse_stored(&row.body.envelope).ok();
    let identifier = shown_identifier(row, whole);
    HistoryVersion {
        current: row.version == current,
        digest: envelope.map(|envelope| envelope.digest()),
        envelope: envelope.filter(|_| whole).map(|envelope| envelope.compact()),
        identifier: (!identifier.is_empty()).then(|| identifier.to_owned()),
        issuer: row.issuer.clone(),
        logged_at: row.body.logged_at,
        valid_from: row.valid_from,
        valid_to: row.valid_to,
        version: row.version,
    }
}

fn event_of(stored: &StoredEvent, in_log: InLog, whole: bool) -> HistoryEvent {
    let event = Event::from_canonical(&stored.event).ok();
    let (version, replaces) = event.as_ref().map_or((None, None), |event| (event.version, event.replaces));
    let order = Envelope::parse_stored(&stored.order).ok();
    HistoryEvent {
        action: stored.action.clone(),
        effective_on: stored.effective_on,
        event: (whole && event.is_some()).then(|| Stored(stored.event.clone().into())),
        actor: event.map(|event| event.actor),
        ground: (whole && !stored.ground.is_empty()).then(|| stored.ground.clone()),
        in_log: match in_log {
            InLog::Yes => Some(true),
            InLog::Differs => Some(false),
            InLog::Unreadable => None,
        },
        leaf: stored.leaf,
        log: stored.log.clone(),
        logged_at: stored.logged_at,
        order: order.filter(|_| whole).map(|order| order.compact()),
        replaces,
        seq: stored.seq,
        version,
    }
}
