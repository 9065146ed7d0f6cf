//! The stored record of an identifier, read in one snapshot of the database: the basis of every answer that
//! begins with an identifier (an envelope, a printed face, a history, an attachment).

use crate::catalog::Custody;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::hash::sha256;
use crate::log::{LogMark, TreeReader as _};

use crate::record::Digest;
use crate::record::event::Event;
use crate::record::verdict::{Facts, NamedFiles};
use crate::registry::access::entry::CoHolder;
use crate::registry::access::named::Named;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::life::RecordLives;
use crate::registry::records::kept::{self, Kept};
use crate::registry::records::{hosted, judge};
use crate::store::{Opened, Reader, RecordKey, StoredEvent, StoredRecord};
use crate::trust::EnvelopeBuf;

/// Whether the log has an event at its leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::registry) enum InLog {
    /// It has.
    Yes,
    /// Another entry stands there.
    Differs,
    /// The event's row does not open, or the log's own row of entries is gone: no answer is possible.
    Unreadable,
}

/// The stored record of an identifier.
pub(in crate::registry) struct Here {
    /// The log of records as it stood: the answer is as of this.
    pub head: LogMark,
    /// None if there is no record, or if the key row does not open.
    pub kept: Option<Kept>,
    /// Superseded versions in the first holder's row.
    pub past: Vec<StoredRecord>,
    /// Events in the first holder's row.
    pub events: Vec<(StoredEvent, InLog)>,
    /// The lives that decide about it.
    lives: RecordLives,
    /// The key row does not open: the record under it cannot be determined.
    key_damaged: bool,
    /// A past version does not open or is missing.
    past_damaged: bool,
    /// Any row does not open or is missing, so an absent record may have been there.
    pub damaged: bool,
    /// The files that the named version names.
    files: NamedFiles,
}

/// A part of a directory entry from before its holders changed.
pub(in crate::registry) struct EarlierPart {
    /// Its holders.
    pub holders: Vec<CoHolder>,
    past: Vec<StoredRecord>,
    events: Vec<(StoredEvent, InLog)>,
}

impl Here {
    /// Reads all of it in one snapshot of the database.
    pub fn read(reader: &mut Reader<'_>, snapshot: &Snapshot, named: &Named) -> Result<Self> {
        let mut here = Self {
            head: snapshot.records_mark(reader)?,
            kept: None,
            past: Vec::new(),
            events: Vec::new(),
            lives: RecordLives::default(),
            key_damaged: false,
            past_damaged: false,
            damaged: false,
            files: NamedFiles::FIT,
        };
        match kept::by_identifier(reader, named) {
            Ok(Some(kept)) => here.fill(reader, snapshot, kept)?,
            Ok(None) => {}
            Err(error) if error.code == Code::RecordDamaged => {
                ::log::error!("the key row of an identifier does not open: run `elicense fsck`");
                (here.key_damaged, here.damaged) = (true, true);
            }
            Err(error) => return Err(error),
        }
        if let Ok((row, _)) = here.named() {
            here.files = judge::named_files(reader, row)?;
        }
        Ok(here)
    }

    fn fill(&mut self, reader: &mut Reader<'_>, snapshot: &Snapshot, kept: Kept) -> Result<()> {
        if let Some(first) = kept.key.holders.first() {
            for opened in reader.past_records(first, &kept.key.record_id)? {
                match opened {
                    Opened::Record(row) => self.past.push(*row),
                    Opened::Damaged { .. } => self.past_damaged = true,
                }
            }
            for event in reader.events_of(first, &kept.key.record_id)? {
                let in_log = in_log(reader, &event)?;
                self.events.push((event, in_log));
            }
        }
        let mut gap = false;
        if let Some(current) = kept.rows.first() {
            self.lives = RecordLives::now(reader, snapshot, current)?;
            // The holders of a record never change, so the first one's rows hold all of it. Those of a
            // directory entry may change, and a later holder has no earlier rows.
            if current.custody == Custody::Hosted {
                let past = i32::try_from(self.past.len()).unwrap_or(i32::MAX);
                self.past_damaged |= past.saturating_add(1) != current.version;
                gap = self.events.iter().zip(1..).any(|((event, _), seq)| event.seq != seq);
            }
        }
        let events = self.events.iter().any(|(event, _)| !event.intact);
        self.damaged = kept.damaged || self.past_damaged || gap || events;
        self.kept = Some(kept);
        Ok(())
    }

    /// The parts of a directory entry from before its holders changed, oldest first.
    pub fn earlier(&self, reader: &mut Reader<'_>) -> Result<Vec<EarlierPart>> {
        let entry = self.current().filter(|row| row.custody != Custody::Hosted);
        let Some(entry) = entry else { return Ok(Vec::new()) };
        let own: Vec<StoredEvent> = self.events.iter().map(|(event, _)| event.clone()).collect();
        let parts = hosted::parts(reader, &entry.body.identifier, hosted::first_version(&own))?;
        parts.iter().map(|part| EarlierPart::read(reader, part)).collect()
    }

    /// Puts an earlier part before what is here; events are counted over all of them.
    pub fn goes_on_from(&mut self, part: EarlierPart) {
        let before = i32::try_from(part.events.len()).unwrap_or(i32::MAX);
        for (event, _) in &mut self.events {
            event.seq = event.seq.saturating_add(before);
        }
        self.past.splice(..0, part.past);
        self.events.splice(..0, part.events);
    }

    /// The record.
    ///
    /// # Errors
    /// `not_found` if nothing stands under the identifier; `record_damaged` if that cannot be determined.
    pub fn record(&self) -> Result<&Kept> {
        if self.key_damaged { Err(damaged()) } else { self.kept.as_ref().ok_or_else(kept::none_there) }
    }

    /// The same with every past version.
    ///
    /// # Errors
    /// As [`Here::record`], and `record_damaged` if a past version does not open or is missing.
    pub fn all_versions(&self) -> Result<&Kept> {
        if self.past_damaged { Err(damaged()) } else { self.record() }
    }

    /// The row of the version that the identifier stands for, and whether it is superseded.
    ///
    /// # Errors
    /// `record_damaged` if it does not open or is missing.
    pub fn named(&self) -> Result<(&StoredRecord, bool)> {
        self.version(self.record()?.key.version).ok_or_else(damaged)
    }

    /// Whether nothing is kept under the identifier.
    pub fn nothing(&self) -> bool {
        self.kept.is_none() && !self.key_damaged
    }

    /// Whether the identifier is taken by something that cannot be told.
    pub fn untold(&self) -> bool {
        self.key_damaged
    }

    /// The present row.
    pub fn current(&self) -> Option<&StoredRecord> {
        self.kept.as_ref().and_then(|kept| kept.rows.first())
    }

    /// The row of one version, and whether it is superseded.
    pub fn version(&self, version: i32) -> Option<(&StoredRecord, bool)> {
        let current = self.current().filter(|row| row.version == version).map(|row| (row, false));
        current.or_else(|| self.past.iter().find(|row| row.version == version).map(|row| (row, true)))
    }

    /// The event that created an envelope, and whether the log has it.
    pub fn event_of(&self, digest: Digest) -> Option<(&StoredEvent, InLog)> {
        let named = |event: &StoredEvent| {
            Event::from_canonical(&event.event).is_ok_and(|event| event.envelope == Some(digest))
        };
        self.events.iter().find(|(event, _)| named(event)).map(|(event, in_log)| (event, *in_log))
    }

    /// The facts of one of its rows.
    pub fn facts(&self, snapshot: &Snapshot, row: &StoredRecord, superseded: bool, now: Moment) -> Facts {
        let envelope = EnvelopeBuf::from_stored(row.body.envelope.clone()).ok();
        let view = envelope.as_ref().map(EnvelopeBuf::view).filter(|_| row.custody == Custody::Hosted);
        let mut facts = judge::facts(snapshot, row, view.as_ref(), self.lives.view(), now);
        facts.superseded = superseded;
        if self.named().is_ok_and(|(named, _)| named.version == row.version) {
            facts.files = self.files;
        }
        // The state of the record is the state of all its versions.
        if let Some(current) = self.current() {
            facts.state = Some(current.state);
            facts.disputed = current.disputed;
        }
        facts
    }
}

impl EarlierPart {
    fn read(reader: &mut Reader<'_>, part: &RecordKey) -> Result<Self> {
        let mut read = Self { holders: Vec::new(), past: Vec::new(), events: Vec::new() };
        for (place, holder) in part.holders.iter().enumerate() {
            let mut code = None;
            for opened in reader.past_records(holder, &part.record_id)? {
                let Opened::Record(row) = opened else { return Err(damaged()) };
                code =
                    code.or_else(|| kept::co_holder(reader.index(), &row.body.holder.0, &row.body.holder.1));
                if place == 0 {
                    read.past.push(*row);
                }
            }
            read.holders.push((*holder, code.and_then(|(_, code)| code)));
        }
        if let Some(first) = part.holders.first() {
            for event in reader.events_of(first, &part.record_id)? {
                let in_log = in_log(reader, &event)?;
                read.events.push((event, in_log));
            }
        }
        Ok(read)
    }
}

fn damaged() -> Error {
    Error::new(Code::RecordDamaged, "a row of this record does not open")
}

fn in_log(reader: &mut Reader<'_>, event: &StoredEvent) -> Result<InLog> {
    if !event.intact {
        return Ok(InLog::Unreadable);
    }
    let there = reader.entries(&event.log, event.leaf, event.leaf.saturating_add(1))?;
    Ok(match there.first() {
        None => InLog::Unreadable,
        Some(entry) if *entry == sha256(&event.event) => InLog::Yes,
        Some(_) => InLog::Differs,
    })
}
