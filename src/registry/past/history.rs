//! History: every version and event of a record, and its verdict on a day as known at a moment (I7).
//!
//! A history is a lookup: policy decides, and the access is noted under all holders before anything is shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::bounds;
use crate::clock::{Day, Moment, any_moment};
use crate::error::{Code, Error, Result};
use crate::log::LogMark;
use crate::policy::{Actor, Fields, Permit, Scope};
use crate::record::access::Outcome;
use crate::record::answer::AnsweredRecord;
use crate::record::event::Event;
use crate::record::history::Then;
use crate::record::json::Stored;
use crate::record::{Digest, Judgement, Reason, Reasons, State, Verdict, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched, history_digest};
use crate::registry::access::withheld::Withheld;
use crate::registry::base::asked::{Purpose, ReceiptForm, check_purpose, decided_by, right_of};
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::past::then::{AskedStanding, DayFacts, asked_about, standing};
use crate::registry::reading::here::{EarlierPart, Here, InLog};
use crate::registry::records::kept::{self, About};
use crate::store::{Cost, Reader, StoredEvent, StoredRecord};
use crate::trust::{Envelope, HolderKey};

/// A history that is asked for.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryAsk {
    /// The identifier of any version of the record.
    pub identifier: String,
    /// What for.
    pub purpose: Purpose,
    /// The legal day asked about; that of `known_at` where nothing is said.
    #[serde(default)]
    pub as_of: Option<Day>,
    /// What was known when: RFC 3339, or a day for its first instant; now where nothing is said.
    #[serde(default, deserialize_with = "any_moment::optional")]
    pub known_at: Option<Moment>,
    /// Full receipt or reference.
    #[serde(default)]
    pub receipt: ReceiptForm,
    /// `next` of the page before. A page has at most 100 events, with the versions that they made.
    #[serde(default)]
    pub after: Option<i32>,
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
    pub at: Moment,
    /// The true time, where the log's is later: an earlier entry was written by a clock that ran ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub clock: Option<Moment>,
    /// What happened to it, in order.
    pub events: Vec<HistoryEvent>,
    /// The log of records, read before: the answer is at least as new.
    pub head: LogMark,
    /// Where there are more events: what `after` of the next page says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<i32>,
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
    /// The versions that these events made, in order.
    pub versions: Vec<HistoryVersion>,
    /// `co_holders` where envelopes, grounds and orders were left out, since they tell of other holders and the day's
    /// budget of holders is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub withheld: Option<Withheld>,
}

/// One version of a record.
#[derive(Clone, Serialize, ToSchema)]
pub struct HistoryVersion {
    /// Whether it is the present one.
    pub current: bool,
    /// Digest of its envelope; of a directory entry SHA-256 of what stands in the directory, with the whole only.
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
    pub logged_at: Moment,
    /// First valid day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_from: Option<Day>,
    /// Last valid day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
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

/// A page of a history.
struct Page {
    events: Vec<HistoryEvent>,
    versions: Vec<HistoryVersion>,
    next: Option<i32>,
    head: LogMark,
    judgement: Judgement,
    standing: AskedStanding,
    digest: Digest,
}

impl Registry {
    /// A page of the history of a record. Versions come with their envelopes, events with grounds and orders, where
    /// policy lets the whole out; else only what happened and when.
    ///
    /// # Errors
    /// `purpose_missing`; `field_invalid` for a `known_at` that has not come; `budget_spent`; `not_found`; `forbidden` (noted as an access); `record_damaged`.
    pub async fn history(&self, actor: &Actor, ask: &HistoryAsk) -> Result<HistoryAnswer> {
        check_purpose(&ask.purpose)?;
        let then = asked_about(ask.as_of, ask.known_at, self.now())?;
        let (snapshot, access) = (self.fresh_snapshot()?, self.access()?);
        let (permit, named) = self.permit_named(actor, Scope::Lookup, &ask.identifier).await?;
        let held = snapshot.clone();
        let read = move |reader: &mut Reader<'_>| {
            let here = Here::read(reader, &held, &named)?;
            // Judged behind the decision: damage tells that something is there.
            let earlier = here.earlier(reader);
            Ok((here, earlier))
        };
        let (mut here, earlier) = self.store().read(Cost::Scan, read).await?;
        let about = About::of(here.kept.as_ref(), &ask.identifier).ok_or_else(kept::none_there)?;
        let today = self.now().day();
        let right = right_of(&snapshot.catalog, actor, (&ask.purpose, None), today);
        let decision = decided_by(&snapshot.catalog, &permit, (&right, &about.type_code));
        let reason = decision.reason();
        let others = self.other_numbers(&ask.purpose, &kept::touched(here.kept.as_ref())).await?;
        let entry = Entry::asked(actor, &ask.purpose, (&snapshot.catalog, today), &others);
        let entry = entry.types(Some([about.type_code.as_str()]));
        self.present(actor, (&ask.purpose, None), (&entry, &kept::touched(here.kept.as_ref()))).await?;
        if let Some(rule) = decision.refusal() {
            self.refused(actor, &entry, kept::touched(here.kept.as_ref()), rule).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this history").rule(rule));
        }
        let granted = decision.fields()? == Fields::Whole;
        if here.nothing() {
            self.nothing_there(actor, &entry, reason).await?;
        }
        let kept = here.all_versions()?;
        let current = kept.first()?;
        let (type_code, state, version) = (current.type_code.clone(), current.state, current.version);
        let (mut touched, holders) = (kept.touched(), kept.key.holders.clone());
        self.may_meet_named(actor, &self.near(actor, &snapshot).await?, (&entry, &touched)).await?;
        // The envelopes name all holders.
        let whole = granted && self.guard().may_show_all(&permit, &holders, self.now());
        let left_out = self.put_before(&permit, &mut here, &mut touched, earlier?);
        if whole {
            self.refuse_named(actor, &ask.purpose, (&touched, &others)).await?;
        }
        let withheld = ((granted && !whole) || left_out).then_some(Withheld::CoHolders);
        let (after, now) = (ask.after, self.now());
        let (here, beside) = self.day_facts(&snapshot, here, (then, left_out)).await?;
        let held = snapshot.clone();
        let page = move || Page::of(&held, (&here, &beside), (then, after), (whole, now));
        let page = self.store().blocking(page).await?;
        self.still_allowed(actor, &snapshot, Some(&ask.purpose)).await?;
        let accepted =
            entry.note(&access, touched, CameTo::shown(Outcome::History, reason, page.digest)).await?;
        let receipt = HandedReceipt { accepted, form: ask.receipt };
        Ok(page.answer(receipt, (type_code, state, version), withheld))
    }
}

impl Registry {
    /// The facts of the day that is asked about: read behind the decision, and with the earlier parts that are shown.
    async fn day_facts(
        &self,
        snapshot: &Arc<Snapshot>,
        here: Here,
        then: (Then, bool),
    ) -> Result<(Here, DayFacts)> {
        let held = snapshot.clone();
        let read = move |reader: &mut Reader<'_>| {
            let facts = DayFacts::read(reader, &held, &here, then)?;
            Ok((here, facts))
        };
        self.store().read(Cost::Scan, read).await
    }

    /// Puts the earlier parts of an entry before what is here; true if one is left out. A part that was other holders' is
    /// shown with all of them on the list, or not at all, and nothing older is shown behind one that is left out.
    fn put_before(
        &self,
        permit: &Permit<'_>,
        here: &mut Here,
        touched: &mut Touched,
        earlier: Vec<EarlierPart>,
    ) -> bool {
        for part in earlier.into_iter().rev() {
            let holders: Vec<HolderKey> = part.holders.iter().map(|(key, _)| *key).collect();
            if !self.guard().may_show_all(permit, &holders, self.now()) {
                return true;
            }
            touched.also(&part.holders);
            here.goes_on_from(part);
        }
        false
    }
}

impl Page {
    /// The page as it goes out.
    fn answer(
        self,
        receipt: HandedReceipt,
        (type_code, state, version): (String, State, i32),
        withheld: Option<Withheld>,
    ) -> HistoryAnswer {
        HistoryAnswer {
            at: receipt.accepted.at,
            clock: receipt.accepted.clock_behind(),
            events: self.events,
            head: self.head,
            next: self.next,
            reasons: self.judgement.reasons,
            receipt,
            standing: self.standing,
            state,
            type_code,
            verdict: self.judgement.verdict,
            version,
            versions: self.versions,
            withheld,
        }
    }

    /// Works in proportion to what happened to the record, so not on a worker thread.
    fn of(
        snapshot: &Snapshot,
        (here, beside): (&Here, &DayFacts),
        (then, after): (Then, Option<i32>),
        (whole, now): (bool, Moment),
    ) -> Result<Self> {
        let current = here.all_versions()?.first()?;
        let judgement = verdict(&here.facts(snapshot, current, false, now), now.day(), now);
        let (events, next) = events_behind(here, after.unwrap_or(0));
        let rows = versions_of(here, current, events, after.is_none());
        let listed = rows.iter().map(|row| answered(row, whole, judgement)).collect::<Result<Vec<_>>>()?;
        let standing = standing(snapshot, (here, beside), then, now)?;
        Ok(Self {
            events: events.iter().map(|(event, in_log)| event_of(event, *in_log, whole)).collect(),
            versions: rows.iter().map(|row| version_of(row, current.version, whole)).collect(),
            next,
            head: here.head.clone(),
            judgement,
            digest: history_digest(&here.head, &listed, standing.listed()),
            standing,
        })
    }
}

/// The events of a page, from behind one, and where the next page begins.
fn events_behind(here: &Here, after: i32) -> (&[(StoredEvent, InLog)], Option<i32>) {
    let first = here.events.partition_point(|(event, _)| event.seq <= after);
    let left = here.events.get(first..).unwrap_or_default();
    let (mut count, mut bytes) = (0, 0_usize);
    for (event, _) in left.iter().take(bounds::EVENTS) {
        let version = version_made(event).and_then(|version| here.version(version));
        let envelope = version.map_or(0, |(row, _)| row.body.envelope.len());
        bytes = bytes.saturating_add(event.event.len() + event.order.len() + envelope);
        if bytes > bounds::EVENT_BYTES && count > 0 {
            break;
        }
        count += 1;
    }
    let (page, more) = left.split_at_checked(count).unwrap_or((left, &[]));
    (page, page.last().filter(|_| !more.is_empty()).map(|(event, _)| event.seq))
}

/// The version that an event made or was about.
fn version_made(event: &StoredEvent) -> Option<i32> {
    Event::from_canonical(&event.event).ok()?.version?.try_into().ok()
}

/// The versions that the events of a page are the first to speak of. What no event speaks of stands on the first page.
fn versions_of<'h>(
    here: &'h Here,
    current: &'h StoredRecord,
    page: &[(StoredEvent, InLog)],
    first_page: bool,
) -> Vec<&'h StoredRecord> {
    let mut made: BTreeMap<i32, i32> = BTreeMap::new();
    for (event, _) in &here.events {
        if let Some(version) = version_made(event) {
            made.entry(version).or_insert(event.seq);
        }
    }
    let here_made = |row: &&StoredRecord| match made.get(&row.version) {
        Some(seq) => page.iter().any(|(event, _)| event.seq == *seq),
        None => first_page,
    };
    here.past.iter().chain([current]).filter(here_made).collect()
}

/// The line of a version in the answer list.
fn answered(row: &StoredRecord, whole: bool, judgement: Judgement) -> Result<AnsweredRecord<'_>> {
    let version = u32::try_from(row.version).map_err(Error::internal)?;
    let digest = shown_digest(row, whole).unwrap_or(Digest([0; 32]));
    Ok(AnsweredRecord { identifier: shown_identifier(row, whole), version, digest, judgement })
}

/// The digest that a version is told by. That of a directory entry is shown with the whole only: it has no salt, so that
/// a name or a number could be guessed by it.
fn shown_digest(row: &StoredRecord, whole: bool) -> Option<Digest> {
    match Envelope::parse_stored(&row.body.envelope) {
        Ok(envelope) => Some(envelope.digest()),
        Err(_) => whole.then(|| Digest::of(&[&row.body.directory])),
    }
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
        digest: shown_digest(row, whole),
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
