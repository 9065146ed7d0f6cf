//! Stage 3: the rules by which one certificate ends another, for the rows of the file that a rule touches.
//!
//! It runs when all rows are there, since an ending may stand in the file before the row it ends. Parsing
//! puts a short note of each such row into spill runs of their own. This stage goes through the notes in the
//! order of holder keys. It finds the due changes in short snapshots, and takes the log only if there are
//! any. A rule that was applied finds nothing more to do, so after a crash at any moment the rows behind the
//! last commit are only looked at again: the position is committed with the changes before it.

use std::thread;
use std::time::Instant;

use crate::catalog::Custody;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::holders::lives::Rules;
use crate::registry::holders::names;
use crate::registry::import::Stage;
use crate::registry::import::item::{Item, SortKey};
use crate::registry::import::merge::Merge;
use crate::registry::import::pace;
use crate::registry::import::spill::{SpillDir, damaged};
use crate::registry::import::state::{Run, RunBody};
use crate::registry::import::step::Bounds;
use crate::registry::import::step::Work;
use crate::registry::records::ends::{self, Arrived, Due};
use crate::registry::records::kept;
use crate::store::{Load, Reader, Writer};
use crate::table::{RowFault, refused};

/// A row that a rule touches: the key under which its record is found, and the record's id if this run bound
/// it.
pub(super) struct Note {
    line: u64,
    record_id: [u8; 16],
    key: [u8; 16],
}

impl Note {
    /// Appends the note of an item as it is spilled; its sort key first.
    pub fn write(item: &Item, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&item.sort_key());
        out.extend_from_slice(&item.record_id);
        // The number's, or the content's: it leads to the record of an equal row, too.
        out.extend_from_slice(item.signed.keys.last().ok_or_else(damaged)?);
        Ok(())
    }

    /// The note of an item.
    pub fn of(item: &Item) -> Result<Self> {
        let key = *item.signed.keys.last().ok_or_else(damaged)?;
        Ok(Self { line: item.line, record_id: item.record_id, key })
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (sort, rest) = bytes.split_first_chunk::<{ size_of::<SortKey>() }>()?;
        let line = u64::from_be_bytes(*sort.last_chunk()?);
        let (record_id, rest) = rest.split_first_chunk()?;
        Some(Self { line, record_id: *record_id, key: rest.try_into().ok()? })
    }

    /// The changes due for its record by the rules; nothing if the row was refused.
    fn due(&self, reader: &mut Reader<'_>, rules: &Rules, today: Day) -> Result<Due> {
        let kept = kept::by_key(reader, &self.key);
        let kept = match kept {
            Err(error) if error.code == Code::RecordDamaged => {
                log::error!("the key row of an imported record does not open: run `elicense fsck`");
                None
            }
            kept => kept?,
        };
        let Some(rows) = kept.and_then(|kept| kept.whole().ok()) else { return Ok(Due::default()) };
        if rows.first().custody != Custody::Hosted {
            return Ok(Due::default());
        }
        let Some(began) = ends::began(reader, &rows)? else { return Ok(Due::default()) };
        // A row that was there already was settled then: its endings are done, and nobody is asked again.
        let fresh = rows.first().record_id == self.record_id;
        match ends::due(reader, rules, &Arrived { rows: &rows, began, fresh }, today) {
            Err(error) if error.code == Code::RecordDamaged => {
                log::error!(
                    "a holder of an imported certificate has a row that does not open: run `elicense fsck`"
                );
                Ok(Due::default())
            }
            due => due.map(|due| if fresh { due } else { due.of_old() }),
        }
    }
}

/// What the rules did to one row.
pub(super) struct Settled {
    /// Entries for the log.
    pub entries: Vec<[u8; 32]>,
    ended: u64,
    proposals: u64,
    /// It ended nothing, since the names differ.
    differing: Option<RowFault>,
}

impl Settled {
    /// Counts it.
    pub fn count(&self, body: &mut RunBody) {
        body.counts.ended += self.ended;
        body.counts.proposals += self.proposals;
        if let Some(fault) = &self.differing {
            body.counts.not_ended += 1;
            refused::count(&mut body.faults, &fault.clone().called(&body.called));
        }
    }
}

impl Note {
    /// Makes the due changes.
    pub fn settle(&self, writer: &mut Writer<'_>, rules: &Rules, place: &Place) -> Result<Settled> {
        let done = self.due(writer, rules, place.at.day())?.carry_out(writer, rules, place)?;
        Ok(Settled {
            ended: done.ended.len() as u64,
            proposals: done.proposals.len() as u64,
            differing: done.differing.then(|| RowFault::new(self.line, &names::ended_name())),
            entries: done.entries,
        })
    }
}

impl Registry {
    /// Applies the rules to the rest of a run's notes.
    pub(super) fn import_settle(&self, work: &Work<'_>, run: &mut Run, dir: &SpillDir) -> Result<()> {
        if run.body.settled == run.body.touched {
            return Ok(());
        }
        let ended = || Err(Error::internal("the thread of the rules ended unforeseen"));
        let outcome = thread::scope(|scope| {
            // A thread of its own, since a lowered priority cannot be raised again.
            let settling = scope.spawn(|| {
                pace::lower_for_writing();
                self.settle_notes(work, run, dir)
            });
            settling.join().unwrap_or_else(|_| ended())
        });
        self.store().write_now(|writer| writer.tune(Load::Single))?;
        outcome
    }

    fn settle_notes(&self, work: &Work<'_>, run: &mut Run, dir: &SpillDir) -> Result<()> {
        let mut notes = Merge::open(dir, self.store().vault(), &run.body.notes)?;
        notes.skip(run.body.settled)?;
        let mut next = run.body.settled;
        loop {
            let limits = work.options.limits;
            let most = if work.pace.beside().served { limits.served_chunk } else { limits.settled_page };
            let mut page = Vec::with_capacity(most);
            while page.len() < most {
                let mut note = None;
                let more = notes.next(&mut |bytes| {
                    note = Some(Note::read(bytes).ok_or_else(damaged)?);
                    Ok(())
                })?;
                let Some(note) = note.filter(|_| more) else { break };
                page.push((next, note));
                next += 1;
            }
            if page.is_empty() {
                break;
            }
            let begun = Instant::now();
            self.settle_page(work, run, page)?;
            work.tell(Stage::Settling, next, run.body.touched, run);
            work.pace.wrote(begun.elapsed());
        }
        run.body.settled = run.body.touched;
        self.put_run(run)
    }

    /// Looks at some notes, each with its place in the list, and makes the due changes.
    fn settle_page(&self, work: &Work<'_>, run: &mut Run, mut page: Vec<(u64, Note)>) -> Result<()> {
        let rules = self.all_rules(&self.snapshot())?;
        let today = self.now().day();
        let due = self.store().read_now(|reader| {
            let has = |(_, note): &(u64, Note)| note.due(reader, &rules, today).map(|due| due.is_any());
            page.iter().map(has).collect::<Result<Vec<bool>>>()
        })?;
        let mut due = due.into_iter();
        page.retain(|_| due.next().unwrap_or(true));
        while !page.is_empty() {
            self.import_step(work, run, |run, bounds, writer, place| {
                settle(&page, &rules, run, bounds, writer, place)
            })?;
            page.retain(|(at, _)| *at >= run.body.settled);
        }
        Ok(())
    }
}

/// The inside of a transaction: the due changes of some notes, until it took so long. Everything is read
/// again, since others may have written meanwhile.
fn settle(
    page: &[(u64, Note)],
    rules: &Rules,
    run: &Run,
    bounds: Bounds,
    writer: &mut Writer<'_>,
    place: &Place,
) -> Result<(Run, Vec<[u8; 32]>)> {
    let begun = Instant::now();
    let (mut next, mut entries) = (run.clone(), Vec::new());
    for (at, note) in page {
        let settled = note.settle(writer, rules, &place.behind(entries.len()))?;
        settled.count(&mut next.body);
        entries.extend(settled.entries);
        next.body.settled = at + 1;
        if begun.elapsed() >= bounds.time {
            break;
        }
    }
    next.body.logged(place, entries.len());
    Ok((next, entries))
}
