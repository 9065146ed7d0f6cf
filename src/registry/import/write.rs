//! Stage 2: one writer merges the runs and commits transactions of bounded size and time (I1).
//!
//! A thread ahead of the writer merges, and opens and seals keys. Within a transaction another thread seals
//! the records and events of one chunk, since their seals cover the leaf, while the rows of the chunk before
//! it are stored. A crash before a commit leaves nothing of the transaction; after it its rows, its leaves
//! and the position behind them are there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use crate::error::{Code, Error, Result};
use crate::record::state::State;
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::import::Stage;
use crate::registry::import::fates::{Fate, Fates, Ready, Since};
use crate::registry::import::merge::Merge;
use crate::registry::import::own::Following;
use crate::registry::import::pace;
use crate::registry::import::spill::SpillDir;
use crate::registry::import::state::Run;
use crate::registry::import::step::Bounds;
use crate::registry::import::step::Work;
use crate::registry::published::heartbeat::Fed;
use crate::registry::records::begin;
use crate::store::{Load, SealedEvent, SealedRecord, Store, Writer};
use crate::table::{ErrorFile, NamesDiffer, refused};

/// Items that go through a transaction together while no process serves.
const CHUNK: usize = 1000;

/// Items in merge order.
struct Chunk {
    items: Vec<Ready>,
    bytes: usize,
    /// Of the holders whose last item is in it: numbers with several names.
    names: NamesDiffer,
}

/// The place of a bound item in the log.
struct Bound {
    /// Its number in the chunk.
    at: usize,
    place: Place,
    /// The entry of the directory entry that gave way to it, behind its own.
    behind: Option<[u8; 32]>,
    /// The leaf of the event that brings it to the state on its face, behind these, if it does not begin in it.
    state: Option<Place>,
}

/// Rows of one chunk with their leaves.
#[derive(Default)]
struct Sealed {
    records: Vec<SealedRecord>,
    events: Vec<SealedEvent>,
    entries: Vec<[u8; 32]>,
}

type Sealing<'scope> = ScopedJoinHandle<'scope, Result<Sealed>>;

impl Registry {
    /// Merges and commits the rest of a run.
    pub(super) fn import_write(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        dir: &SpillDir,
        errors: &mut ErrorFile,
    ) -> Result<()> {
        let outcome = thread::scope(|scope| {
            let (chunks, ahead) = sync_channel(4);
            let (runs, merged) = (run.body.runs.clone(), run.body.merged);
            scope.spawn(move || {
                pace::lower_for_writing();
                if let Err(error) = self.prepare(work, dir, &runs, merged, &chunks) {
                    // Nobody receives it if the writer failed first.
                    drop(chunks.send(Err(error)));
                }
            });
            // A thread of its own, since a lowered priority cannot be raised again.
            let writing = scope.spawn(move || {
                pace::lower_for_writing();
                let mut merging = Merging {
                    registry: self,
                    actor: work.actor.label(),
                    queue: Queue { ahead, held: Vec::new(), ended: false },
                    errors,
                };
                while !merging.queue.ended {
                    let begun = Instant::now();
                    self.import_step(work, run, |run, bounds, writer, place| {
                        merging.transaction(run, bounds, writer, place)
                    })?;
                    merging.queue.held.clear();
                    work.tell(Stage::Writing, run.body.merged, run.body.items, run);
                    work.pace.wrote(begun.elapsed());
                }
                Ok(())
            });
            writing.join().unwrap_or_else(|_| Err(Error::internal("the writing thread ended unforeseen")))
        });
        self.store().write_now(|writer| writer.tune(Load::Single))?;
        outcome
    }

    /// Merges ahead of the writer and seals everything that needs no leaf.
    fn prepare(
        &self,
        work: &Work<'_>,
        dir: &SpillDir,
        runs: &[u32],
        merged: u64,
        chunks: &SyncSender<Result<Option<Chunk>>>,
    ) -> Result<()> {
        let (store, limits) = (self.store(), work.options.limits);
        let mut merge = Merge::open(dir, store.vault(), runs)?;
        merge.skip(merged)?;
        let mut following = Following::default();
        loop {
            let most = if work.pace.beside().served { limits.served_chunk } else { CHUNK };
            let mut chunk =
                Chunk { items: Vec::with_capacity(most), bytes: 0, names: NamesDiffer::default() };
            while chunk.items.len() < most && chunk.bytes < limits.transaction_bytes {
                let Some(item) = merge.item()? else {
                    following.end(&mut chunk.names);
                    break;
                };
                following.take(&item, &mut chunk.names);
                chunk.bytes += item.signed.envelope.len() * item.signed.seats.len() + 1024;
                let keys = item.signed.record_keys(item.record_id)?;
                let keys = keys.iter().map(|key| store.seal_key(key)).collect::<Result<Vec<_>>>()?;
                chunk.items.push(Ready { item, keys });
            }
            let last = chunk.items.is_empty() && chunk.names.numbers == 0;
            if chunks.send(Ok((!last).then_some(chunk))).is_err() || last {
                return Ok(());
            }
        }
    }
}

/// The writer's end of the merge.
struct Merging<'a> {
    registry: &'a Registry,
    actor: String,
    queue: Queue,
    errors: &'a mut ErrorFile,
}

/// The transaction so far.
struct Tally {
    /// The run as it will be.
    next: Run,
    /// Entries of the stored rows.
    entries: Vec<[u8; 32]>,
    /// Leaves that are given.
    leaves: usize,
}

impl Merging<'_> {
    /// The inside of a transaction: chunks until it has so many bytes or took so long, and the run as it will be.
    fn transaction(
        &mut self,
        run: &Run,
        bounds: Bounds,
        writer: &mut Writer<'_>,
        place: &Place,
    ) -> Result<(Run, Vec<[u8; 32]>)> {
        self.errors.rewind(run.body.error_bytes)?;
        let begun = Instant::now();
        let mut tally = Tally { next: run.clone(), entries: Vec::new(), leaves: 0 };
        let snapshot = self.registry.snapshot();
        let mut fates = Fates::new(&snapshot, Since::of(place, run.body.first_leaf));
        let (store, actor) = (self.registry.store(), self.actor.clone());
        thread::scope(|scope| -> Result<()> {
            let mut sealing: Option<Sealing<'_>> = None;
            let (mut at, mut bytes) = (0, 0);
            while at == 0 || bytes < bounds.bytes && begun.elapsed() < bounds.time {
                let Some(chunk) = self.queue.chunk(at)? else { break };
                at += 1;
                bytes += chunk.bytes;
                let bound = self.decide(&mut tally, &mut fates, writer, &chunk, place)?;
                let actor = &actor;
                let seal = scope.spawn(move || seal(store, &chunk, bound, actor));
                if let Some(before) = sealing.replace(seal) {
                    put(writer, before, &mut tally)?;
                }
            }
            sealing.map_or(Ok(()), |last| put(writer, last, &mut tally))
        })?;
        let Tally { mut next, entries, leaves } = tally;
        if self.errors.bytes() > run.body.error_bytes {
            self.errors.flush()?;
            next.body.error_bytes = self.errors.bytes();
        }
        next.body.logged(place, leaves);
        Ok((next, entries))
    }

    /// Counts the fates of the items of a chunk; returns the bound ones, each with its place.
    fn decide(
        &mut self,
        tally: &mut Tally,
        fates: &mut Fates<'_>,
        writer: &mut Writer<'_>,
        chunk: &Chunk,
        place: &Place,
    ) -> Result<Vec<Bound>> {
        let mut bound = Vec::with_capacity(chunk.items.len());
        let decided = fates.of(writer, &chunk.items)?;
        for (at, (ready, fate)) in chunk.items.iter().zip(decided).enumerate() {
            let counts = &mut tally.next.body.counts;
            match fate {
                Fate::Bound(listed) => {
                    counts.bound += 1;
                    let own = place.behind(tally.leaves);
                    tally.leaves += 1;
                    let mut behind = None;
                    if let Some(listed) = listed {
                        let (item, place) = (&ready.item, place.behind(tally.leaves));
                        let gone =
                            listed.give_way(writer, &item.signed, item.record_id, &self.actor, &place)?;
                        counts.taken_over += 1;
                        tally.leaves += 1;
                        behind = Some(gone);
                    }
                    let mut state = None;
                    if ready.item.signed.begins() != State::Active {
                        state = Some(place.behind(tally.leaves));
                        tally.leaves += 1;
                    }
                    bound.push(Bound { at, place: own, behind, state });
                }
                Fate::AlreadyThere => counts.already_there += 1,
                Fate::Refused(fault) => {
                    let fault = fault.called(&tally.next.body.called);
                    let counts = &mut tally.next.body.counts;
                    counts.refused += 1;
                    counts.clashes += u64::from(fault.code == Code::NumberClash);
                    refused::count(&mut tally.next.body.faults, &fault);
                    self.errors.write(&[fault])?;
                }
            }
        }
        tally.next.body.names.add(&chunk.names);
        tally.next.body.merged += chunk.items.len() as u64;
        fed(&mut tally.next.body.fed, chunk);
        Ok(bound)
    }
}

/// Notes whose stock of which type the items are.
fn fed(known: &mut BTreeSet<Fed>, chunk: &Chunk) {
    let mut last: Option<(&str, &str)> = None;
    for Ready { item, .. } in &chunk.items {
        let (type_code, issuer) = (item.signed.type_code.as_str(), item.signed.issuer.as_str());
        // Most files have one type of one issuer: it is compared and not made again.
        if last.replace((type_code, issuer)) != Some((type_code, issuer)) {
            known.insert(Fed { type_code: type_code.to_owned(), issuer: issuer.to_owned() });
        }
    }
}

/// Stores the rows that another thread has sealed.
fn put(writer: &mut Writer<'_>, sealing: Sealing<'_>, tally: &mut Tally) -> Result<()> {
    let ended = || Error::internal("a sealing thread ended unforeseen");
    let sealed = sealing.join().ok().ok_or_else(ended)??;
    writer.insert_sealed_records(sealed.records)?;
    writer.insert_sealed_events(sealed.events)?;
    tally.entries.extend(sealed.entries);
    Ok(())
}

/// Seals the rows of the items that are bound, each at its leaf.
fn seal(store: &Store, chunk: &Chunk, bound: Vec<Bound>, actor: &str) -> Result<Sealed> {
    let mut sealed = Sealed::default();
    for Bound { at, place, behind, state } in bound {
        let Some(Ready { item, .. }) = chunk.items.get(at) else { continue };
        let happened = item.happened(actor, place.at);
        sealed.entries.push(happened.entry());
        sealed.entries.extend(behind);
        let begun = begin::to_its_state(&item.signed, place.at)?.zip(state);
        sealed.entries.extend(begun.iter().map(|(begun, _)| begun.entry()));
        let newest = begun.as_ref().map_or(&place, |(_, place)| place);
        for row in item.signed.rows(item.record_id, item.signed.begins(), item.origin.as_of, newest)? {
            sealed.records.push(store.seal_record(&row)?);
            sealed.events.push(store.seal_event(&happened.copy(row.hk, row.record_id, 1, &place))?);
            if let Some((begun, place)) = &begun {
                sealed.events.push(store.seal_event(&begun.copy(row.hk, row.record_id, 2, place))?);
            }
        }
    }
    Ok(sealed)
}

/// Chunks that come, and those that the open transaction has taken: if it runs again it takes the same.
struct Queue {
    ahead: Receiver<Result<Option<Chunk>>>,
    held: Vec<Arc<Chunk>>,
    ended: bool,
}

impl Queue {
    fn chunk(&mut self, at: usize) -> Result<Option<Arc<Chunk>>> {
        if let Some(chunk) = self.held.get(at) {
            return Ok(Some(chunk.clone()));
        }
        if self.ended {
            return Ok(None);
        }
        let gone = || Error::internal("the merging thread ended unforeseen");
        match self.ahead.recv().ok().ok_or_else(gone)?? {
            Some(chunk) => {
                self.held.push(Arc::new(chunk));
                Ok(self.held.last().cloned())
            }
            None => {
                self.ended = true;
                Ok(None)
            }
        }
    }
}
