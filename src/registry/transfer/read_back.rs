//! Reading an export into another registry. Envelopes and orders are kept byte for byte. Every event is
//! logged anew in this registry's own log, with its legal day and the time at which this registry learned of
//! it.
//!
//! A line is taken whole or refused with its rule. Trusted verifier keys must vouch for the origin of the
//! file (see [`source`](crate::registry::transfer::source)). Issuers' keys are not taken from the file: a
//! signature counts only if this registry has registered its key. Lines go in by batches of one transaction
//! each. A directory entry keeps its identifier; one with more history than its beginning is refused, since
//! no signature covers its versions.

use std::io::BufRead;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::catalog::Custody;
use crate::error::{Class, Code, Error, Result};
use crate::log::LogVerifier;
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::{Action, State};
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::records::directory::{DirectoryDraft, Said};
use crate::registry::records::draft::{self, DraftHolder};
use crate::registry::records::signed::{IssueOutcome, Signed};
use crate::registry::transfer::line::{Line, RecordLine, refused};
use crate::registry::transfer::replay::{Incoming, Known, known, replayed};
use crate::registry::transfer::source::Source;
use crate::rule::Rule;
use crate::trust::EnvelopeBuf;
use crate::trust::envelope::Limits;

/// Records of one transaction.
const BATCH: usize = 64;

/// The result of reading an export.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ReadBack {
    /// Records taken in.
    pub records: u64,
    /// Records that were here already.
    pub already: u64,
    /// Records, of the file or here before, that a rule of the catalog ended.
    pub ended: usize,
    /// Directory entries here that gave way to records of the file.
    pub taken_over: usize,
    /// Ends that a rule of the catalog proposes to the issuers of other records.
    pub proposals: usize,
    /// Lines that were refused.
    pub refused: Vec<RefusedLine>,
    /// Whether the file had its closing line with the right count.
    pub whole: bool,
}

/// A line that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// From 1.
    pub line: u64,
    /// The code of the refusal.
    pub code: String,
    /// The rule that failed, if there is one.
    pub rule: Option<Rule>,
}

impl Registry {
    /// Reads an export. Blocks. Records that are here already are counted and left. `verifiers` are the
    /// verifier keys of the other registry's logs of records, from a source that the operator trusts; this
    /// registry knows its own logs.
    ///
    /// # Errors
    /// `forbidden`; `json_invalid` if a line is not one of an export; `envelope_invalid` with
    /// `verifier_missing` or `checkpoint` if no trusted key vouches for the file; faults of the database.
    /// Batches before the error stay: reading the file again goes on from there.
    pub fn read_export(
        &self,
        actor: &Actor,
        verifiers: &[LogVerifier],
        lines: impl BufRead,
    ) -> Result<ReadBack> {
        decide_scope(actor, Scope::Export).required()?;
        let mut trusted = verifiers.to_vec();
        for head in self.store().read_now(|reader| reader.heads())? {
            trusted.push(self.log_verifier(&head.log)?);
        }
        let mut reading = Reading {
            registry: self,
            actor,
            snapshot: self.fresh_snapshot()?,
            trusted,
            source: None,
            batch: Vec::new(),
            done: ReadBack::default(),
        };
        for (number, text) in (1..).zip(lines.lines()) {
            let text =
                text.map_err(|fault| Error::new(Code::JsonInvalid, "a line is not UTF-8").caused_by(fault))?;
            reading.line(number, &text)?;
            if reading.batch.len() == BATCH {
                reading.take_in()?;
            }
        }
        reading.take_in()?;
        Ok(reading.done)
    }

    fn incoming(
        &self,
        snapshot: &Snapshot,
        line: u64,
        record: RecordLine,
        events: Vec<Event>,
    ) -> Result<Incoming> {
        let today = self.now().day();
        let index = self.store().vault().index();
        let mut versions: Vec<Signed> = Vec::new();
        for (number, version) in (1..).zip(&record.versions) {
            let compact = version.envelope.as_deref().ok_or_else(|| refused(Rule::EnvelopeMissing))?;
            let envelope = EnvelopeBuf::parse_compact(compact, Limits::default())
                .map_err(|fault| refused(fault.rule()))?;
            let signed = self.verified_record(&envelope.view())?;
            if signed.version != number || signed.identifier != version.identifier {
                return Err(refused(Rule::VersionOrder));
            }
            let checked = draft::check_signed(signed, snapshot, self.regions(), today)?;
            versions.push(Signed::over(checked, &envelope, index)?);
        }
        let same = versions.first().map(Signed::holders);
        if versions.is_empty() || versions.iter().any(|one| Some(one.holders()) != same) {
            return Err(refused(Rule::VersionHolders));
        }
        let events = replayed(snapshot, &record, events, &versions)?;
        Ok(Incoming { line, versions, events, record })
    }

    /// For an entry only its present body is in the line: an entry that was changed or acted on is refused.
    fn directory_entry(&self, actor: &Actor, record: &RecordLine, events: &[Event]) -> Result<IssueOutcome> {
        let ([first], [version]) = (events, record.versions.as_slice()) else {
            return Err(refused(Rule::DirectoryHistory));
        };
        let about = subject_hash(&first.salt, &version.identifier);
        if first.kind != EventKind::Record || first.action != Action::Issue.wire() || first.subject != about {
            return Err(refused(Rule::EventSubject));
        }
        let said = |name: &str| -> Option<String> {
            let first = record.holders.first()?;
            Some(first.directory.get(name)?.as_str()?.to_owned())
        };
        let holders = record.holders.iter().map(|holder| DraftHolder {
            code_type: holder.code_type.clone(),
            code: holder.code.clone(),
            name: holder.directory.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            role: Some(holder.role.clone()),
            share: None,
        });
        let draft = DirectoryDraft {
            type_code: record.type_code.clone(),
            issuer: record.issuer.clone(),
            holders: holders.collect(),
            custody: record.custody,
            number: said("number"),
            office: said("office").unwrap_or_default(),
            note: said("note"),
            issued_on: said("issued_on").and_then(|day| day.parse().ok()),
            valid_from: record.valid_from,
            valid_to: record.valid_to.map(crate::record::payload::Validity::Until),
        };
        if record.state != State::Active {
            return Err(refused(Rule::DirectoryEnded));
        }
        let said = Said { identifier: &version.identifier, effective_on: first.effective_on };
        Ok(self.put_directory_as(actor, &draft, None, Some(said))?.outcome)
    }
}

/// A file on its way in.
struct Reading<'a> {
    registry: &'a Registry,
    actor: &'a Actor,
    snapshot: Arc<Snapshot>,
    trusted: Vec<LogVerifier>,
    /// The facts of the first line.
    source: Option<Source>,
    batch: Vec<Incoming>,
    done: ReadBack,
}

impl Reading<'_> {
    fn line(&mut self, number: u64, text: &str) -> Result<()> {
        let value: Option<Value> = serde_json::from_str(text).ok();
        let strange = || Error::new(Code::JsonInvalid, format!("line {number} is none of an export"));
        let value = value.ok_or_else(strange)?;
        let line = serde_json::from_value(value.clone()).ok().ok_or_else(strange)?;
        match (line, &mut self.source) {
            (Line::Export { logs, .. }, None) => {
                self.source = Some(Source::open(&value, &logs, &self.trusted)?);
                Ok(())
            }
            (_, None) | (Line::Export { .. }, Some(_)) => Err(strange()),
            (Line::Key(key), Some(source)) => {
                let taken = source.key(&key);
                self.done.or_refuse(number, taken)
            }
            (Line::End { records, events, attested }, Some(source)) => {
                self.done.whole = source.whole(records, events, attested.as_deref());
                Ok(())
            }
            (Line::Record(record), Some(source)) => {
                let taken = match source.record(&value, &record) {
                    Ok(events) => self.record(number, *record, events),
                    Err(error) => Err(error),
                };
                self.done.or_refuse(number, taken)
            }
        }
    }

    fn record(&mut self, number: u64, record: RecordLine, events: Vec<Event>) -> Result<()> {
        if record.custody == Custody::Hosted {
            self.batch.push(self.registry.incoming(&self.snapshot, number, record, events)?);
            return Ok(());
        }
        match self.registry.directory_entry(self.actor, &record, &events)? {
            IssueOutcome::Issued => self.done.records += 1,
            IssueOutcome::AlreadyThere => self.done.already += 1,
        }
        Ok(())
    }

    /// One transaction for the records that wait.
    fn take_in(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let (label, rules) = (self.actor.label(), self.registry.all_rules(&self.snapshot)?);
        let outcomes = self.registry.log_records(|writer, place| {
            let (mut outcomes, mut entries) = (Vec::with_capacity(batch.len()), Vec::new());
            for incoming in &batch {
                let known = known(writer, incoming)?;
                let mut written = None;
                if matches!(known, Known::New) {
                    let place = place.behind(entries.len());
                    let here = incoming.write(writer, &place, &rules, &label)?;
                    entries.extend_from_slice(&here.entries);
                    written = Some(here);
                }
                outcomes.push((incoming.line, known, written));
            }
            Ok((outcomes, entries))
        })?;
        let done = &mut self.done;
        for (line, known, written) in outcomes {
            match known {
                Known::New => done.records += 1,
                Known::Here => done.already += 1,
                Known::Refused(error) => done.or_refuse(line, Err(error))?,
            }
            if let Some(written) = written {
                done.ended += written.ended;
                done.taken_over += usize::from(written.took_over);
                done.proposals += written.proposals;
            }
        }
        Ok(())
    }
}

impl ReadBack {
    /// Counts a fault of the line; a fault of ours is not a refusal and ends the reading.
    fn or_refuse(&mut self, line: u64, taken: Result<()>) -> Result<()> {
        let Err(error) = taken else { return Ok(()) };
        if error.code.class() != Class::Refused {
            return Err(error);
        }
        self.refused.push(RefusedLine { line, code: error.code.wire().to_owned(), rule: error.rule });
        Ok(())
    }
}
