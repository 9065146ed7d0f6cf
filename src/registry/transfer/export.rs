//! Export: records with their envelopes, events, proofs and a checkpoint, one JSON object a line. It is for a
//! department that takes its own away, or for another registry that reads them back
//! ([`Registry::read_export`]).
//!
//! The walk goes in short snapshots, so that a long export delays nobody. Each record that goes out is noted
//! as an access of all its holders before its line is written (I2). The registry's own key, which the log
//! states, signs each record line and the last line. Lines hold numbers in clear: the caller that writes them
//! to a file is responsible for the file.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Code, Error, Result};
use crate::log::{Head, Submission};
use crate::policy::{Actor, Scope, agency_for, decide_scope};
use crate::registry::Registry;
use crate::registry::base::names::{REGISTRY, side_of};
use crate::registry::transfer::attest::Attest;
use crate::registry::transfer::line::{KeyLine, Line, LogLine, RecordLine};
use crate::registry::transfer::outgoing::{Going, stated};
use crate::store::{Side, WalkKey};
use crate::trust::KeyRecord;

/// The result of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExportCount {
    /// Records written, each counted once for all its holders and versions.
    pub records: u64,
    /// Events written.
    pub events: u64,
    /// Rows that do not open: not written, and worth an `fsck`.
    pub damaged: u64,
}

impl Registry {
    /// Writes all records, or those of one issuer, with their past versions. Blocks.
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
        let mut heads = self.store().read_now(|reader| reader.heads())?;
        heads.retain(|head| side_of(&head.log) == Side::Registry);
        let first = Line::Export {
            v: 1,
            origin: snapshot.origin.clone(),
            made_at: self.now(),
            issuer: issuer.map(str::to_owned),
            logs: heads.iter().map(|head| self.log_line(head)).collect::<Result<_>>()?,
        };
        put(out, &first)?;
        let mut attest = Attest::begin(self.registry_key()?, &first)?;
        for key in snapshot.keys.all() {
            put(out, &Line::Key(self.key_line(key, &heads)?))?;
        }
        let missing = || Error::new(Code::NotInitialised, "the log of records is missing");
        let head = heads.iter().find(|head| head.log == snapshot.records_log).ok_or_else(missing)?;
        let access = self.access()?;
        let going = Going { head, heads: &heads, issuer, actor, reason, access_log: access.name() };
        let mut count = ExportCount::default();
        let mut after: Option<WalkKey> = None;
        loop {
            let (page, next) =
                self.store().read_now(|reader| going.page(reader, after.as_ref(), &mut count.damaged))?;
            let (lines, entries): (Vec<RecordLine>, Vec<Submission>) =
                page.into_iter().map(|one| (one.line, one.entry)).unzip();
            access.note_now(entries)?;
            for line in lines {
                count.records += 1;
                count.events += line.events.len() as u64;
                put(out, &attest.record(line)?)?;
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        put(out, &attest.end(count.records, count.events)?)?;
        out.flush().map_err(Error::internal)?;
        Ok(count)
    }

    fn key_line(&self, key: &KeyRecord, heads: &[Head]) -> Result<KeyLine> {
        let kid = key.kid().to_string();
        let stated = match key.owner.as_str() {
            REGISTRY => self.store().read_now(|reader| stated(reader, &kid, heads))?,
            _ => None,
        };
        let (owner, public) = (key.owner.clone(), URL_SAFE_NO_PAD.encode(key.public.bytes()));
        let revoked_since = key.revoked.as_ref().map(|revoked| revoked.since);
        Ok(KeyLine { kid, owner, public, revoked_since, stated })
    }

    fn log_line(&self, head: &Head) -> Result<LogLine> {
        let verifier = self.log_verifier(&head.log)?.to_string();
        Ok(LogLine { log: head.log.clone(), checkpoint: head.note.clone(), verifier })
    }
}

fn put(out: &mut dyn Write, line: &Line) -> Result<()> {
    let mut bytes = serde_json::to_vec(line).map_err(Error::internal)?;
    bytes.push(b'\n');
    out.write_all(&bytes).map_err(Error::internal)
}
