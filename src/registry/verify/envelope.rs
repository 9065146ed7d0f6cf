//! An envelope: what it is worth by itself, and what is kept here of it.

use serde_json::{Map, Value, json};

use super::{Finding, Shown, type_known};
use crate::catalog::Custody;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::hash::sha256;
use crate::log::{Head, TreeReader};
use crate::record::event::Event;
use crate::record::payload::Validity;
use crate::record::verdict::{Facts, KeyStanding, LogStanding, Seal};
use crate::record::{Record, verdict};
use crate::registry::access_entry::Touched;
use crate::registry::find::{self, Kept};
use crate::registry::{Registry, Snapshot, judge};
use crate::store::{Cost, HolderState, Opened, Reader, StoredEvent, StoredRecord};
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, EnvelopeFault, Kid, Typ};

/// What is kept here under an identifier.
pub(super) struct Here {
    pub head: Head,
    pub kept: Option<Kept>,
    /// Superseded versions in the first holder's row.
    pub past: Vec<StoredRecord>,
    /// Events in the first holder's row, each with whether the log has it at its leaf.
    pub events: Vec<(StoredEvent, bool)>,
    /// The state of the holders that weighs most.
    pub holder: HolderState,
}

impl Here {
    /// Reads all of it in one snapshot of the database.
    pub fn read(reader: &mut Reader<'_>, log: &str, identifier: &str) -> Result<Self> {
        let missing = || Error::new(Code::NotInitialised, "the log of records is missing");
        let head = TreeReader::head(reader, log)?.ok_or_else(missing)?;
        let mut here =
            Self { head, kept: None, past: Vec::new(), events: Vec::new(), holder: HolderState::Normal };
        let Some(kept) = find::by_identifier(reader, identifier)? else { return Ok(here) };
        if let Some(first) = kept.key.holders.first() {
            for opened in reader.past_records(first, &kept.key.record_id)? {
                if let Opened::Record(row) = opened {
                    here.past.push(*row);
                }
            }
            for event in reader.events_of(first, &kept.key.record_id)? {
                let there = reader.entries(&event.log, event.leaf, event.leaf.saturating_add(1))?;
                let logged = event.intact && there.first() == Some(&sha256(&event.event));
                here.events.push((event, logged));
            }
        }
        for holder in &kept.key.holders {
            let linked = find::linked(reader, *holder, None)?;
            if find::matters(linked.state) > find::matters(here.holder) {
                here.holder = linked.state;
            }
        }
        here.kept = Some(kept);
        Ok(here)
    }

    /// The row of one version, and whether it is superseded.
    pub fn version(&self, version: i32) -> Option<(&StoredRecord, bool)> {
        let kept = self.kept.as_ref()?;
        let current = kept.rows.first().filter(|row| row.version == version).map(|row| (row, false));
        current.or_else(|| self.past.iter().find(|row| row.version == version).map(|row| (row, true)))
    }
}

impl Registry {
    pub(super) async fn verify_envelope(&self, snapshot: &Snapshot, compact: &str) -> Result<Finding> {
        let envelope = match EnvelopeBuf::parse_compact(compact, Limits::default()) {
            Ok(envelope) => envelope,
            Err(fault) => return Ok(Finding::malformed(fault.rule())),
        };
        let view = envelope.view();
        let header = match view.header() {
            Ok(header) if header.typ == Typ::Record => header,
            Ok(_) => return Ok(Finding::malformed("envelope_kind")),
            Err(fault) => return Ok(Finding::malformed(fault.rule())),
        };
        let record = match Record::from_payload(view.payload()) {
            Ok(record) => record,
            Err(fault) => return Ok(Finding::malformed(fault.rule())),
        };
        let signature = match view.verify(Typ::Record, |kid| snapshot.keys.key(kid)) {
            Ok(_) => Some(true),
            Err(EnvelopeFault::KeyUnknown) => None,
            Err(_) => Some(false),
        };
        let (log, identifier) = (snapshot.records_log.clone(), record.identifier.clone());
        let here = self.store().read(Cost::Scan, move |reader| Here::read(reader, &log, &identifier)).await?;
        let now = self.now();
        let digest = view.digest();
        let found = i32::try_from(record.version).ok().and_then(|version| here.version(version));
        let same = found.filter(|(row, _)| {
            let stored = EnvelopeBuf::from_stored(row.body.envelope.clone());
            stored.is_ok_and(|stored| stored.view().digest() == digest)
        });
        let logged_at = same.map_or(now, |(row, _)| row.body.logged_at);
        let mut facts = facts(snapshot, &record, &here, same, now);
        facts.signature = signature;
        facts.key = key_standing(snapshot, &header.kid, &record, logged_at);
        let entry = here.events.iter().find(|(event, _)| {
            Event::from_canonical(&event.event).is_ok_and(|event| event.envelope == Some(digest))
        });
        facts.log = match (same, entry) {
            (Some(_), Some((_, true))) => LogStanding::Logged,
            (Some(_), _) => LogStanding::Inconsistent,
            (None, _) => LogStanding::NotLogged,
        };
        if here.kept.as_ref().is_some_and(|kept| kept.damaged) && same.is_none() {
            facts.seal = Seal::Damaged;
        }
        let judgement = verdict(&facts, now.day(), now);
        let mut about = about(&record, &here);
        about.insert("kid".into(), header.kid.to_string().into());
        let held = snapshot.held_here(&header.kid);
        let signed_with = if held { "key_held_by_registry" } else { "issuers_own_key" };
        if signature.is_some() {
            about.insert("signed_with".into(), signed_with.into());
        }
        about.insert("digest".into(), digest.text().into());
        if let (Some(_), Some((event, _))) = (same, entry) {
            let logged_at = event.logged_at.to_string();
            about.insert(
                "logged".into(),
                json!({"log": event.log, "leaf": event.leaf, "logged_at": logged_at}),
            );
        }
        let shown = here.kept.as_ref().map(|kept| Shown {
            touched: match record.holders.first() {
                Some(first) => Touched::all_of(&first.code_type, &first.code, kept.key.holders.clone()),
                None => kept.touched(),
            },
            identifier: record.identifier.clone(),
            version: record.version,
            digest,
            type_code: record.record_type.code.clone(),
            head: here.head.clone(),
            fields: None,
        });
        Ok(Finding { judgement, rule: None, about, shown })
    }
}

/// What is known of the record: from its row where the row has these very bytes, else from the envelope alone.
fn facts(
    snapshot: &Snapshot,
    record: &Record,
    here: &Here,
    same: Option<(&StoredRecord, bool)>,
    now: Moment,
) -> Facts {
    let current = here.kept.as_ref().and_then(|kept| kept.rows.first());
    let mut facts = match (same, current) {
        (Some((row, superseded)), Some(current)) => {
            let envelope = EnvelopeBuf::from_stored(row.body.envelope.clone()).ok();
            let view = envelope.as_ref().map(EnvelopeBuf::view);
            let mut facts = judge::facts(snapshot, row, view.as_ref(), here.holder);
            facts.superseded = superseded;
            // What became of the record became of all its versions.
            facts.state = Some(current.state);
            facts.disputed = current.disputed;
            facts.as_of = Some(current.as_of);
            facts
        }
        _ => {
            let mut facts = Facts::good(crate::record::State::Active);
            facts.state = None;
            facts.valid_from = record.valid_from;
            facts.valid_to = record.valid_to.and_then(Validity::last_day);
            facts
        }
    };
    facts.type_known = type_known(snapshot, &record.record_type.code, record.record_type.version);
    // A record from a day this registry has not reached: its lists of keys and types may lack what is newer.
    facts.lists_older = record.issued_on > now.day();
    facts
}

fn key_standing(snapshot: &Snapshot, kid: &Kid, record: &Record, at: Moment) -> KeyStanding {
    let standing = snapshot.keys.status(kid, at).standing();
    if standing != KeyStanding::Authorised {
        return standing;
    }
    let own = snapshot.keys.find(kid).is_some_and(|key| key.owner == record.issuer.code);
    if own && snapshot.issuer_stands(&record.issuer.code, &record.record_type.code) {
        KeyStanding::Authorised
    } else {
        KeyStanding::IssuerNotAuthorised
    }
}

/// What the answer says of the record: nothing that the envelope does not say, and the state here.
fn about(record: &Record, here: &Here) -> Map<String, Value> {
    let mut about = Map::new();
    about.insert("type".into(), record.record_type.code.clone().into());
    about.insert("version".into(), record.version.into());
    about.insert("issuer".into(), json!({"code": record.issuer.code, "name": record.issuer.name}));
    about.insert("issued_on".into(), record.issued_on.to_string().into());
    if let Some(current) = here.kept.as_ref().and_then(|kept| kept.rows.first()) {
        about.insert("state".into(), current.state.wire().into());
        about.insert("current_version".into(), current.version.into());
        about.insert("custody".into(), current.custody.wire().into());
    }
    about
}

/// The facts of a row for a face that was brought beside it.
pub(super) fn row_facts(snapshot: &Snapshot, here: &Here, row: &StoredRecord, superseded: bool) -> Facts {
    let envelope = EnvelopeBuf::from_stored(row.body.envelope.clone()).ok();
    let view = envelope.as_ref().map(EnvelopeBuf::view).filter(|_| row.custody == Custody::Hosted);
    let mut facts = judge::facts(snapshot, row, view.as_ref(), here.holder);
    facts.superseded = superseded;
    if let Some(current) = here.kept.as_ref().and_then(|kept| kept.rows.first()) {
        facts.state = Some(current.state);
        facts.disputed = current.disputed;
    }
    facts
}
