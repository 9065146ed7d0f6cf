//! Stage 1: a reader, a parsing thread for each core, and a thread that puts the faults in order.

mod rehearse;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::clock::{Day, Moment};
use crate::error::{Class, Code, Error, Result};
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::import::fates::{self, Displaced};
use crate::registry::import::item::Item;
use crate::registry::import::merge::{self, FAN_IN};
use crate::registry::import::own::{Forestalled, Notes, Obstacle, SpilledNotes};
use crate::registry::import::pace::{self, Pace};
use crate::registry::import::row::Maker;
use crate::registry::import::settle::Note;
use crate::registry::import::spill::{Sorter, SpillDir};
use crate::registry::import::state::{Run, RunState};
use crate::registry::import::step::Work;
use crate::registry::import::{Counts, Stage};
use crate::registry::intake::{self, TableHeader};
use crate::registry::records::ends;
use crate::registry::records::issue::{self, Marked};
use crate::registry::records::submitted::{Origin, SentLine, Submitted};
use crate::rule::Rule;
use crate::store::RecordKey;
use crate::table::cell::{Repair, Repairs};
use crate::table::{
    Batch, Encoding, ErrorFile, FileRow, Lengths, NamesDiffer, RowFault, csv, noted, refused,
};

/// The fate of one batch.
#[derive(Default)]
pub(super) struct BatchDone {
    seq: u64,
    position: u64,
    rows: u64,
    accepted: u64,
    already_there: u64,
    flagged: u64,
    undated: u64,
    newest: Option<Moment>,
    repairs: Repairs,
    /// Remarks on accepted rows, each with its line: kept with a mark.
    remarks: Vec<(u64, Marked)>,
    faults: Vec<RowFault>,
}

/// The destination of a thread's items.
pub(super) trait Sink: Send {
    fn take(&mut self, item: Item) -> Result<()>;
    /// Called behind each batch; may change accepted rows into others.
    fn batch_ended(&mut self, done: &mut BatchDone) -> Result<()>;
    fn finish(self) -> Result<()>;
}

/// Into spill runs: the items, and notes of those that the rules of the catalog touch.
struct Spilling<'a> {
    registry: &'a Registry,
    dir: &'a SpillDir,
    spilled: &'a Mutex<Spilled>,
    pace: &'a Pace<'a>,
    /// Types that a rule names.
    touched: HashSet<String>,
    items: Sorter,
    notes: Sorter,
    run_bytes: usize,
    block_bytes: usize,
}

/// Numbers of the written runs, and the number of notes.
#[derive(Default)]
struct Spilled {
    runs: Vec<u32>,
    notes: Vec<u32>,
    touched: u64,
}

impl Spilling<'_> {
    fn spill(&mut self) -> Result<()> {
        self.dir.small_steps(self.pace.beside().served);
        let vault = self.registry.store().vault();
        let touched = self.notes.count() as u64;
        let items = self.items.spill(self.dir, vault, self.block_bytes)?;
        let notes = self.notes.spill(self.dir, vault, self.block_bytes)?;
        let mut spilled = self.spilled.lock().unwrap_or_else(PoisonError::into_inner);
        spilled.runs.extend(items);
        spilled.notes.extend(notes);
        spilled.touched += touched;
        Ok(())
    }
}

impl Sink for Spilling<'_> {
    fn take(&mut self, item: Item) -> Result<()> {
        self.items.push(item.sort_key(), |out| item.write(out))?;
        if self.touched.contains(&item.signed.type_code) {
            self.notes.push(item.sort_key(), |out| Note::write(&item, out))?;
        }
        if self.items.len() + self.notes.len() >= self.run_bytes { self.spill() } else { Ok(()) }
    }

    fn batch_ended(&mut self, _: &mut BatchDone) -> Result<()> {
        Ok(())
    }

    fn finish(mut self) -> Result<()> {
        self.spill()
    }
}

/// Against the stored records, and nowhere else.
struct Comparing<'a> {
    registry: &'a Registry,
    items: Vec<Item>,
    notes: Notes,
    /// The types of the rows.
    types: BTreeSet<String>,
    all: &'a Compared,
    dir: &'a SpillDir,
    run_bytes: usize,
    block_bytes: usize,
}

/// What all threads of a dry run noted.
#[derive(Default)]
struct Compared {
    notes: Mutex<SpilledNotes>,
    types: Mutex<BTreeSet<String>>,
}

impl Comparing<'_> {
    fn spill(&mut self) -> Result<()> {
        self.notes.spill(self.registry, (self.dir, self.block_bytes), &self.all.notes)
    }
}

impl Sink for Comparing<'_> {
    fn take(&mut self, item: Item) -> Result<()> {
        if !self.types.contains(&item.signed.type_code) {
            self.types.insert(item.signed.type_code.clone());
        }
        self.items.push(item);
        Ok(())
    }

    fn batch_ended(&mut self, done: &mut BatchDone) -> Result<()> {
        let items: Vec<Item> = self.items.drain(..).collect();
        let (snapshot, now) = (self.registry.snapshot(), self.registry.now());
        self.registry.store().read_now(|reader| {
            let listed = |item: &Item| item.signed.listed_key(reader.index());
            let listed: Vec<Option<[u8; 16]>> = items.iter().map(listed).collect();
            let twins = |item: &Item| item.signed.twins(&snapshot, reader.index());
            let twins: Vec<Vec<[u8; 16]>> = items.iter().map(twins).collect();
            let keys = items.iter().flat_map(|item| item.signed.keys.iter()).chain(twins.iter().flatten());
            let keys: Vec<[u8; 16]> = keys.chain(listed.iter().flatten()).copied().collect();
            let found = reader.record_keys(&keys)?;
            for ((item, twins), listed) in items.iter().zip(&twins).zip(&listed) {
                let entry = found.iter().find(|known| Some(known.key) == *listed);
                let own =
                    |there: &&RecordKey| item.signed.keys.contains(&there.key) || twins.contains(&there.key);
                let there = found.iter().find(own);
                match there {
                    Some(there) if item.signed.is_content(&snapshot, &there.content) => {
                        done.already_there += 1;
                    }
                    Some(_) => done.faults.push(RowFault::clash(item.line)),
                    None => match entry.map(|known| fates::entry(reader, known, item)).transpose()? {
                        Some(Displaced::Refuses(fault)) => done.faults.push(fault),
                        gives_way => match fates::untrue(reader, &snapshot, item, now)? {
                            Some(fault) => done.faults.push(fault),
                            None => {
                                let entry = gives_way.is_some();
                                let stored = if entry { Obstacle::Entry } else { Obstacle::Nothing };
                                self.notes.take(item, twins, stored)?;
                                continue;
                            }
                        },
                    },
                }
                self.notes.take(item, twins, Obstacle::InTheWay)?;
                done.accepted -= 1;
            }
            Ok(())
        })?;
        done.faults.sort_by_key(|fault| fault.line);
        if self.notes.len() >= self.run_bytes { self.spill() } else { Ok(()) }
    }

    fn finish(mut self) -> Result<()> {
        self.spill()?;
        self.all.types.lock().unwrap_or_else(PoisonError::into_inner).extend(self.types);
        Ok(())
    }
}

impl Registry {
    /// Parses the whole file into spill runs and marks the run as one that writes.
    pub(super) fn import_parse(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        dir: &SpillDir,
        errors: &mut ErrorFile,
    ) -> Result<()> {
        self.store().ensure_seals(self.now())?;
        let (limits, threads) = (work.options.limits, work.threads());
        let spilled = Mutex::new(Spilled::default());
        let touched = ends::touched_types(&self.snapshot());
        let sink = || Spilling {
            registry: self,
            dir,
            spilled: &spilled,
            pace: work.pace,
            touched: touched.clone(),
            items: Sorter::default(),
            notes: Sorter::default(),
            run_bytes: limits.run_bytes / threads,
            block_bytes: limits.block_bytes,
        };
        run.body.counts = Counts::default();
        (run.body.undated, run.body.newest) = (0, None);
        run.body.repairs.clear();
        run.body.faults.clear();
        run.body.remarks.clear();
        run.body.names = NamesDiffer::default();
        self.pump(work, run, errors, &sink)?;
        let accepted = std::mem::take(&mut run.body.counts.bound);
        let Spilled { mut runs, mut notes, touched } =
            spilled.into_inner().unwrap_or_else(PoisonError::into_inner);
        runs.sort_unstable();
        notes.sort_unstable();
        let vault = self.store().vault();
        let body = &mut run.body;
        body.runs = merge::compact(dir, vault, runs, FAN_IN, limits.block_bytes)?;
        body.notes = merge::compact(dir, vault, notes, FAN_IN, limits.block_bytes)?;
        (body.items, body.merged) = (accepted, 0);
        (body.touched, body.settled) = (touched, 0);
        errors.flush()?;
        run.body.error_bytes = errors.bytes();
        // Runs and error file are on the disk before the row says so: a crash in between parses again.
        dir.sync()?;
        run.state = RunState::Writing;
        self.put_run(run)
    }

    /// Checks the whole file against the stored records, its rows against each other, and what the rules would do.
    pub(super) fn import_check(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        (errors, dir): (&mut ErrorFile, &SpillDir),
    ) -> Result<()> {
        self.store().ensure_seals(self.now())?;
        let (limits, all) = (work.options.limits, Compared::default());
        let sink = || Comparing {
            registry: self,
            items: Vec::new(),
            notes: Notes::default(),
            types: BTreeSet::new(),
            all: &all,
            dir,
            run_bytes: limits.run_bytes / work.threads(),
            block_bytes: limits.block_bytes,
        };
        self.pump(work, run, errors, &sink)?;
        let notes = all.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let Forestalled { faults, unbound } = self.hold(work, run, dir, notes)?;
        errors.write(&faults)?;
        let types = all.types.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.rehearse(work, run, dir, (&types, &unbound))
    }

    pub(super) fn pump<S: Sink>(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        list: &mut ErrorFile,
        sink: &(dyn Fn() -> S + Sync),
    ) -> Result<()> {
        let (source, header) = intake::open(work.source, work.reading())?;
        let called = header.as_ref().map(|header| header.columns().called(&self.snapshot()));
        run.body.called = called.unwrap_or_default();
        let threads = work.threads();
        thread::scope(|scope| {
            let (batches, taken) = sync_channel(threads * 2);
            let (results, done) = sync_channel(64);
            let taken = std::sync::Arc::new(Mutex::new(taken));
            let reading = scope.spawn(move || {
                pace::lower_for_parsing();
                let _reading = work.pace.reading();
                source.send(&mut |batch| batches.send(batch).is_ok())
            });
            let mut parsing = Vec::new();
            for index in 0..threads {
                let (taken, results, header) = (taken.clone(), results.clone(), header.as_ref());
                parsing.push(scope.spawn(move || {
                    pace::lower_for_parsing();
                    let parser = Parser {
                        maker: Maker::new(self, work.actor, work.options.as_of),
                        sink: sink(),
                        header,
                        encoding: work.survey.encoding,
                        lengths: Lengths::default(),
                    };
                    parser.run(&taken, &results, &|| work.pace.parse(index, threads))
                }));
            }
            drop((taken, results));
            // Dropping `done` on a fault ends the parsers, and their end the reader.
            let collected = collect(done, work, run, list);
            let (mut parsed, mut lengths) = (Ok(()), Lengths::default());
            for thread in parsing {
                let ended = thread.join().unwrap_or_else(|_| Err(panicked()));
                parsed = parsed.and(ended.map(|counted| lengths.take(counted)));
            }
            let digest = reading.join().unwrap_or_else(|_| Err(panicked()));
            parsed?;
            collected?;
            run.body.shortened = lengths.shortened();
            if run.body.counts.rows_in == 0 {
                let detail = "the file has no rows: an import of nothing would tell its feed alive";
                return Err(Error::new(Code::ConfigInvalid, detail).at("file").rule(Rule::FileWithoutRows));
            }
            match digest? {
                Some(digest) if digest == work.survey.digest => Ok(()),
                _ => Err(Error::new(Code::ConfigInvalid, "the file changed while it was read")
                    .at("file")
                    .rule(Rule::FileChanged)),
            }
        })
    }
}

fn panicked() -> Error {
    Error::internal("a thread of the import ended unforeseen")
}

/// Puts results in the order of the file, writes their faults, counts.
fn collect(done: Receiver<BatchDone>, work: &Work<'_>, run: &mut Run, list: &mut ErrorFile) -> Result<()> {
    let (mut early, mut next) = (BTreeMap::new(), 0);
    for batch in done {
        early.insert(batch.seq, batch);
        while let Some(mut batch) = early.remove(&next) {
            next += 1;
            let called = |fault: RowFault| fault.called(&run.body.called);
            batch.faults = std::mem::take(&mut batch.faults).into_iter().map(called).collect();
            list.write(&batch.faults)?;
            batch.faults.iter().for_each(|fault| refused::count(&mut run.body.faults, fault));
            let counts = &mut run.body.counts;
            counts.rows_in += batch.rows;
            counts.bound += batch.accepted;
            counts.already_there += batch.already_there;
            counts.refused += batch.faults.len() as u64;
            counts.clashes +=
                batch.faults.iter().map(|fault| u64::from(fault.code == Code::NumberClash)).sum::<u64>();
            counts.flagged += batch.flagged;
            run.body.undated += batch.undated;
            run.body.newest = run.body.newest.max(batch.newest);
            run.body.repairs.take(&mut batch.repairs);
            batch
                .remarks
                .iter()
                .for_each(|(line, marked)| noted::note(&mut run.body.remarks, *line, *marked));
            work.tell(Stage::Parsing, batch.position, work.survey.bytes, run);
        }
    }
    Ok(())
}

/// Says which column a fault is about, as it is called in the file.
fn blame(
    (header, snapshot): (&TableHeader, &Snapshot),
    cells: &[Cow<'_, str>],
    fault: Option<&mut RowFault>,
) {
    let Some(fault) = fault else { return };
    let place = fault.field.as_deref().and_then(|field| header.columns().place_of(field, snapshot));
    let Some((at, name)) = place else { return };
    *fault = fault.clone().in_column(name, cells.get(at).map(|cell| &**cell));
}

/// One thread.
struct Parser<'a, S> {
    maker: Maker<'a>,
    sink: S,
    header: Option<&'a TableHeader>,
    encoding: Encoding,
    lengths: Lengths,
}

impl<S: Sink> Parser<'_, S> {
    fn run(
        mut self,
        batches: &Mutex<Receiver<Batch>>,
        results: &SyncSender<BatchDone>,
        make_room: &dyn Fn(),
    ) -> Result<Lengths> {
        loop {
            make_room();
            let batch = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(batch) = batch else { break };
            let done = self.batch(&batch)?;
            if results.send(done).is_err() {
                return Ok(self.lengths);
            }
        }
        self.sink.finish()?;
        Ok(self.lengths)
    }

    fn batch(&mut self, batch: &Batch) -> Result<BatchDone> {
        let mut done = BatchDone { seq: batch.seq, position: batch.position, ..BatchDone::default() };
        let changed =
            || Error::new(Code::ConfigInvalid, "the file changed while it was read").rule(Rule::FileChanged);
        let text = |row: &FileRow| batch.text(row, self.encoding).ok_or_else(changed);
        let texts = batch.rows.iter().map(text).collect::<Result<Vec<_>>>()?;
        let (mut cells, mut repairs) = (Vec::new(), Repairs::default());
        for (row, text) in batch.rows.iter().zip(&texts) {
            let sent = match (row.fault, self.header) {
                (Some(rule), _) => Err(Error::new(Code::FieldInvalid, "the row cannot be read").rule(rule)),
                (None, None) => SentLine::read(text),
                (None, Some(header)) => {
                    let ends = csv::cells(text, header.delimiter(), &mut cells);
                    repairs.clear();
                    repairs.add(Repair::LineEnds, ends);
                    self.lengths.row(&cells);
                    let drafted = header.draft(&cells, self.maker.snapshot(), &mut repairs);
                    let origin =
                        |day: Option<Day>| Origin { as_of: day.map(Day::start), ..Origin::default() };
                    drafted.map(|(draft, as_of)| (Submitted::Draft(draft), origin(as_of)))
                }
            };
            if self.row(sent, row.line, &mut done)? {
                done.repairs.take(&mut repairs);
            } else if let (Some(header), None) = (self.header, row.fault) {
                blame((header, self.maker.snapshot()), &cells, done.faults.last_mut());
            }
        }
        self.sink.batch_ended(&mut done)?;
        Ok(done)
    }

    /// A refusal is the row's and goes to the error file; anything else ends the run. Tells whether it was accepted.
    fn row(&mut self, sent: Result<(Submitted, Origin)>, line: u64, done: &mut BatchDone) -> Result<bool> {
        done.rows += 1;
        match sent.and_then(|sent| self.maker.make(sent, line)) {
            Ok(made) => {
                done.accepted += 1;
                done.flagged += u64::from(made.flagged);
                let mut marks: Vec<Marked> =
                    made.remarks.iter().filter_map(|remark| issue::marked(remark)).collect();
                marks.sort_unstable();
                marks.dedup();
                done.remarks.extend(marks.into_iter().map(|mark| (line, mark)));
                made.repairs.iter().for_each(|repair| done.repairs.add(*repair, 1));
                let as_of = made.item.origin.as_of;
                done.undated += u64::from(as_of.is_none());
                done.newest = done.newest.max(as_of);
                self.sink.take(made.item).map(|()| true)
            }
            Err(error) if error.code.class() == Class::Refused => {
                done.faults.push(RowFault::new(line, &error));
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
