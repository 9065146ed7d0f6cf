//! The fate of each item of a chunk, within the transaction that writes it.

use std::collections::{HashMap, HashSet};

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::after_end;
use crate::registry::holders::names;
use crate::registry::import::item::Item;
use crate::registry::records::ends;
use crate::registry::records::hosted::{self, Listed};
use crate::rule::Rule;
use crate::store::{Reader, RecordKey, SealedKey, StoredRecord, Writer};
use crate::table::RowFault;
use crate::trust::{HolderKey, IndexKey};

/// An item with the rows that need no leaf.
pub(super) struct Ready {
    pub item: Item,
    pub keys: Vec<SealedKey>,
}

/// The fate of an item.
pub(super) enum Fate {
    /// It is stored; the directory entry of its number, if there is one, gives way to it.
    Bound(Option<Box<Listed>>),
    AlreadyThere,
    Refused(RowFault),
}

/// Decides, for the length of one transaction.
pub(super) struct Fates<'a> {
    snapshot: &'a Snapshot,
    since: Since,
    revoked: HashSet<[u8; 32]>,
    /// The types that have directory entries at all, as far as it was asked.
    listing: HashMap<String, bool>,
}

/// Since when the rows of a run are in the log. What the run itself brought says nothing about the names of another row: the
/// rules hold its rows against each other when all are there, in whatever portions they were written.
pub(super) struct Since {
    now: Moment,
    log: String,
    first: u64,
}

impl Since {
    /// Of a transaction of a run whose first leaf is known, if there is one.
    pub fn of(place: &Place, first: Option<u64>) -> Self {
        Self { now: place.at, log: place.log.clone(), first: first.unwrap_or(place.first) }
    }

    /// Before any row was written.
    pub fn never(now: Moment) -> Self {
        Self { now, log: String::new(), first: u64::MAX }
    }

    fn was_before(&self, row: &StoredRecord) -> bool {
        row.log != self.log || row.leaf < self.first
    }
}

impl<'a> Fates<'a> {
    /// As the keys and the catalog stand.
    pub fn new(snapshot: &'a Snapshot, since: Since) -> Self {
        let keys = snapshot.keys.all().into_iter().filter(|key| key.revoked.is_some());
        let revoked = keys.map(|key| *key.kid().bytes()).collect();
        Self { snapshot, since, revoked, listing: HashMap::new() }
    }

    /// Takes the keys of the items and decides about each: keys taken by the same content make it an item
    /// that is already there; any other content makes it a clash.
    pub fn of(&mut self, writer: &mut Writer<'_>, items: &[Ready]) -> Result<Vec<Fate>> {
        let revoked = |ready: &Ready| {
            let error = Error::new(Code::EnvelopeInvalid, "").rule(Rule::KeyRevoked);
            let revoked = self.revoked.contains(&ready.item.kid);
            revoked.then(|| Fate::Refused(RowFault::new(ready.item.line, &error)))
        };
        let mut open: Vec<Option<Fate>> = items.iter().map(revoked).collect();
        loop {
            self.twins(writer, items, &mut open)?;
            while open.iter().any(Option::is_none) {
                take_keys(writer, self.snapshot, items, &mut open)?;
            }
            let had: Vec<bool> = open.iter().map(|fate| matches!(fate, Some(Fate::Bound(_)))).collect();
            let mut fates: Vec<Fate> = open.into_iter().flatten().collect();
            self.listed(writer, items, &mut fates)?;
            self.endings(writer, items, &mut fates)?;
            self.after_ends(writer, items, &mut fates)?;
            let lost = |(fate, had): (&Fate, &bool)| *had && matches!(fate, Fate::Refused(_));
            let lost: Vec<bool> = fates.iter().zip(&had).map(lost).collect();
            if !lost.contains(&true) {
                return Ok(fates);
            }
            let free = self.given_back(items, &lost, writer.index());
            open = fates.into_iter().map(Some).collect();
            if !self.reopen(items, &mut open, &free, writer.index()) {
                return Ok(open.into_iter().flatten().collect());
            }
        }
    }

    /// The keys that refused items gave back.
    fn given_back(&self, items: &[Ready], lost: &[bool], index: &IndexKey) -> HashSet<[u8; 16]> {
        let lost = items.iter().zip(lost).filter(|(_, lost)| **lost);
        let keys = lost.map(|(ready, _)| &ready.item.signed);
        keys.flat_map(|signed| signed.keys.iter().copied().chain(signed.twins(self.snapshot, index)))
            .collect()
    }

    /// Asks anew about the items that stood behind one that gave its keys back: in another portion they would be bound.
    fn reopen(
        &self,
        items: &[Ready],
        fates: &mut [Option<Fate>],
        free: &HashSet<[u8; 16]>,
        index: &IndexKey,
    ) -> bool {
        let mut any = false;
        for (ready, fate) in items.iter().zip(fates) {
            let behind = match fate {
                Some(Fate::AlreadyThere) => true,
                Some(Fate::Refused(fault)) => fault.code == Code::NumberClash,
                _ => false,
            };
            let signed = &ready.item.signed;
            let waits = |key: &[u8; 16]| free.contains(key);
            if behind
                && (signed.keys.iter().any(waits) || signed.twins(self.snapshot, index).iter().any(waits))
            {
                *fate = None;
                any = true;
            }
        }
        any
    }

    /// Finds the items without a number that are there under another version of their type, or come before in the chunk.
    fn twins(&self, writer: &mut Writer<'_>, items: &[Ready], fates: &mut [Option<Fate>]) -> Result<()> {
        let mut before: HashSet<[u8; 16]> = HashSet::new();
        for (ready, fate) in items.iter().zip(fates) {
            let signed = &ready.item.signed;
            let twins = signed.twins(self.snapshot, writer.index());
            if fate.is_none() && !twins.is_empty() {
                let there = writer.record_keys(&twins)?;
                let here = there.iter().any(|there| signed.is_content(self.snapshot, &there.content));
                if here || twins.iter().any(|twin| before.contains(twin)) {
                    *fate = Some(Fate::AlreadyThere);
                    continue;
                }
                before.extend(signed.keys.last());
            }
        }
        Ok(())
    }

    /// Refuses the items that tell of days after the end of a holder; they give their keys back. One question finds the
    /// holders of whom anything is marked or linked: nearly every row has none.
    fn after_ends(&self, writer: &mut Writer<'_>, items: &[Ready], fates: &mut [Fate]) -> Result<()> {
        let bound = |(_, fate): &(&Ready, &Fate)| matches!(fate, Fate::Bound(_));
        let holders = items.iter().zip(fates.iter()).filter(bound);
        let holders: Vec<HolderKey> = holders.flat_map(|(ready, _)| ready.item.signed.holders()).collect();
        let told = writer.holders_told(&holders)?;
        for (ready, fate) in items.iter().zip(fates) {
            if matches!(fate, Fate::Bound(_))
                && ready.item.signed.seats.iter().any(|seat| told.contains(&seat.hk))
                && let Some(fault) = after_end(writer, self.snapshot, &ready.item, self.since.now)?
            {
                writer.release_keys(&ready.keys.iter().collect::<Vec<_>>())?;
                *fate = Fate::Refused(fault);
            }
        }
        Ok(())
    }

    /// Refuses the items that would end a certificate on which a holder has another name; they give their keys back.
    fn endings(&self, writer: &mut Writer<'_>, items: &[Ready], fates: &mut [Fate]) -> Result<()> {
        for (ready, fate) in items.iter().zip(fates) {
            if matches!(fate, Fate::Bound(_))
                && let Some(fault) = wrong_names(writer, self.snapshot, &ready.item, &self.since)?
            {
                writer.release_keys(&ready.keys.iter().collect::<Vec<_>>())?;
                *fate = Fate::Refused(fault);
            }
        }
        Ok(())
    }

    /// Finds the directory entries that give way. If one may not, the item is refused and gives its keys
    /// back.
    fn listed(&mut self, writer: &mut Writer<'_>, items: &[Ready], fates: &mut [Fate]) -> Result<()> {
        let mut asked: HashMap<[u8; 16], usize> = HashMap::new();
        for (at, (ready, fate)) in items.iter().zip(fates.iter()).enumerate() {
            if matches!(fate, Fate::Bound(_)) && self.lists(writer, &ready.item.signed.type_code)? {
                asked.extend(ready.item.signed.listed_key(writer.index()).map(|key| (key, at)));
            }
        }
        if asked.is_empty() {
            return Ok(());
        }
        let keys: Vec<[u8; 16]> = asked.keys().copied().collect();
        for known in writer.record_keys(&keys)? {
            let at = asked.get(&known.key).copied();
            let Some((ready, fate)) = at.and_then(|at| items.get(at).zip(fates.get_mut(at))) else {
                continue;
            };
            *fate = match entry(writer, &known, &ready.item)? {
                Displaced::GivesWay(listed) => Fate::Bound(Some(listed)),
                Displaced::Refuses(fault) => {
                    writer.release_keys(&ready.keys.iter().collect::<Vec<_>>())?;
                    Fate::Refused(fault)
                }
            };
        }
        Ok(())
    }

    /// Whether there is any directory entry of a type: most types have none, and then no row asks for its own.
    fn lists(&mut self, writer: &mut Writer<'_>, type_code: &str) -> Result<bool> {
        if let Some(lists) = self.listing.get(type_code) {
            return Ok(*lists);
        }
        let lists = writer.lists(type_code)?;
        self.listing.insert(type_code.to_owned(), lists);
        Ok(lists)
    }
}

/// The fault of an item that would end a certificate on which a holder has another name.
fn wrong_names(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    item: &Item,
    since: &Since,
) -> Result<Option<RowFault>> {
    let before = |row: &StoredRecord| since.was_before(row);
    let differing = ends::differing(reader, snapshot, &item.signed, (since.now, &before))?;
    Ok(differing.then(|| RowFault::new(item.line, &names::ended_name())))
}

/// The fault of an item against what is on file of its holders: their names, and their ends.
pub(super) fn untrue(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    item: &Item,
    now: Moment,
) -> Result<Option<RowFault>> {
    match wrong_names(reader, snapshot, item, &Since::never(now))? {
        Some(fault) => Ok(Some(fault)),
        None => after_end(reader, snapshot, item, now),
    }
}

/// The fault of an item that tells of a day after the end of a holder.
fn after_end(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    item: &Item,
    now: Moment,
) -> Result<Option<RowFault>> {
    match after_end::refuse(reader, snapshot, &item.signed.told(), now.day()) {
        Ok(()) => Ok(None),
        Err(error) if error.rule == Some(Rule::DateAfterEnd) => Ok(Some(RowFault::new(item.line, &error))),
        Err(error) => Err(error),
    }
}

/// The directory entry with the number of an item.
pub(super) enum Displaced {
    GivesWay(Box<Listed>),
    /// It may not give way, and so the item is refused.
    Refuses(RowFault),
}

/// The effect of the entry, whose key row is `known`, on the item.
pub(super) fn entry(reader: &mut Reader<'_>, known: &RecordKey, item: &Item) -> Result<Displaced> {
    match hosted::of_key(reader, known) {
        Ok(listed) => Ok(Displaced::GivesWay(Box::new(listed))),
        Err(error)
            if matches!(error.code, Code::ActionForbidden | Code::NumberClash | Code::RecordDamaged) =>
        {
            Ok(Displaced::Refuses(RowFault::new(item.line, &error)))
        }
        Err(error) => Err(error),
    }
}

/// One round: takes the free keys, and decides about the others.
fn take_keys(
    writer: &mut Writer<'_>,
    snapshot: &Snapshot,
    items: &[Ready],
    fates: &mut [Option<Fate>],
) -> Result<()> {
    let undecided: Vec<usize> =
        fates.iter().enumerate().filter(|(_, fate)| fate.is_none()).map(|(at, _)| at).collect();
    // In the order of the keys: neighbours in one page are written together. Of two rows of one file with
    // the same key the one that comes first in the merge is bound.
    let mut wanted: Vec<(&SealedKey, usize)> = undecided
        .iter()
        .filter_map(|at| items.get(*at).map(|ready| (*at, ready)))
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
        .filter_map(|at| items.get(*at))
        .flat_map(|ready| ready.item.signed.keys.iter().copied())
        .collect();
    let found = writer.record_keys(&asked)?;
    let mut progress = false;
    for at in undecided {
        let (Some(ready), Some(fate)) = (items.get(at), fates.get_mut(at)) else { continue };
        if refused.contains(&at) {
            let signed = &ready.item.signed;
            let there = signed.keys.iter().find_map(|key| found.iter().find(|there| there.key == *key));
            let Some(there) = there else { continue };
            *fate = Some(match signed.is_content(snapshot, &there.content) {
                true => Fate::AlreadyThere,
                false => Fate::Refused(RowFault::clash(ready.item.line)),
            });
        } else {
            *fate = Some(Fate::Bound(None));
        }
        progress = true;
    }
    match progress {
        true => Ok(()),
        // The row is taken and does not open: fsck names it.
        false => Err(Error::new(Code::RecordDamaged, "a key row does not open")),
    }
}
