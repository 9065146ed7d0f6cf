//! An envelope: what it is worth by itself, and what is kept here of it.
//!
//! Of the record kept under its identifier nothing is told to whoever brings other bytes than those that were
//! signed: an identifier is a public name, and an envelope around it is quickly made.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::clock::Moment;
use crate::error::Result;
use crate::record::payload::Validity;
use crate::record::verdict::{Facts, KeyStanding, LogStanding, Seal};
use crate::record::{Record, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::here::{Here, InLog};
use crate::registry::reading::verify::{Finding, Shown, type_known};
use crate::registry::records::kept;
use crate::rule::Rule;
use crate::store::{Cost, StoredRecord};
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, EnvelopeFault, Kid, Typ};

impl Registry {
    pub(super) async fn verify_envelope(&self, snapshot: &Arc<Snapshot>, compact: &str) -> Result<Finding> {
        let envelope = match EnvelopeBuf::parse_compact(compact, Limits::default()) {
            Ok(envelope) => envelope,
            Err(fault) => return Ok(Finding::malformed(fault.rule())),
        };
        let view = envelope.view();
        let header = match view.header() {
            Ok(header) if header.typ == Typ::Record => header,
            Ok(_) => return Ok(Finding::malformed(Rule::EnvelopeKind)),
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
        let (held, identifier) = (snapshot.clone(), record.identifier.clone());
        let here =
            self.store().read(Cost::Scan, move |reader| Here::read(reader, &held, &identifier)).await?;
        let now = self.now();
        let digest = view.digest();
        let found = i32::try_from(record.version).ok().and_then(|version| here.version(version));
        let same = found.filter(|(row, _)| {
            let stored = EnvelopeBuf::from_stored(row.body.envelope.clone());
            stored.is_ok_and(|stored| stored.view().digest() == digest)
        });
        let event = here.event_of(digest);
        let logged_at = same.map(|(row, _)| row.body.logged_at).or(event.map(|(event, _)| event.logged_at));
        let mut facts = facts(snapshot, &record, &here, same, now);
        facts.signature = signature;
        facts.key = key_standing(snapshot, &header.kid, &record, logged_at.unwrap_or(now));
        match (same, event.map(|(_, in_log)| in_log)) {
            (Some(_), Some(InLog::Yes)) => facts.log = LogStanding::Logged,
            (_, Some(InLog::Differs)) => facts.log = LogStanding::Inconsistent,
            (None, None) if !here.damaged => facts.log = LogStanding::NotLogged,
            // Part of what is kept of it, or of what could tell that it never was, does not open or is gone: ours,
            // and not the bearer's (I5). A signature that does not fit is the bearer's all the same.
            _ if signature != Some(false) => facts.seal = Seal::Damaged,
            _ => facts.log = LogStanding::NotLogged,
        }
        let judgement = verdict(&facts, now.day(), now);
        let mut about = about(&record, same.and_then(|_| here.current()));
        about.insert("kid".into(), header.kid.to_string().into());
        let held = snapshot.held_here(&header.kid);
        let signed_with = if held { "key_held_by_registry" } else { "issuers_own_key" };
        if signature.is_some() {
            about.insert("signed_with".into(), signed_with.into());
        }
        about.insert("digest".into(), digest.text().into());
        if let (Some(_), Some((event, _))) = (same, event) {
            let logged_at = event.logged_at.to_string();
            about.insert(
                "logged".into(),
                json!({"log": event.log, "leaf": event.leaf, "logged_at": logged_at}),
            );
        }
        let told = same.is_some() || event.is_some() || facts.seal == Seal::Damaged;
        let shown = told.then(|| Shown {
            touched: self.touched_by(&record, &here),
            identifier: record.identifier.clone(),
            version: record.version,
            digest,
            type_code: record.record_type.code.clone(),
            head: here.head.clone(),
            fields: None,
        });
        Ok(Finding { judgement, rule: None, about, shown })
    }

    /// On whose lists it stands: the holders that the key row has; where that does not open, those that the
    /// envelope names.
    fn touched_by(&self, record: &Record, here: &Here) -> Touched {
        let index = self.store().vault().index();
        let named = record.holders.iter().map(|holder| (holder.code_type.as_str(), holder.code.as_str()));
        let key =
            |(code_type, code): &(&str, &str)| kept::co_holder(index, code_type, code).map(|(key, _)| key);
        match &here.kept {
            // A version of before may name others than those who see it on their lists now.
            Some(kept) => {
                let keys = &kept.key.holders;
                let own = named.filter(|code| key(code).is_some_and(|key| keys.contains(&key)));
                Touched::holders_of(own, keys)
            }
            None => {
                Touched::holders_of(named.clone(), &named.filter_map(|code| key(&code)).collect::<Vec<_>>())
            }
        }
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
    match same {
        Some((row, superseded)) => {
            let mut facts = here.facts(snapshot, row, superseded);
            facts.type_known = type_known(snapshot, &record.record_type.code, record.record_type.version);
            facts
        }
        None => {
            let mut facts = Facts::good(crate::record::State::Active);
            facts.state = None;
            facts.valid_from = record.valid_from;
            facts.valid_to = record.valid_to.and_then(Validity::last_day);
            facts.type_known = type_known(snapshot, &record.record_type.code, record.record_type.version);
            // A record from a day this registry has not reached: its lists of keys and types may lack what is newer.
            facts.lists_older = record.issued_on > now.day();
            facts
        }
    }
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
fn about(record: &Record, current: Option<&StoredRecord>) -> Map<String, Value> {
    let mut about = Map::new();
    about.insert("type".into(), record.record_type.code.clone().into());
    about.insert("version".into(), record.version.into());
    about.insert("issuer".into(), json!({"code": record.issuer.code, "name": record.issuer.name}));
    about.insert("issued_on".into(), record.issued_on.to_string().into());
    if let Some(current) = current {
        about.insert("state".into(), current.state.wire().into());
        about.insert("current_version".into(), current.version.into());
        about.insert("custody".into(), current.custody.wire().into());
    }
    about
}
