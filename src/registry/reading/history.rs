//! History: every version and event of a record, and what it was on a day as known at a moment (I7).
//!
//! A history is a lookup: policy decides, and the access is noted under all holders before anything is shown.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::log::Accepted;
use crate::policy::{Actor, Fields, Scope, decide};
use crate::record::access::Outcome;
use crate::record::answer::AnsweredRecord;
use crate::record::event::Event;
use crate::record::history::{EventFact, state_as_of};
use crate::record::{Action, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, answer_digest, receipt_value};
use crate::registry::base::asked::{Purpose, ReceiptForm, check_purpose};
use crate::registry::reading::here::{Here, InLog, head_json};
use crate::store::{Cost, StoredEvent, StoredRecord};
use crate::trust::EnvelopeBuf;

/// A history that is asked for.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
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

/// A value that goes out, with the access it rests on.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The answer.
    pub body: Value,
    /// The access.
    pub accepted: Accepted,
}

impl Registry {
    /// The history of a record. Versions come with their envelopes, events with grounds and orders, where policy
    /// lets the whole out; else only what happened and when.
    ///
    /// # Errors
    /// `purpose_missing`; `not_found`; `forbidden` (noted as an access); `record_damaged`.
    pub async fn history(&self, actor: &Actor, ask: &HistoryAsk) -> Result<Shown> {
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
        let facts = event_facts(&here.events)?;
        let as_of = ask.as_of.unwrap_or(now.day());
        let known_at = ask.known_at.unwrap_or(now);
        let standing = state_as_of(&facts, as_of, known_at)
            .map_or(Value::Null, |standing| json!({"state": standing.state, "version": standing.version}));
        let judged = verdict(&here.facts(&snapshot, current, false), now.day(), now);
        let rows: Vec<&StoredRecord> = here.past.iter().chain([current]).collect();
        let digest = |row: &StoredRecord| match EnvelopeBuf::from_stored(row.body.envelope.clone()) {
            Ok(envelope) => envelope.view().digest(),
            Err(_) => crate::record::Digest::of(&[&row.body.directory]),
        };
        let versions: Vec<Value> = rows.iter().map(|row| version_json(row, current.version, whole)).collect();
        let listed = rows
            .iter()
            .map(|row| {
                Ok(AnsweredRecord {
                    identifier: shown_identifier(row, whole),
                    version: u32::try_from(row.version).map_err(Error::internal)?,
                    digest: digest(row),
                    judgement: judged,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let came_to = CameTo::shown(Outcome::History, reason, answer_digest(Some(&here.head), &listed));
        let accepted = entry.note(&access, kept.touched(), came_to).await?;
        let events: Vec<Value> =
            here.events.iter().map(|(event, in_log)| event_json(event, *in_log, whole)).collect();
        let body = json!({
            "type": current.type_code,
            "state": current.state,
            "version": current.version,
            "verdict": judged.verdict,
            "reasons": judged.reasons,
            "standing": {"as_of": as_of, "known_at": known_at, "was": standing},
            "versions": versions,
            "events": events,
            "head": head_json(&here.head),
            "at": accepted.at,
            "receipt": receipt_value(&accepted, ask.receipt)?,
        });
        Ok(Shown { body, accepted })
    }
}

/// The events that the state as of a day is told from; objections and the like change no state.
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

fn version_json(row: &StoredRecord, current: i32, whole: bool) -> Value {
    let mut out = Map::new();
    out.insert("version".into(), row.version.into());
    let identifier = shown_identifier(row, whole);
    if !identifier.is_empty() {
        out.insert("identifier".into(), identifier.into());
    }
    out.insert("issuer".into(), row.issuer.clone().into());
    out.insert("current".into(), (row.version == current).into());
    if let Some(day) = row.valid_from {
        out.insert("valid_from".into(), day.to_string().into());
    }
    if let Some(day) = row.valid_to {
        out.insert("valid_to".into(), day.to_string().into());
    }
    out.insert("logged_at".into(), row.body.logged_at.to_string().into());
    if let Ok(envelope) = EnvelopeBuf::from_stored(row.body.envelope.clone()) {
        out.insert("digest".into(), envelope.view().digest().text().into());
        if whole {
            out.insert("envelope".into(), envelope.compact().into());
        }
    }
    out.into()
}

fn event_json(stored: &StoredEvent, in_log: InLog, whole: bool) -> Value {
    let mut out = Map::new();
    out.insert("seq".into(), stored.seq.into());
    out.insert("action".into(), stored.action.clone().into());
    out.insert("effective_on".into(), stored.effective_on.to_string().into());
    out.insert("logged_at".into(), stored.logged_at.to_string().into());
    out.insert("log".into(), stored.log.clone().into());
    out.insert("leaf".into(), stored.leaf.into());
    let in_log = match in_log {
        InLog::Yes => Some(true),
        InLog::Differs => Some(false),
        InLog::Unreadable => None,
    };
    out.insert("in_log".into(), in_log.into());
    if let Ok(event) = Event::from_canonical(&stored.event) {
        out.insert("actor".into(), event.actor.into());
        if let Some(version) = event.version {
            out.insert("version".into(), version.into());
        }
        if let Some(replaces) = event.replaces {
            out.insert("replaces".into(), replaces.into());
        }
    }
    if whole {
        if !stored.ground.is_empty() {
            out.insert("ground".into(), stored.ground.clone().into());
        }
        if let Ok(order) = EnvelopeBuf::from_stored(stored.order.clone()) {
            out.insert("order".into(), order.compact().into());
        }
        out.insert("event".into(), serde_json::from_slice(&stored.event).unwrap_or(Value::Null));
    }
    out.into()
}
