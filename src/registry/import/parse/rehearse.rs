//! What the rules of the catalog do to the rows of a file, before anything is written (the last part of a dry run).
//!
//! Rows have to do with each other by their holders. So the file is read a second time, and what a rule touches is spilled by
//! the holders by which the rules find it. Then whole groups are written, settled as a real run settles them, and taken back,
//! each few in one short transaction: other writers get in between, and memory stays the same for a file of any length as
//! long as no single person has it all. Files without such rows are read once.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::catalog::EndWhen;
use crate::error::{Code, Error, Result};
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked::family;
use crate::registry::holders::lives::Rules;
use crate::registry::import::item::{Item, SortKey};
use crate::registry::import::merge::{self, FAN_IN, Merge};
use crate::registry::import::parse::{BatchDone, Sink};
use crate::registry::import::settle::{Note, Settled};
use crate::registry::import::spill::{Sorter, SpillDir, damaged};
use crate::registry::import::state::Run;
use crate::registry::import::step::Work;
use crate::registry::records::begin;
use crate::registry::records::ends;
use crate::store::{Reader, Writer};
use crate::table::ErrorFile;

/// So many rows, and the rest of the group of the last, are written and taken back together.
const ROWS: usize = 64;

/// Into spill runs: the rows that the rules touch, by group.
struct Grouping<'a> {
    registry: &'a Registry,
    dir: &'a SpillDir,
    runs: &'a Mutex<Vec<u32>>,
    /// The types of the file that the rules touch: those that end or mark, and those that they end.
    touched: &'a HashSet<String>,
    /// A row of the file proposes ends: the names on all papers of its people count, so that every row stands in the group of
    /// each of its holders, too.
    proposes: bool,
    unbound: &'a HashSet<u64>,
    items: Vec<Item>,
    sorter: Sorter,
    run_bytes: usize,
    block_bytes: usize,
}

/// A row of a group.
struct Row {
    group: [u8; 16],
    /// A run would bind it.
    bound: bool,
    /// The rules are asked about it here; else it is there for its names.
    asked: bool,
    item: Item,
}

impl Grouping<'_> {
    fn spill(&mut self) -> Result<()> {
        let run = self.sorter.spill(self.dir, self.registry.store().vault(), self.block_bytes)?;
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).extend(run);
        Ok(())
    }
}

impl Sink for Grouping<'_> {
    fn take(&mut self, item: Item) -> Result<()> {
        if self.proposes || self.touched.contains(&item.signed.type_code) {
            self.items.push(item);
        }
        Ok(())
    }

    fn batch_ended(&mut self, _: &mut BatchDone) -> Result<()> {
        let items: Vec<Item> = self.items.drain(..).collect();
        if items.is_empty() {
            return Ok(());
        }
        let (snapshot, touched, proposes) = (self.registry.snapshot(), self.touched, self.proposes);
        let groups: Vec<Vec<([u8; 16], bool)>> = self.registry.store().read_now(|reader| {
            let mut of = |item: &Item| groups(reader, &snapshot, item, (touched, proposes));
            items.iter().map(&mut of).collect()
        })?;
        for (item, groups) in items.iter().zip(groups) {
            let bound = !self.unbound.contains(&item.line);
            for (group, asked) in groups {
                let mut key: SortKey = item.sort_key();
                key.iter_mut().zip(group).for_each(|(place, byte)| *place = byte);
                self.sorter.push(key, |out| {
                    out.extend_from_slice(&key);
                    out.extend_from_slice(&[bound.into(), asked.into()]);
                    item.write(out)
                })?;
            }
        }
        if self.sorter.len() >= self.run_bytes { self.spill() } else { Ok(()) }
    }

    fn finish(mut self) -> Result<()> {
        self.spill()
    }
}

/// The groups of a row, each with whether the rules are asked about it there.
fn groups(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    item: &Item,
    (touched, proposes): (&HashSet<String>, bool),
) -> Result<Vec<([u8; 16], bool)>> {
    let mut groups = Vec::new();
    if touched.contains(&item.signed.type_code) {
        groups.push((group(reader, snapshot, item)?, true));
    }
    for seat in item.signed.seats.iter().filter(|_| proposes) {
        if let Some(own) = family(reader, seat.hk)?.iter().map(|key| *key.bytes()).min()
            && !groups.iter().any(|(group, _)| *group == own)
        {
            groups.push((own, false));
        }
    }
    Ok(groups)
}

/// The least key of those by which the rules find the record: of all its holders, or of its subject, each under all codes.
fn group(reader: &mut Reader<'_>, snapshot: &Snapshot, item: &Item) -> Result<[u8; 16]> {
    let signed = &item.signed;
    let by_all = is_found_by_all(snapshot, &signed.type_code);
    let subject = snapshot.catalog.type_of(&signed.type_code).and_then(|entry| entry.def().holders.first());
    let subject = subject.map(|role| role.role.as_str());
    let mut least = item.first_holder();
    for (at, seat) in signed.seats.iter().filter(|seat| by_all || subject == Some(&seat.role)).enumerate() {
        let own = family(reader, seat.hk)?.iter().map(|key| *key.bytes()).min();
        least = own.into_iter().chain((at > 0).then_some(least)).min().unwrap_or(least);
    }
    Ok(least)
}

/// The types of records that the issue of one of a type ends, or proposes to end.
fn ended_types(snapshot: &Snapshot, type_code: &str) -> Vec<String> {
    let Some(entry) = snapshot.catalog.type_of(type_code) else { return Vec::new() };
    let ended = ends::on_issue(entry).filter_map(|end| snapshot.catalog.type_by_slug(&end.ended));
    ended.map(|ended| ended.def().code.clone()).collect()
}

/// Whether the issue of a record of a type proposes ends: then the names on other papers of the person count.
fn is_proposing(snapshot: &Snapshot, type_code: &str) -> bool {
    snapshot.catalog.type_of(type_code).is_some_and(|entry| ends::proposing(entry).next().is_some())
}

/// Whether a rule that runs at an issue finds the records of a type by all their holders, and not by their subject alone.
fn is_found_by_all(snapshot: &Snapshot, type_code: &str) -> bool {
    let Some(entry) = snapshot.catalog.type_of(type_code) else { return false };
    let mut rules = ends::on_issue(entry).chain(ends::enders(snapshot, entry).map(|(_, end)| end));
    rules.any(|end| end.when == EndWhen::SameHolders)
}

impl Registry {
    /// Adds to a dry run what the rules would do, to the rows that would be bound and to what is on file.
    pub(super) fn rehearse(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        dir: &SpillDir,
        (types, unbound): (&BTreeSet<String>, &HashSet<u64>),
    ) -> Result<()> {
        let snapshot = self.snapshot();
        let rules = ends::touched_types(&snapshot);
        let mut touched: HashSet<String> =
            types.intersection(&rules.iter().cloned().collect()).cloned().collect();
        if touched.is_empty() {
            return Ok(());
        }
        let ended: Vec<String> = types.iter().flat_map(|code| ended_types(&snapshot, code)).collect();
        touched.extend(ended.into_iter().filter(|code| types.contains(code)));
        self.rehearse_groups(work, run, dir, (&touched, unbound))
    }

    fn rehearse_groups(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        dir: &SpillDir,
        (touched, unbound): (&HashSet<String>, &HashSet<u64>),
    ) -> Result<()> {
        let (limits, runs) = (work.options.limits, Mutex::new(Vec::new()));
        let snapshot = self.snapshot();
        let proposes = touched.iter().any(|code| is_proposing(&snapshot, code));
        let sink = || Grouping {
            registry: self,
            dir,
            runs: &runs,
            touched,
            proposes,
            unbound,
            items: Vec::new(),
            sorter: Sorter::default(),
            run_bytes: limits.run_bytes / work.threads(),
            block_bytes: limits.block_bytes,
        };
        // Counted and told already: only the rows are wanted.
        self.pump(work, &mut run.clone(), &mut ErrorFile::create(None)?, &sink)?;
        let mut runs = runs.into_inner().unwrap_or_else(PoisonError::into_inner);
        runs.sort_unstable();
        let vault = self.store().vault();
        let runs = merge::compact(dir, vault, runs, FAN_IN, limits.block_bytes)?;
        let (mut merge, rules) = (Merge::open(dir, vault, &runs)?, self.all_rules(&self.snapshot())?);
        let mut page: Vec<Row> = Vec::new();
        loop {
            let mut row = None;
            let more = merge.next(&mut |bytes| {
                row = Some(Row::read(bytes).ok_or_else(damaged)?);
                Ok(())
            })?;
            let row = row.filter(|_| more);
            let whole =
                row.as_ref().is_none_or(|row| page.last().is_some_and(|last| last.group != row.group));
            if whole && (row.is_none() || page.len() >= ROWS) && !page.is_empty() {
                let settled = self.rehearse_page(&rules, &mut page)?;
                settled.iter().for_each(|settled| settled.count(&mut run.body));
                page.clear();
            }
            match row {
                Some(row) => page.push(row),
                None => return Ok(()),
            }
        }
    }

    /// Writes some groups, settles them in the order of a real run, and takes everything back.
    fn rehearse_page(&self, rules: &Rules, page: &mut [Row]) -> Result<Vec<Settled>> {
        page.sort_unstable_by_key(|row| (row.group, row.item.sort_key()));
        self.refresh()?;
        self.store().ensure_seals(self.now())?;
        let mut settled = None;
        let taken_back = self.store().write_now(|writer| {
            settled = None;
            settled = Some(self.written_and_settled(writer, rules, page)?);
            Err::<(), _>(Error::new(Code::Internal, "a dry run is taken back"))
        });
        match (settled, taken_back) {
            (Some(settled), _) => Ok(settled),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok(Vec::new()),
        }
    }

    fn written_and_settled(
        &self,
        writer: &mut Writer<'_>,
        rules: &Rules,
        page: &[Row],
    ) -> Result<Vec<Settled>> {
        // A log that there is not: nothing of it can be taken for a leaf of another writer.
        let mut place = Place { log: String::new(), first: 0, at: self.now() };
        for row in page.iter().filter(|row| row.bound) {
            place = self.write_one(writer, &row.item, place)?;
        }
        let mut settled = Vec::with_capacity(page.len());
        for row in page.iter().filter(|row| row.asked) {
            let one = Note::of(&row.item)?.settle(writer, rules, &place)?;
            place = place.behind(one.entries.len());
            settled.push(one);
        }
        Ok(settled)
    }

    /// Stores one row as a run does; returns the place behind it.
    fn write_one(&self, writer: &mut Writer<'_>, item: &Item, place: Place) -> Result<Place> {
        let (store, signed) = (self.store(), &item.signed);
        let keys = signed.record_keys(item.record_id)?;
        let keys = keys.iter().map(|key| store.seal_key(key)).collect::<Result<Vec<_>>>()?;
        if writer.take_keys(&keys.iter().collect::<Vec<_>>())?.contains(&false) {
            // It stands in another group of the page, too, or somebody brought it meanwhile.
            return Ok(place);
        }
        let happened = item.happened("", place.at);
        let state_at = place.behind(1);
        let begun = begin::to_its_state(signed, place.at)?;
        let newest = if begun.is_some() { &state_at } else { &place };
        let (mut records, mut events) = (Vec::new(), Vec::new());
        for row in signed.rows(item.record_id, signed.begins(), item.origin.as_of, newest)? {
            records.push(store.seal_record(&row)?);
            events.push(store.seal_event(&happened.copy(row.hk, row.record_id, 1, &place))?);
            if let Some(begun) = &begun {
                events.push(store.seal_event(&begun.copy(row.hk, row.record_id, 2, &state_at))?);
            }
        }
        writer.insert_sealed_records(records)?;
        writer.insert_sealed_events(events)?;
        Ok(newest.behind(1))
    }
}

impl Row {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk::<{ size_of::<SortKey>() }>()?;
        let ([bound, asked], item) = rest.split_first_chunk()?;
        let group = *key.first_chunk()?;
        Some(Self { group, bound: *bound == 1, asked: *asked == 1, item: Item::read(item)? })
    }
}
