//! The registry that an export comes from, as far as trusted verifier keys vouch for it.
//!
//! The chain of trust: a verifier key that the operator gave (or that is this registry's own) → the checkpoint in
//! the first line → by inclusion, the event and order that state the other registry's own key → its signature on
//! every line of a record, a holder or a coverage statement and on the last. Each event must besides be in the log that it names.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::hash::{leaf_hash, sha256};
use crate::log::{Checkpoint, Hash, LogVerifier, proof};
use crate::record::event::{Event, EventKind, Order, subject_hash};
use crate::record::{Digest, canonical};
use crate::registry::base::names::REGISTRY;
use crate::registry::transfer::attest::{Chain, end_payload, line_digest, line_payload};
use crate::registry::transfer::line::{
    CoverageLine, EventLine, FileLine, HolderLife, KeyLine, LAYOUT, LogLine, RecordLine, refused,
};
use crate::rule::Rule;
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, Kid, Typ, VerifyKey};

/// Owners of the keys of logs begin so.
const LOG_OWNER: &str = "log:";

/// The revocation of an agency's key, as the other registry's log states it.
#[derive(Debug, Clone)]
pub(in crate::registry) struct RevokedKey {
    pub kid: Kid,
    pub owner: String,
    /// When the other registry began to take it.
    pub valid_from: Moment,
    pub since: Moment,
    pub why: String,
}

/// The facts of a file about its origin.
pub(in crate::registry) struct Source {
    export: Digest,
    logs: HashMap<String, (LogVerifier, Checkpoint)>,
    keys: HashMap<Kid, VerifyKey>,
    chain: Chain,
    records: u64,
    events: u64,
}

impl Source {
    /// Begins with the first line: every log it names must be one whose verifier key is trusted, and its checkpoint
    /// signed by it.
    pub fn open(line: &Value, (layout, logs): (u8, &[LogLine]), trusted: &[LogVerifier]) -> Result<Self> {
        let refused = |detail: &'static str, rule: Rule| {
            Error::new(Code::EnvelopeInvalid, detail).at("verifier").rule(rule)
        };
        if !(1..=LAYOUT).contains(&layout) {
            let detail = "the export has a layout that this program does not know";
            return Err(Error::new(Code::EnvelopeInvalid, detail).at("v").rule(Rule::ExportLayout));
        }
        let mut known = HashMap::with_capacity(logs.len());
        for log in logs {
            let verifier = trusted.iter().find(|trusted| trusted.to_string() == log.verifier);
            let verifier = verifier.ok_or_else(|| {
                refused("the export names a log whose verifier key was not given", Rule::VerifierMissing)
            })?;
            let checkpoint = verifier.checkpoint(&log.checkpoint).map_err(|fault| {
                refused("a checkpoint of the export is not signed by its log", Rule::Checkpoint)
                    .caused_by(fault)
            })?;
            known.insert(log.log.clone(), (verifier.clone(), checkpoint));
        }
        let export = line_digest(line)?;
        Ok(Self { export, logs: known, keys: HashMap::new(), chain: Chain::new(), records: 0, events: 0 })
    }

    /// Takes a key of the other registry that its log states, and returns what it states of the revocation of an agency's
    /// key, oldest first. No other keys are taken from a file.
    pub fn key(&mut self, line: &KeyLine) -> Result<Vec<RevokedKey>> {
        let own = line.owner == REGISTRY;
        if !own && (line.revoked_since.is_none() || line.owner.starts_with(LOG_OWNER)) {
            return Ok(Vec::new());
        }
        let stated = line.stated.as_ref().ok_or_else(|| refused(Rule::KeyUnproven))?;
        let before = line.before.iter().filter(|_| !own);
        let said = before.chain([stated]).map(|stated| self.key_stated(line, stated, own));
        let said = said.collect::<Result<Vec<_>>>()?;
        let mut revoked = Vec::new();
        for (public, said) in said {
            match said {
                Some(said) => revoked.push(said),
                None => drop(self.keys.insert(public.kid(), public)),
            }
        }
        // A key of the other registry itself that it revoked vouches for nothing, and is none of here.
        Ok(if own { Vec::new() } else { revoked })
    }

    /// The key of a line as an event of it states it, and its revocation.
    fn key_stated(
        &self,
        line: &KeyLine,
        stated: &EventLine,
        own: bool,
    ) -> Result<(VerifyKey, Option<RevokedKey>)> {
        let unproven = || refused(Rule::KeyUnproven);
        let event = self.proven(stated, &HashMap::new())?;
        if event.kind != EventKind::Key || event.subject != subject_hash(&event.salt, &line.kid) {
            return Err(unproven());
        }
        let compact = stated.order.as_deref().ok_or_else(unproven)?;
        let order = EnvelopeBuf::parse_compact(compact, Limits::default()).ok().ok_or_else(unproven)?;
        if event.order != Some(order.view().digest()) {
            return Err(unproven());
        }
        let order = Order::from_payload(order.view().payload()).ok().ok_or_else(unproven)?;
        let body = order.detail.as_ref().and_then(|detail| detail.get("body")).ok_or_else(unproven)?;
        let said = |name: &str| body.get(name).and_then(Value::as_str);
        let public =
            URL_SAFE_NO_PAD.decode(&line.public).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let public = VerifyKey::from_bytes(&public.ok_or_else(unproven)?).ok().ok_or_else(unproven)?;
        let same = said("kid") == Some(&line.kid) && said("public") == Some(&line.public);
        if !same || said("owner") != Some(&line.owner) || public.kid().to_string() != line.kid {
            return Err(unproven());
        }
        let revoked = body.get("revoked");
        if own && revoked.is_none() {
            return Ok((public, None));
        }
        let told = |name: &str| revoked?.get(name)?.as_str();
        let since = told("since").and_then(|text| text.parse().ok()).ok_or_else(unproven)?;
        let valid_from = said("valid_from").and_then(|text| text.parse().ok()).ok_or_else(unproven)?;
        let why = told("why").unwrap_or_default().to_owned();
        let (kid, owner) = (public.kid(), line.owner.clone());
        Ok((public, Some(RevokedKey { kid, owner, valid_from, since, why })))
    }

    /// Checks a record line against its signature, and each of its events against its log; returns the
    /// events, and those of each entry that gave way to it.
    pub fn record(&mut self, line: &Value, record: &RecordLine) -> Result<(Vec<Event>, Vec<Vec<Event>>)> {
        self.records += 1;
        self.events += record.earlier.iter().map(|part| part.events.len() as u64).sum::<u64>();
        let told = (record.events.as_slice(), &record.checkpoints);
        let events = self.signed(line, "record", record.attested.as_deref(), told)?;
        let earlier = record.earlier.iter().map(|part| self.all_proven(&part.events, &part.checkpoints));
        Ok((events, earlier.collect::<Result<_>>()?))
    }

    /// The same for the line of a holder.
    pub fn holder(&mut self, line: &Value, holder: &HolderLife) -> Result<Vec<Event>> {
        self.signed(line, "holder", holder.attested.as_deref(), (&holder.events, &holder.checkpoints))
    }

    /// The same for a coverage statement; returns its envelope.
    pub fn coverage(&mut self, line: &Value, coverage: &CoverageLine) -> Result<EnvelopeBuf> {
        let event = std::slice::from_ref(&coverage.event);
        let events =
            self.signed(line, "coverage", coverage.attested.as_deref(), (event, &BTreeMap::new()))?;
        let statement = EnvelopeBuf::parse_compact(&coverage.statement, Limits::default());
        let statement = statement.map_err(|fault| refused(fault.rule()))?;
        let digest = Some(statement.view().digest());
        match events.iter().all(|event| event.kind == EventKind::Coverage && event.order == digest) {
            true => Ok(statement),
            false => Err(refused(Rule::EventOrder)),
        }
    }

    /// The same for a file; returns its content.
    pub fn file(&mut self, line: &Value, file: &FileLine) -> Result<Vec<u8>> {
        self.signed(line, "file", file.attested.as_deref(), (&[], &BTreeMap::new()))?;
        let content = URL_SAFE_NO_PAD.decode(&file.content).ok();
        let content = content.filter(|content| Digest::of(&[content]).hex() == file.sha256);
        content.ok_or_else(|| refused(Rule::AttachmentDigest))
    }

    fn signed(
        &mut self,
        line: &Value,
        kind: &str,
        attested: Option<&str>,
        (events, checkpoints): (&[EventLine], &BTreeMap<String, String>),
    ) -> Result<Vec<Event>> {
        let digest = line_digest(line)?;
        // Refused lines count too: the last line is about the file as it was written.
        self.chain.add(&digest);
        self.events += events.len() as u64;
        if !self.attested(attested, &line_payload(kind, &self.export, &digest)) {
            return Err(refused(Rule::LineSignature));
        }
        self.all_proven(events, checkpoints)
    }

    fn all_proven(&self, events: &[EventLine], checkpoints: &BTreeMap<String, String>) -> Result<Vec<Event>> {
        let mut later = HashMap::with_capacity(checkpoints.len());
        for (log, note) in checkpoints {
            let (verifier, _) = self.logs.get(log).ok_or_else(|| refused(Rule::EventLog))?;
            later.insert(
                log.as_str(),
                verifier.checkpoint(note).map_err(|fault| refused(Rule::Checkpoint).caused_by(fault))?,
            );
        }
        events.iter().map(|event| self.proven(event, &later)).collect()
    }

    /// Whether the last line is signed for exactly the record lines that were read.
    pub fn whole(&self, records: u64, events: u64, attested: Option<&str>) -> bool {
        (records, events) == (self.records, self.events)
            && self.attested(attested, &end_payload(&self.export, self.chain, records, events))
    }

    fn attested(&self, compact: Option<&str>, payload: &Value) -> bool {
        let Some(Ok(envelope)) = compact.map(|text| EnvelopeBuf::parse_compact(text, Limits::default()))
        else {
            return false;
        };
        let Ok(payload) = canonical::to_vec(payload) else { return false };
        let verified = envelope.view().verify(Typ::Export, |kid| self.keys.get(kid).copied());
        verified.is_ok_and(|verified| verified.payload == payload)
    }

    /// The event, if its log has it at its leaf.
    fn proven(&self, line: &EventLine, later: &HashMap<&str, Checkpoint>) -> Result<Event> {
        let bytes = canonical::to_vec(&line.event).map_err(|fault| refused(fault.rule()))?;
        let event = Event::from_canonical(&bytes).map_err(|fault| refused(fault.rule()))?;
        let known = self.logs.get(&line.log).map(|(_, checkpoint)| checkpoint);
        let checkpoint = later.get(line.log.as_str()).or(known).ok_or_else(|| refused(Rule::EventLog))?;
        let path = line.proof.iter().map(|hash| Hash::from_slice(&URL_SAFE_NO_PAD.decode(hash).ok()?));
        let path: Option<Vec<Hash>> = path.collect();
        let path = path.ok_or_else(|| refused(Rule::EventProof))?;
        let leaf = leaf_hash(&sha256(&bytes));
        if proof::includes(&checkpoint.root, checkpoint.size, line.leaf, &leaf, &path) {
            return Ok(event);
        }
        Err(refused(Rule::EventProof))
    }
}
