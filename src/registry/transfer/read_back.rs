//! Reading an export into another registry. Envelopes and orders are kept byte for byte. Every event is
//! logged anew in this registry's own log, with its legal day and the time at which this registry learned of
//! it.
//!
//! A line is taken whole or refused with its rule. Trusted verifier keys must vouch for the origin of the
//! file (see [`source`](crate::registry::transfer::source)). Issuers' keys are not taken from the file: a
//! signature counts only if this registry has registered its key. Lines go in by batches of one transaction
//! each. The marks and links of holders come along with the orders of the agencies that stated them (see
//! [`lives`]), directory entries with all their versions under the identifier that they had there ([`entries`]),
//! revocations of keys and coverage statements from the other registry's books ([`books`]).

use std::collections::HashSet;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::catalog::Custody;
use crate::clock::Moment;
use crate::error::{Class, Code, Error, Result};
use crate::log::LogVerifier;
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::Digest;
use crate::record::event::Event;
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::lives::Rules;
use crate::registry::records::draft;
use crate::registry::records::signed::Signed;
use crate::registry::transfer::books::{self, IncomingCoverage, Spoilt};
use crate::registry::transfer::entries::{ChainPlace, EntryKnown};
use crate::registry::transfer::history::{Replayed, VersionMade, replayed};
use crate::registry::transfer::line::{HolderLife, Line, RecordLine, refused};
use crate::registry::transfer::lives;
use crate::registry::transfer::proposed::ToldHere;
use crate::registry::transfer::replay::{Incoming, Known, LineStored, known};
use crate::registry::transfer::source::{RevokedKey, Source};
use crate::rule::Rule;
use crate::store::{Reader, Writer};
use crate::table::{ErrorFile, RowFault, RuleTally, refused as refusals};
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
    /// Records that were here in an earlier state, to which what happened since was added.
    pub went_on: u64,
    /// Holders whose marks and links were taken in.
    pub holders: u64,
    /// Holders whose marks and links were here already.
    pub holders_already: u64,
    /// Files taken in.
    pub files: u64,
    /// Keys that were revoked as the file says.
    pub keys_revoked: u64,
    /// Coverage statements taken in.
    pub coverage: u64,
    /// Coverage statements of which this registry had the same or a newer one.
    pub coverage_already: u64,
    /// Records, of the file or here before, that a rule of the catalog ended.
    pub ended: usize,
    /// Directory entries here that gave way to records of the file.
    pub taken_over: usize,
    /// Ends that a rule of the catalog proposes to the issuers of records that were here before.
    pub proposals: usize,
    /// Proposals, open and settled, that came with their records.
    pub proposals_told: usize,
    /// How many lines were refused.
    pub lines_refused: u64,
    /// They by rule, with the first of each.
    pub refused: Vec<RuleTally>,
    /// Whether the file had its closing line with the right count.
    pub whole: bool,
}

/// How an export is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions<'a> {
    /// The verifier keys of the other registry's logs of records, from a source that the operator trusts; this
    /// registry knows its own logs.
    pub verifiers: &'a [LogVerifier],
    /// Check everything, write nothing but the error file, and tell what a run would do.
    pub dry_run: bool,
    /// The file that names refused lines, one JSON object a line.
    pub error_path: Option<&'a Path>,
}

impl Registry {
    /// Reads an export. Blocks. Records that are here already are counted and left; one whose first events are here goes
    /// on from there, and where the two registries know different things nothing is overwritten.
    ///
    /// # Errors
    /// `forbidden`; `json_invalid` if a line is not one of an export; `envelope_invalid` with
    /// `verifier_missing` or `checkpoint` if no trusted key vouches for the file; faults of the database.
    /// Batches before the error stay: reading the file again goes on from there.
    pub fn read_export(
        &self,
        actor: &Actor,
        options: ReadOptions<'_>,
        lines: impl BufRead,
    ) -> Result<ReadBack> {
        decide_scope(actor, Scope::Export).required()?;
        let mut trusted = options.verifiers.to_vec();
        for head in self.store().read_now(|reader| reader.heads())? {
            trusted.push(self.log_verifier(&head.log)?);
        }
        let snapshot = self.kept_fresh()?;
        let mut reading = Reading {
            registry: self,
            actor,
            rules: self.all_rules(&snapshot)?,
            snapshot,
            trusted,
            source: None,
            batch: Vec::new(),
            coverage: Vec::new(),
            spoilt: Spoilt::default(),
            told: ToldHere::default(),
            layout: 0,
            dry_run: options.dry_run.then(HashSet::new),
            errors: ErrorFile::create(options.error_path)?,
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
        reading.state()?;
        reading.ended()
    }

    fn incoming(
        &self,
        (actor, snapshot): (&Actor, &Snapshot),
        line: u64,
        record: RecordLine,
        (events, earlier): (Vec<Event>, Vec<Vec<Event>>),
    ) -> Result<Incoming> {
        let today = self.now().day();
        let index = self.store().vault().index();
        let (mut versions, mut known_since) = (Vec::<Signed>::new(), Vec::new());
        for (number, version) in (1..).zip(&record.versions) {
            let compact = version.envelope.as_deref().ok_or_else(|| refused(Rule::EnvelopeMissing))?;
            let envelope = EnvelopeBuf::parse_compact(compact, Limits::default())
                .map_err(|fault| refused(fault.rule()))?;
            let (signed, key) = self.record_under_known_key(&envelope.view())?;
            let revoked = key.revoked.is_some_and(|revoked| version.logged_at < revoked.since);
            known_since.push(revoked.then_some(version.logged_at));
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
        let made = record.versions.iter().zip(&versions).map(|(line, signed)| VersionMade {
            identifier: &signed.identifier,
            version: signed.version,
            envelope: Some(signed.digest),
            logged_at: line.logged_at,
        });
        let made: Vec<VersionMade<'_>> = made.collect();
        let events = replayed(snapshot, &record, events, &made)?;
        if events.last().is_some_and(Replayed::gives_way) {
            return Err(refused(Rule::EventAction));
        }
        let earlier = match record.earlier.is_empty() {
            true => None,
            false => Some(self.incoming_parts(actor, snapshot, &record.earlier, earlier)?),
        };
        Ok(Incoming { line, earlier, versions, known_since, events, record })
    }
}

/// A file on its way in.
struct Reading<'a> {
    registry: &'a Registry,
    actor: &'a Actor,
    snapshot: Arc<Snapshot>,
    rules: Rules,
    trusted: Vec<LogVerifier>,
    /// The facts of the first line.
    source: Option<Source>,
    batch: Vec<Incoming>,
    /// Statements that wait for the end of the file.
    coverage: Vec<IncomingCoverage>,
    spoilt: Spoilt,
    /// The records of which the file told what was proposed.
    told: ToldHere,
    layout: u8,
    /// In a dry run: what the lines so far would have brought, 16 bytes of each, since it would be there the second time.
    dry_run: Option<HashSet<[u8; 16]>>,
    errors: ErrorFile,
    done: ReadBack,
}

impl Reading<'_> {
    fn line(&mut self, number: u64, text: &str) -> Result<()> {
        let value: Option<Value> = serde_json::from_str(text).ok();
        let strange = || Error::new(Code::JsonInvalid, format!("line {number} is none of an export"));
        let value = value.ok_or_else(strange)?;
        let line = serde_json::from_value(value.clone()).ok().ok_or_else(strange)?;
        match (line, &mut self.source) {
            (Line::Export { v, logs, .. }, None) => {
                self.source = Some(Source::open(&value, (v, &logs), &self.trusted)?);
                self.layout = v;
                Ok(())
            }
            (_, None) | (Line::Export { .. }, Some(_)) => Err(strange()),
            (Line::Key(key), Some(source)) => {
                let taken = source.key(&key).and_then(|revoked| self.revoked(&revoked));
                self.or_refuse(number, taken)
            }
            (Line::End { records, events, attested }, Some(source)) => {
                self.done.whole = source.whole(records, events, attested.as_deref());
                Ok(())
            }
            (Line::Record(record), Some(source)) => {
                let type_code = record.type_code.clone();
                let taken = match source.record(&value, &record) {
                    Ok(events) => self.record(number, *record, events),
                    Err(error) => Err(error),
                };
                if taken.is_err() {
                    self.spoilt.types.insert(type_code);
                }
                self.or_refuse(number, taken)
            }
            (Line::File(file), Some(source)) => {
                let taken = source.file(&value, &file).and_then(|content| self.file(&content));
                self.or_refuse(number, taken)
            }
            (Line::Coverage(line), Some(source)) => {
                let taken = source.coverage(&value, &line);
                let taken = taken.and_then(|signed| books::statement(&self.snapshot, number, signed));
                let taken = taken.map(|statement| self.coverage.push(statement));
                self.or_refuse(number, taken)
            }
            (Line::Holder(holder), Some(source)) => {
                let taken = match source.holder(&value, &holder) {
                    Ok(events) => self.holder(*holder, events),
                    Err(error) => Err(error),
                };
                self.or_refuse(number, taken)
            }
        }
    }

    /// One transaction for each holder: a refusal leaves nothing of it.
    fn holder(&mut self, holder: HolderLife, events: Vec<Event>) -> Result<()> {
        // The certificates of the file are read before: their marks come first.
        self.take_in()?;
        let registry = self.registry;
        let (index, today) = (registry.store().vault().index(), registry.now().day());
        let life = lives::checked(&self.snapshot, index, holder, events, today)?;
        let by = (&self.rules, self.told.certificates());
        let here = match self.dry_run {
            Some(_) => registry.store().read_now(|reader| life.is_here(reader))?,
            None => {
                let label = self.actor.label();
                registry.log_records(|writer, place| {
                    let here = life.is_here(writer)?;
                    Ok((here, life.write(writer, place, by, &label)?))
                })?
            }
        };
        if here || self.brought(life.key().bytes()) {
            self.done.holders_already += 1;
            return Ok(());
        }
        self.done.holders += 1;
        Ok(())
    }

    fn record(
        &mut self,
        number: u64,
        record: RecordLine,
        events: (Vec<Event>, Vec<Vec<Event>>),
    ) -> Result<()> {
        let (registry, by) = (self.registry, (self.actor, &*self.snapshot));
        let index = registry.store().vault().index();
        if record.custody == Custody::Hosted {
            self.batch.push(registry.incoming(by, number, record, events)?);
            return Ok(());
        }
        let entry = registry.incoming_entry(self.actor, &self.snapshot, &record, events)?;
        let nowhere = Place { log: String::new(), first: 0, at: registry.now() };
        let known = match &self.dry_run {
            Some(_) => registry.store().read_now(|reader| entry.known(reader, &nowhere))?,
            None => {
                let label = self.actor.label();
                registry.log_records(|writer, place| {
                    let known = entry.known(writer, place)?;
                    let entries = match &known {
                        EntryKnown::New(at) | EntryKnown::Behind(at) => {
                            entry.write(writer, place, &label, at)?
                        }
                        EntryKnown::Here => Vec::new(),
                    };
                    Ok((known, entries))
                })?
            }
        };
        let again = !matches!(known, EntryKnown::Here) && self.brought(&entry.key(index));
        match known {
            _ if again => self.done.already += 1,
            EntryKnown::New(_) => self.done.records += 1,
            EntryKnown::Behind(_) => self.done.went_on += 1,
            EntryKnown::Here => self.done.already += 1,
        }
        Ok(())
    }

    /// It is kept before the record that names it: a crash in between leaves a file that nobody names.
    fn file(&mut self, content: &[u8]) -> Result<()> {
        let (registry, store) = (self.registry, self.registry.store());
        let key = store.vault().index().attachment_key(&Digest::of(&[content]));
        if store.read_now(|reader| reader.kept_file(&key))?.is_some() || self.brought(&key) {
            return Ok(());
        }
        if self.dry_run.is_none() {
            store.put_attachment(&key, content, registry.now())?;
        }
        self.done.files += 1;
        Ok(())
    }

    /// Whether a line before would have brought that already, in a dry run.
    fn brought(&mut self, key: &[u8; 16]) -> bool {
        self.dry_run.as_mut().is_some_and(|lines| !lines.insert(*key))
    }

    /// What the file says of the revocation of one key, oldest first.
    fn revoked(&mut self, told: &[RevokedKey]) -> Result<()> {
        let mut changed = false;
        for told in told {
            changed |= self.registry.take_revocation(self.actor, told, self.dry_run.is_some())?;
        }
        if changed {
            self.done.keys_revoked += 1;
            self.snapshot = self.registry.kept_fresh()?;
            self.rules = self.registry.all_rules(&self.snapshot)?;
        }
        Ok(())
    }

    /// The statements, once it is known of which types something was refused.
    fn state(&mut self) -> Result<()> {
        self.spoilt.all |= !self.done.whole;
        for statement in std::mem::take(&mut self.coverage) {
            let dry_run = self.dry_run.is_some();
            let taken = self.registry.take_coverage(self.actor, &statement, &self.spoilt, dry_run);
            let taken = taken.map(|new| {
                let done = &mut self.done;
                *(if new { &mut done.coverage } else { &mut done.coverage_already }) += 1;
            });
            self.or_refuse(statement.line, taken)?;
        }
        Ok(())
    }

    /// One transaction for the records that wait.
    fn take_in(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        let (registry, layout, rules) = (self.registry, self.layout, &self.rules);
        let told = &mut self.told;
        let outcomes = match &mut self.dry_run {
            Some(brought) => {
                let now = registry.now();
                registry
                    .store()
                    .read_now(|reader| foreseen(reader, &batch, (rules, now), (told, layout), brought))?
            }
            None => {
                let label = self.actor.label();
                registry.log_records(|writer, place| {
                    taken(writer, &batch, (rules, &label), place, (told, layout))
                })?
            }
        };
        for (line, known, stored) in outcomes {
            self.became(line, known, &stored)?;
        }
        Ok(())
    }

    fn became(&mut self, line: u64, known: Known, stored: &LineStored) -> Result<()> {
        let done = &mut self.done;
        match known {
            Known::New(..) => done.records += 1,
            Known::Behind(..) => done.went_on += 1,
            Known::Here(_) if stored.gained => done.went_on += 1,
            Known::Here(_) | Known::Otherwise => done.already += 1,
            Known::Refused(error, type_code) => {
                self.spoilt.types.insert(type_code);
                return self.or_refuse(line, Err(error));
            }
        }
        done.ended += stored.ended;
        done.taken_over += usize::from(stored.took_over);
        done.proposals += stored.proposals;
        done.proposals_told += stored.proposals_told;
        Ok(())
    }

    /// Counts a fault of the line; a fault of ours is not a refusal and ends the reading.
    fn or_refuse(&mut self, line: u64, taken: Result<()>) -> Result<()> {
        let Err(error) = taken else { return Ok(()) };
        if error.code.class() != Class::Refused {
            return Err(error);
        }
        self.done.lines_refused += 1;
        let fault = RowFault::new(line, &error);
        refusals::count(&mut self.done.refused, &fault);
        self.errors.write(&[fault])
    }

    fn ended(mut self) -> Result<ReadBack> {
        self.errors.flush()?;
        Ok(self.done)
    }
}

/// What became of one line.
type Outcome = (u64, Known, LineStored);

/// Writes the records of a batch.
fn taken(
    writer: &mut Writer<'_>,
    batch: &[Incoming],
    (rules, label): (&Rules, &str),
    place: &Place,
    (told, layout): (&mut ToldHere, u8),
) -> Result<(Vec<Outcome>, Vec<[u8; 32]>)> {
    let (mut outcomes, mut entries) = (Vec::with_capacity(batch.len()), Vec::new());
    for incoming in batch {
        let known = known(writer, &rules.snapshot, incoming)?;
        let place = place.behind(entries.len());
        let mut stored = match &known {
            Known::New(entry, _) => incoming.write(writer, &place, (rules, told), (label, entry.as_ref()))?,
            Known::Behind(found, here) => incoming.go_on(writer, &place, (rules, label), (found, *here))?,
            Known::Here(found) => incoming.adopt_here(writer, (&place, label), found)?,
            Known::Otherwise | Known::Refused(..) => LineStored::default(),
        };
        if !matches!(known, Known::Otherwise | Known::Refused(..)) {
            told.note(&rules.snapshot, (layout, &incoming.record.type_code), stored.record_id);
        }
        entries.append(&mut stored.entries);
        outcomes.push((incoming.line, known, stored));
    }
    Ok((outcomes, entries))
}

/// What would become of the records of a batch; writes nothing.
fn foreseen(
    reader: &mut Reader<'_>,
    batch: &[Incoming],
    (rules, now): (&Rules, Moment),
    (told, layout): (&mut ToldHere, u8),
    brought: &mut HashSet<[u8; 16]>,
) -> Result<Vec<Outcome>> {
    let nowhere = Place { log: String::new(), first: 0, at: now };
    let mut outcomes = Vec::with_capacity(batch.len());
    for incoming in batch {
        let known = match known(reader, &rules.snapshot, incoming)? {
            known @ (Known::New(..) | Known::Behind(..)) => {
                match brought.insert(incoming.key(reader.index())) {
                    true => known,
                    false => Known::Otherwise,
                }
            }
            known => known,
        };
        let stored = match &known {
            Known::New(entry, gives_way) => {
                let took_over = *gives_way || entry.as_ref().is_some_and(ChainPlace::is_here);
                LineStored { took_over, ..incoming.foreseen(reader, (rules, told), &nowhere)? }
            }
            Known::Behind(found, _) => incoming.foreseen_here(reader, found)?,
            Known::Here(found) => {
                let stored = incoming.foreseen_here(reader, found)?;
                let gained = stored.gained && brought.insert(incoming.key(reader.index()));
                LineStored { gained, ..stored }
            }
            Known::Otherwise | Known::Refused(..) => LineStored::default(),
        };
        if matches!(known, Known::Behind(..) | Known::Here(_)) {
            told.note(&rules.snapshot, (layout, &incoming.record.type_code), stored.record_id);
        }
        outcomes.push((incoming.line, known, stored));
    }
    Ok(outcomes)
}
