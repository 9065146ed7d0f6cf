//! Export: records with their envelopes, events, proofs and a checkpoint, one JSON object a line. It is for a
//! department that takes its own away, or for another registry that reads them back
//! ([`Registry::read_export`]).
//!
//! The walk goes in short snapshots, so that a long export delays nobody. Each record that goes out is noted
//! as an access of all its holders before its line is written (I2). The registry's own key, which the log
//! states, signs each line of a record, a holder or a coverage statement and the last line. Lines hold numbers in clear: the caller that
//! writes them to a file is responsible for the file.

use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::catalog::Coverage;
use crate::error::{Code, Error, Result};
use crate::log::{Head, Submission};
use crate::policy::{Actor, Scope, agency_for, decide_scope};
use crate::record::Digest;
use crate::record::event::EventKind;
use crate::registry::Registry;
use crate::registry::base::log::AccessLog;
use crate::registry::base::names::{REGISTRY, side_of};
use crate::registry::transfer::attest::Attest;
use crate::registry::transfer::line::{CoverageLine, FileLine, KeyLine, LAYOUT, Line, LogLine};
use crate::registry::transfer::outgoing::{Going, Outgoing, stated, stated_before};
use crate::registry::transfer::parts::Gone;
use crate::store::{CoverageRow, Reader, Side, WalkKey};
use crate::trust::{EnvelopeBuf, KeyRecord};

/// The result of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportCount {
    /// Records written, each counted once for all its holders and versions.
    pub records: u64,
    /// Holders written, with their marks and links.
    pub holders: u64,
    /// Coverage statements written; none where a row does not open.
    pub coverage: u64,
    /// Files written.
    pub files: u64,
    /// Events written.
    pub events: u64,
    /// Rows that do not open: not written, and worth an `fsck`.
    pub damaged: u64,
}

impl Registry {
    /// Writes all records with their past versions and all marks and links, or the records of one issuer. Blocks.
    ///
    /// A client exports only the records that its own agency issued.
    ///
    /// # Errors
    /// `forbidden`; `log_unavailable` and its like if accesses cannot be noted; `internal` with the cause if
    /// `out` cannot be written. Lines written before an error have no closing line.
    pub fn export(&self, actor: &Actor, issuer: Option<&str>, out: &mut dyn Write) -> Result<ExportCount> {
        let reason = decide_scope(actor, Scope::Export).required()?;
        let issuer = agency_for(actor, issuer, "issuer")?;
        let snapshot = self.fresh_snapshot()?;
        // Read together, so that each statement lies under the checkpoints.
        let (mut heads, coverage) =
            self.store().read_now(|reader| Ok((reader.heads()?, reader.coverage()?)))?;
        heads.retain(|head| side_of(&head.log) == Side::Registry);
        let first = Line::Export {
            v: LAYOUT,
            origin: snapshot.origin.clone(),
            made_at: self.now(),
            issuer: issuer.map(str::to_owned),
            logs: heads.iter().map(|head| self.log_line(head)).collect::<Result<_>>()?,
        };
        put(out, &first)?;
        let attest = Attest::begin(self.registry_key()?, &first)?;
        for key in snapshot.keys.all() {
            put(out, &Line::Key(self.key_line(key, &heads)?))?;
        }
        let missing = || Error::new(Code::NotInitialised, "the log of records is missing");
        let head = heads.iter().find(|head| head.log == snapshot.records_log).ok_or_else(missing)?;
        let access = self.access()?;
        let (access_log, gone) = (access.name(), Gone::gather(self)?);
        let going = Going { head, heads: &heads, issuer, actor, reason, access_log, gone };
        let (count, files) = (ExportCount::default(), HashSet::new());
        let mut sending = Sending { registry: self, access: access.clone(), attest, count, files, out };
        let mut after: Option<WalkKey> = None;
        loop {
            let damaged = &mut sending.count.damaged;
            let (page, next) = self.store().read_now(|reader| going.page(reader, after.as_ref(), damaged))?;
            sending.page(page)?;
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        // A department that takes its own records away has no authority over lives: its export has none.
        let mut after: Option<Vec<u8>> = None;
        while issuer.is_none() {
            let damaged = &mut sending.count.damaged;
            let (page, next) =
                self.store().read_now(|reader| going.lives(reader, after.as_deref(), damaged))?;
            sending.page(page)?;
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        // Without the rows that do not open, a statement would say more than the file has.
        if sending.count.damaged == 0 {
            for line in self.coverage_lines(coverage, issuer, &heads)? {
                sending.statement(line)?;
            }
        }
        let Sending { attest, count, out, .. } = sending;
        put(out, &attest.end(count.records, count.events)?)?;
        out.flush().map_err(Error::internal)?;
        Ok(count)
    }

    fn key_line(&self, key: &KeyRecord, heads: &[Head]) -> Result<KeyLine> {
        let kid = key.kid().to_string();
        let proven = key.owner == REGISTRY || key.revoked.is_some();
        let read = |reader: &mut Reader<'_>| {
            let stated = stated(reader, (EventKind::Key, kid.as_str()), heads)?;
            let before = if key.revoked.is_some() { stated_before(reader, &kid, heads)? } else { Vec::new() };
            Ok((stated, before))
        };
        let (stated, before) = if proven { self.store().read_now(read)? } else { (None, Vec::new()) };
        let (owner, public) = (key.owner.clone(), URL_SAFE_NO_PAD.encode(key.public.bytes()));
        let revoked_since = key.revoked.as_ref().map(|revoked| revoked.since);
        Ok(KeyLine { kid, owner, public, revoked_since, stated, before })
    }

    /// The statements of the issuer whose records go out, or all.
    fn coverage_lines(
        &self,
        rows: Vec<CoverageRow>,
        issuer: Option<&str>,
        heads: &[Head],
    ) -> Result<Vec<Line>> {
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let statement = EnvelopeBuf::from_stored(row.signed)?;
            let said: Coverage =
                serde_json::from_slice(statement.view().payload()).map_err(Error::internal)?;
            let subject = format!("{}:{}", row.type_code, row.system);
            let of = (EventKind::Coverage, subject.as_str());
            let event = self.store().read_now(|reader| stated(reader, of, heads))?;
            if let Some(event) = event.filter(|_| issuer.is_none_or(|issuer| issuer == said.issuer)) {
                let statement = statement.compact();
                lines.push(Line::Coverage(Box::new(CoverageLine { statement, event, attested: None })));
            }
        }
        Ok(lines)
    }

    fn log_line(&self, head: &Head) -> Result<LogLine> {
        let verifier = self.log_verifier(&head.log)?.to_string();
        Ok(LogLine { log: head.log.clone(), checkpoint: head.note.clone(), verifier })
    }
}

/// An export on its way out.
struct Sending<'a> {
    registry: &'a Registry,
    access: Arc<AccessLog>,
    attest: Attest,
    count: ExportCount,
    /// Files that went out: each goes out once, before the first record that names it.
    files: HashSet<[u8; 32]>,
    out: &'a mut dyn Write,
}

impl Sending<'_> {
    /// Writes the lines of a page once the accesses that they are stand in the log (I2).
    fn page(&mut self, page: Vec<Outgoing>) -> Result<()> {
        let (lines, entries): (Vec<(Line, Vec<Digest>)>, Vec<Submission>) =
            page.into_iter().map(|one| ((one.line, one.files), one.entry)).unzip();
        self.access.note_now(entries)?;
        for (line, files) in lines {
            for file in files {
                self.file(file)?;
            }
            let count = &mut self.count;
            match &line {
                Line::Record(record) => {
                    let earlier = record.earlier.iter().map(|part| part.events.len());
                    let events = earlier.sum::<usize>() + record.events.len();
                    (count.records, count.events) = (count.records + 1, count.events + events as u64)
                }
                Line::Holder(holder) => {
                    (count.holders, count.events) =
                        (count.holders + 1, count.events + holder.events.len() as u64)
                }
                Line::Export { .. } | Line::Key(_) | Line::Coverage(_) | Line::File(_) | Line::End { .. } => {
                }
            }
            self.line(line)?;
        }
        Ok(())
    }

    /// A file that was never brought stays out; its record is `attachment_pending` there as here.
    fn file(&mut self, digest: Digest) -> Result<()> {
        if !self.files.insert(digest.0) {
            return Ok(());
        }
        let store = self.registry.store();
        match store.attachment(&store.vault().index().attachment_key(&digest)) {
            Ok(None) => Ok(()),
            Ok(Some(content)) => {
                self.count.files += 1;
                let (sha256, content) = (digest.hex(), URL_SAFE_NO_PAD.encode(content));
                self.line(Line::File(FileLine { sha256, content, attested: None }))
            }
            Err(error) if error.code == Code::RecordDamaged => {
                self.count.damaged += 1;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn statement(&mut self, line: Line) -> Result<()> {
        (self.count.coverage, self.count.events) = (self.count.coverage + 1, self.count.events + 1);
        self.line(line)
    }

    fn line(&mut self, line: Line) -> Result<()> {
        put(self.out, &self.attest.line(line)?)
    }
}

fn put(out: &mut dyn Write, line: &Line) -> Result<()> {
    let mut bytes = serde_json::to_vec(line).map_err(Error::internal)?;
    bytes.push(b'\n');
    out.write_all(&bytes).map_err(Error::internal)
}
