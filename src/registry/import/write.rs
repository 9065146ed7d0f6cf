//! Stage 2: one writer merges the runs and commits transactions of bounded size and time (I1).
//!
//! A thread ahead of the writer merges, opens and seals keys. Within a transaction records and events of one
//! chunk are sealed by another thread, since their seals cover the leaf, while the rows of the chunk before it
//! are stored. A crash before a commit leaves nothing of the transaction, after it its rows, its leaves and
//! the position behind them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Class, Code, Error, Result};
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::import::errors::{ErrorFile, RowFault};
use crate::registry::import::item::Item;
use crate::registry::import::merge::Merge;
use crate::registry::import::pace::{self, Pace};
use crate::registry::import::parse::Work;
use crate::registry::import::spill::SpillDir;
use crate::registry::import::state::Run;
use crate::registry::import::{ImportProgress, Limits, Stage};
use crate::rule::Rule;
use crate::store::{Load, SealedEvent, SealedKey, SealedRecord, Store, Writer};

/// Items that go through a transaction together while nobody serves.
const CHUNK: usize = 1000;
/// How often a transaction is tried while the database does not answer.
const TRIES: u32 = 5;

/// An item with the rows that need no leaf.
struct Ready {
    item: Item,
    keys: Vec<SealedKey>,
}

/// Items in merge order.
struct Chunk {
    items: Vec<Ready>,
    bytes: usize,
}

/// What became of an item.
enum Fate {
    Bound,
    AlreadyThere,
    Refused(RowFault),
}

/// Rows of one chunk with their leaves.
#[derive(Default)]
struct Sealed {
    records: Vec<SealedRecord>,
    events: Vec<SealedEvent>,
    entries: Vec<[u8; 32]>,
}

/// The fault of a row whose number stands on another face.
pub(super) fn clash(line: u64) -> RowFault {
    let field = Some("number".to_owned());
    RowFault { line, code: Code::NumberClash, field, rule: Some(Rule::NumberClash) }
}

impl Registry {
    /// Merges and commits what is left of a run.
    pub(super) fn import_write(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        dir: &SpillDir,
        errors: &mut ErrorFile,
    ) -> Result<()> {
        let actor = work.actor.label();
        let outcome = thread::scope(|scope| {
            let (chunks, ahead) = sync_channel(4);
            let (runs, merged) = (run.body.runs.clone(), run.body.merged);
            let (limits, pace) = (work.options.limits, work.pace);
            scope.spawn(move || {
                pace::lower_for_writing();
                if let Err(error) = prepare(self.store(), dir, &runs, merged, &chunks, limits, pace) {
                    // Nobody hears it where the writer failed first.
                    drop(chunks.send(Err(error)));
                }
            });
            // A thread of its own, since a lowered priority cannot be raised again.
            let writing = scope.spawn(move || {
                pace::lower_for_writing();
                let mut queue = Queue { ahead, held: Vec::new(), ended: false };
                while !queue.ended {
                    let begun = Instant::now();
                    self.commit_some(work, run, &actor, &mut queue, errors)?;
                    pace.wrote(begun.elapsed());
                }
                Ok(())
            });
            writing.join().unwrap_or_else(|_| Err(Error::internal("the writing thread ended unforeseen")))
        });
        self.store().write_now(|writer| writer.tune(Load::Single))?;
        outcome
    }

    /// One transaction, tried again while the database does not answer or its commit is in doubt.
    fn commit_some(
        &self,
        work: &Work<'_>,
        run: &mut Run,
        actor: &str,
        queue: &mut Queue,
        errors: &mut ErrorFile,
    ) -> Result<()> {
        let limits = work.options.limits;
        let served = work.pace.beside().served;
        let (load, most) = match served {
            true => (Load::BulkBeside, limits.transaction_time),
            false => (Load::Bulk, limits.alone_time),
        };
        let limits = (limits.transaction_bytes, most);
        let mut tries = 0;
        loop {
            // A key that was revoked since the rows were signed signs nothing more.
            self.refresh()?;
            let mut attempted = None;
            let outcome = self.log_records(|writer, place| {
                writer.tune(load)?;
                errors.rewind(run.body.error_bytes)?;
                let (next, entries) = self.merge_some(run, actor, queue, errors, writer, place, limits)?;
                attempted = Some(next.clone());
                writer.put_import_run(&next.row()?)?;
                Ok((next, entries))
            });
            let committed = match outcome {
                Ok(next) => Some(next),
                Err(error) if error.code.class() == Class::Unavailable && tries < TRIES => {
                    tries += 1;
                    thread::sleep(Duration::from_millis(100 << tries));
                    // The commit may have been stored all the same: the run's own row tells.
                    let stored = self.stored_run(&run.id)?;
                    attempted.filter(|next| stored.as_ref() == Some(next) && next != run)
                }
                Err(error) => return Err(error),
            };
            if let Some(next) = committed {
                *run = next;
                queue.held.clear();
                (work.progress)(ImportProgress {
                    stage: Stage::Writing,
                    done: run.body.merged,
                    total: run.body.items,
                    counts: run.body.counts,
                });
                return Ok(());
            }
        }
    }

    /// The inside of a transaction: chunks until it has so many bytes or took so long, and the run as it will be.
    #[expect(clippy::too_many_arguments, reason = "the parts of one transaction")]
    fn merge_some(
        &self,
        run: &Run,
        actor: &str,
        queue: &mut Queue,
        errors: &mut ErrorFile,
        writer: &mut Writer<'_>,
        place: &Place,
        (most_bytes, most_time): (usize, Duration),
    ) -> Result<(Run, Vec<[u8; 32]>)> {
        let begun = Instant::now();
        let mut next = run.clone();
        let (mut leaf, mut bytes, mut at) = (place.first, 0, 0);
        let mut entries = Vec::new();
        thread::scope(|scope| -> Result<()> {
            let mut sealing: Option<thread::ScopedJoinHandle<'_, Result<Sealed>>> = None;
            let mut store =
                |writer: &mut Writer<'_>, sealed: thread::ScopedJoinHandle<'_, Result<Sealed>>| {
                    let ended = || Error::internal("a sealing thread ended unforeseen");
                    let sealed = sealed.join().ok().ok_or_else(ended)??;
                    writer.insert_sealed_records(sealed.records)?;
                    writer.insert_sealed_events(sealed.events)?;
                    entries.extend(sealed.entries);
                    Result::Ok(())
                };
            let full = |bytes: usize| bytes >= most_bytes || begun.elapsed() >= most_time;
            while at == 0 || !full(bytes) {
                let Some(chunk) = queue.chunk(at)? else { break };
                at += 1;
                bytes += chunk.bytes;
                let fates = self.fates(writer, &chunk)?;
                let mut bound = Vec::new();
                for (index, fate) in fates.into_iter().enumerate() {
                    let counts = &mut next.body.counts;
                    match fate {
                        Fate::Bound => {
                            counts.bound += 1;
                            bound.push((index, leaf));
                            leaf += 1;
                        }
                        Fate::AlreadyThere => counts.already_there += 1,
                        Fate::Refused(fault) => {
                            counts.refused += 1;
                            counts.clashes += u64::from(fault.code == Code::NumberClash);
                            errors.write(&[fault])?;
                        }
                    }
                }
                next.body.merged += chunk.items.len() as u64;
                let seal = scope.spawn(move || seal(self.store(), &chunk, &bound, actor, place));
                if let Some(before) = sealing.replace(seal) {
                    store(writer, before)?;
                }
            }
            match sealing {
                Some(last) => store(writer, last),
                None => Ok(()),
            }
        })?;
        if errors.len() > run.body.error_bytes {
            errors.flush()?;
            next.body.error_bytes = errors.len();
        }
        if leaf > place.first {
            next.body.log = Some(place.log.clone());
            next.body.first_leaf.get_or_insert(place.first);
            next.body.last_leaf = Some(leaf - 1);
        }
        Ok((next, entries))
    }

    /// Takes the keys of a chunk and tells what becomes of each item: keys that are taken by the same content
    /// make it one that is there, any other content makes it a clash.
    fn fates(&self, writer: &mut Writer<'_>, chunk: &Chunk) -> Result<Vec<Fate>> {
        let snapshot = self.snapshot();
        let revoked: HashSet<[u8; 32]> = snapshot
            .keys
            .all()
            .into_iter()
            .filter(|key| key.revoked.is_some())
            .map(|key| *key.kid().bytes())
            .collect();
        let mut fates: Vec<Option<Fate>> = chunk
            .items
            .iter()
            .map(|ready| {
                revoked.contains(&ready.item.kid).then(|| {
                    let error = Error::new(Code::EnvelopeInvalid, "").rule(Rule::KeyRevoked);
                    Fate::Refused(RowFault::new(ready.item.line, &error))
                })
            })
            .collect();
        loop {
            let undecided: Vec<usize> =
                fates.iter().enumerate().filter(|(_, fate)| fate.is_none()).map(|(at, _)| at).collect();
            if undecided.is_empty() {
                break;
            }
            let mut progress = false;
            // In the order of the keys: neighbours in one page are written together. Of two rows of one file with
            // the same key the one that comes first in the merge is bound.
            let mut wanted: Vec<(&SealedKey, usize)> = undecided
                .iter()
                .filter_map(|at| chunk.items.get(*at).map(|ready| (*at, ready)))
                .flat_map(|(at, ready)| ready.keys.iter().map(move |key| (key, at)))
                .collect();
            wanted.sort_by(|a, b| a.0.key().cmp(b.0.key()).then(a.1.cmp(&b.1)));
            let keys: Vec<&SealedKey> = wanted.iter().map(|(key, _)| *key).collect();
            let free = writer.take_keys(&keys)?;
            let refused: HashSet<usize> =
                wanted.iter().zip(&free).filter(|(_, free)| !**free).map(|((_, at), _)| *at).collect();
            // An item that got one key and not the other gives it back.
            let back: Vec<&SealedKey> = wanted
                .iter()
                .zip(&free)
                .filter(|((_, at), free)| **free && refused.contains(at))
                .map(|((key, _), _)| *key)
                .collect();
            writer.release_keys(&back)?;
            let asked: Vec<[u8; 16]> = refused
                .iter()
                .filter_map(|at| chunk.items.get(*at))
                .flat_map(|ready| ready.item.keys.iter().copied())
                .collect();
            let found = writer.record_keys(&asked)?;
            for at in undecided {
                let (Some(ready), Some(fate)) = (chunk.items.get(at), fates.get_mut(at)) else { continue };
                if !refused.contains(&at) {
                    *fate = Some(Fate::Bound);
                } else {
                    let there =
                        ready.item.keys.iter().find_map(|key| found.iter().find(|there| there.key == *key));
                    let Some(there) = there else { continue };
                    *fate = Some(if there.content == ready.item.content.0 {
                        Fate::AlreadyThere
                    } else {
                        Fate::Refused(clash(ready.item.line))
                    });
                }
                progress = true;
            }
            if !progress {
                // The row is taken and does not open: fsck names it.
                return Err(Error::new(Code::RecordDamaged, "a key row does not open"));
            }
        }
        Ok(fates.into_iter().flatten().collect())
    }
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

/// Merges ahead of the writer and seals what needs no leaf.
fn prepare(
    store: &Store,
    dir: &SpillDir,
    runs: &[u32],
    merged: u64,
    chunks: &SyncSender<Result<Option<Chunk>>>,
    limits: Limits,
    pace: &Pace<'_>,
) -> Result<()> {
    let mut merge = Merge::open(dir, store.vault(), runs)?;
    merge.skip(merged)?;
    loop {
        let most = if pace.beside().served { limits.served_chunk } else { CHUNK };
        let mut chunk = Chunk { items: Vec::with_capacity(most), bytes: 0 };
        while chunk.items.len() < most && chunk.bytes < limits.transaction_bytes {
            let Some(item) = merge.item()? else { break };
            chunk.bytes += item.envelope.len() * item.holders.len() + 1024;
            let keys = item.record_keys().map(|key| store.seal_key(&key)).collect::<Result<Vec<_>>>()?;
            chunk.items.push(Ready { item, keys });
        }
        let last = chunk.items.is_empty();
        if chunks.send(Ok((!last).then_some(chunk))).is_err() || last {
            return Ok(());
        }
    }
}

/// Seals the rows of the items that are bound, each at its leaf.
fn seal(store: &Store, chunk: &Chunk, bound: &[(usize, u64)], actor: &str, place: &Place) -> Result<Sealed> {
    let mut sealed = Sealed::default();
    for (at, leaf) in bound {
        let Some(Ready { item, .. }) = chunk.items.get(*at) else { continue };
        let event = item.event(actor, place.at).to_canonical();
        sealed.entries.push(crate::log::hash::sha256(&event));
        for row in item.rows(place, *leaf) {
            sealed.records.push(store.seal_record(&row)?);
        }
        for row in item.event_rows(place, *leaf, &event) {
            sealed.events.push(store.seal_event(&row)?);
        }
    }
    Ok(sealed)
}
