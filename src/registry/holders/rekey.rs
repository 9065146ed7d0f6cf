//! Keys of an earlier form: the number of a travel permit with its count of renewals was a key of its own, so that one
//! person was as many as it had permits. As long as all of them are four codes at most, the rows stay where they are, and
//! a link, signed by the registry, leads from each such key to the one that all permits of the person have now. Beyond
//! that a lookup would not follow them (I8): the records move to the key of today, under an order of the same form, and
//! the link that says so is followed by the list of who looked alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Map;

use crate::clock::Day;
use crate::error::{Error, Result};
use crate::identity::{CodeType, HolderCode};
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::event::HolderAction;
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::linked::{MAX_KEYS, Reach, walk};
use crate::registry::base::names::RULE;
use crate::registry::base::order::{self, Subject, Terms};
use crate::registry::holders::mark::{Noted, stored};
use crate::store::{HolderState, Link, LinkKind, Opened, Reader, RecordKey, StoredRecord, Writer};
use crate::trust::{HolderKey, SigningKey};

/// Rows of one step of the walk.
const PAGE: i64 = 500;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Rekeyed {
    /// Keys of the earlier form under which there are records.
    pub found: u64,
    /// Of these, linked to the key of the person now.
    pub linked: u64,
    /// Of these, those whose records were moved to the key of the person.
    pub moved: u64,
    /// Linked before.
    pub already: u64,
    /// Left as they were: they have marks or links of their own, and with them more than four codes would be of one
    /// holder; or their records changed meanwhile, and another run brings them along.
    pub left: u64,
}

/// The two keys of one code, and the records under the earlier one.
struct Former {
    code: HolderCode,
    hk: HolderKey,
    now: HolderKey,
    records: BTreeSet<[u8; 16]>,
}

/// The keyed hashes of each record that may move.
type KeysOf = BTreeMap<[u8; 16], Vec<[u8; 16]>>;

impl Registry {
    /// Brings keys of the earlier form to the keys of today. Blocks. It may run again: what is brought stays so.
    ///
    /// # Errors
    /// `forbidden`; faults of the database. What was done before the error stays.
    pub fn rekey_holders(&self, actor: &Actor) -> Result<Rekeyed> {
        decide_scope(actor, Scope::Holder).required()?;
        let mut done = Rekeyed::default();
        let (mut linked, mut crowded) = (Vec::new(), Vec::new());
        for formers in self.formers()?.into_values() {
            done.found += formers.len() as u64;
            let fit = self.store().read_now(|reader| fit(reader, &formers))?;
            if fit { &mut linked } else { &mut crowded }.extend(formers);
        }
        let keys = self.keys_of(&crowded)?;
        let signing = self.registry_key()?;
        for (former, fits) in
            linked.iter().map(|one| (one, true)).chain(crowded.iter().map(|one| (one, false)))
        {
            let outcome = self.log_records(|writer, place| {
                if fits || has_facts(writer, former)? {
                    link(writer, place, former, &signing)
                } else {
                    move_records(writer, place, former, &keys, &signing)
                }
            })?;
            match outcome {
                Outcome::Linked => done.linked += 1,
                Outcome::Moved => done.moved += 1,
                Outcome::Already => done.already += 1,
                Outcome::Left => done.left += 1,
            }
        }
        Ok(done)
    }

    /// The keys of the earlier form under which there are records, by the person's key of today; those with marks or links
    /// of their own first, since only a link brings these along.
    fn formers(&self) -> Result<BTreeMap<[u8; 16], Vec<Former>>> {
        let (mut found, mut after) = (BTreeMap::<[u8; 16], Former>::new(), None);
        loop {
            let (page, next) = self.store().read_now(|reader| {
                let (rows, next) = reader.walk_records(false, after.as_ref(), PAGE)?;
                let page = rows.iter().filter_map(|row| former(reader, row)).collect::<Vec<_>>();
                Ok((page, next))
            })?;
            for (former, record_id) in page {
                found.entry(*former.hk.bytes()).or_insert(former).records.insert(record_id);
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let mut people = BTreeMap::<[u8; 16], Vec<(bool, Former)>>::new();
        for former in found.into_values() {
            let facts = self.store().read_now(|reader| has_facts(reader, &former))?;
            people.entry(*former.now.bytes()).or_default().push((!facts, former));
        }
        let sorted = people.into_iter().map(|(now, mut formers)| {
            formers.sort_by_key(|(plain, _)| *plain);
            (now, formers.into_iter().map(|(_, former)| former).collect())
        });
        Ok(sorted.collect())
    }

    /// The keyed hashes that lead to the records of these keys: one walk over all of them, where there is any to move.
    fn keys_of(&self, formers: &[Former]) -> Result<KeysOf> {
        let mut keys: KeysOf =
            formers.iter().flat_map(|former| &former.records).map(|record| (*record, Vec::new())).collect();
        let mut after: Option<Vec<u8>> = None;
        while !keys.is_empty() {
            let page = self.store().read_now(|reader| reader.walk_record_keys(after.as_deref(), PAGE))?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for found in page.into_iter().filter_map(|(_, found)| found) {
                if let Some(known) = keys.get_mut(&found.record_id) {
                    known.push(found.key);
                }
            }
        }
        Ok(keys)
    }
}

enum Outcome {
    Linked,
    Moved,
    Already,
    Left,
}

/// Whether a link joins two keys of one code: one of an earlier form, and that of today.
pub(in crate::registry) fn of_one_code(code: &HolderCode, link: &Link) -> bool {
    let other = link.code_type.parse().ok().and_then(|of| HolderCode::parse(of, &link.code).ok());
    other.is_some_and(|other| other.code.same_key(code))
}

/// The keys of a row's holder, if the row stands under the earlier one, and the record.
fn former(reader: &Reader<'_>, row: &Opened) -> Option<(Former, [u8; 16])> {
    let Opened::Record(row) = row else { return None };
    let code_type: CodeType = row.body.holder.0.parse().ok()?;
    let code = HolderCode::parse(code_type, &row.body.holder.1).ok()?.code;
    let index = reader.index();
    let hk = index.holder_key(code.key_type(), code.former_key_code()?);
    let now = index.holder_key(code.key_type(), code.key_code());
    (hk == row.hk).then_some((Former { code, hk, now, records: BTreeSet::new() }, row.record_id))
}

/// Whether something is stated of the earlier key itself.
fn has_facts(reader: &mut Reader<'_>, former: &Former) -> Result<bool> {
    let row = reader.holder(&former.hk)?;
    Ok(row.is_some_and(|row| row.state != HolderState::Normal || !row.body.links.is_empty()))
}

/// Whether all codes of a person, those of the earlier form among them, are as many as a lookup follows.
fn fit(reader: &mut Reader<'_>, formers: &[Former]) -> Result<bool> {
    let mut all = BTreeSet::new();
    for key in formers.iter().flat_map(|former| [former.now, former.hk]) {
        let walked = walk(reader, key, Reach::ALL, |_| ())?.sure()?;
        all.extend(walked.iter().map(|key| *key.bytes()));
    }
    Ok(all.len() <= MAX_KEYS)
}

/// Moves the records under the earlier key to that of today. Nothing is written unless all can move.
fn move_records(
    writer: &mut Writer<'_>,
    place: &Place,
    former: &Former,
    keys: &KeysOf,
    signing: &SigningKey,
) -> Result<(Outcome, Vec<[u8; 32]>)> {
    let mut rows: Vec<(StoredRecord, Vec<RecordKey>)> = Vec::new();
    // Nothing new comes under a key of an earlier form: these are all.
    for record_id in &former.records {
        let Some(Opened::Record(row)) = writer.record(&former.hk, record_id)? else {
            return Ok((Outcome::Left, Vec::new()));
        };
        let known = keys.get(&row.record_id).map(Vec::as_slice).unwrap_or_default();
        // A version that came since the keys were gathered has keys of its own.
        let newest = writer.index().identifier_key(&row.body.identifier);
        if !known.contains(&newest) || writer.record(&former.now, &row.record_id)?.is_some() {
            return Ok((Outcome::Left, Vec::new()));
        }
        let mut leading = Vec::with_capacity(known.len());
        for key in known {
            leading.extend(writer.record_key(key)?);
        }
        rows.push((*row, leading));
    }
    for (row, leading) in rows {
        for mut key in leading {
            key.holders
                .iter_mut()
                .filter(|holder| **holder == former.hk)
                .for_each(|holder| *holder = former.now);
            writer.replace_record_key(&key)?;
        }
        writer.move_record(&row, former.now)?;
    }
    let ground = "同一通行证的换证次数不再计入主键，证照移至该人的主键下";
    let entries = join(writer, place, (former, LinkKind::Moved, ground), signing)?;
    Ok((Outcome::Moved, entries))
}

fn link(
    writer: &mut Writer<'_>,
    place: &Place,
    former: &Former,
    key: &SigningKey,
) -> Result<(Outcome, Vec<[u8; 32]>)> {
    let Former { code, hk, now, .. } = former;
    let older = stored(writer, *hk, code)?;
    if older.body.links.iter().any(|link| link.outward && link.key_code == code.key_code()) {
        return Ok((Outcome::Already, Vec::new()));
    }
    let codes = |writer: &mut Writer<'_>, key| walk(writer, key, Reach::ALL, |_| ())?.sure();
    if codes(writer, *hk)?.len() + codes(writer, *now)?.len() > MAX_KEYS {
        return Ok((Outcome::Left, Vec::new()));
    }
    let ground = "同一通行证的换证次数不再计入主键";
    let entries = join(writer, place, (former, LinkKind::SamePerson, ground), key)?;
    Ok((Outcome::Linked, entries))
}

/// Writes the link of the two keys under both of them, with its order.
fn join(
    writer: &mut Writer<'_>,
    place: &Place,
    (former, kind, ground): (&Former, LinkKind, &str),
    key: &SigningKey,
) -> Result<Vec<[u8; 32]>> {
    let Former { code, hk, now, .. } = former;
    let old = code.former_key_code().unwrap_or_default();
    let (mut older, mut newer) = (stored(writer, *hk, code)?, stored(writer, *now, code)?);
    let since = place.at.day();
    newer.body.code = code.key_code().to_owned();
    older.body.links.push(end(kind, code, code.key_code(), (true, since)));
    newer.body.links.push(end(kind, code, old, (false, since)));
    writer.put_holder(&older)?;
    writer.put_holder(&newer)?;
    let order = order(kind, code, (old, ground), since, key, place)?;
    let noted = Noted { action: HolderAction::Link, label: RULE, since, ground, order: &order };
    Ok(vec![
        noted.write_of(writer, place, (Subject::Holder(code.key_type(), old), *hk), None)?,
        noted.write(writer, &place.behind(1), (code, *now), None)?,
    ])
}

fn end(kind: LinkKind, code: &HolderCode, other: &str, (outward, since): (bool, Day)) -> Link {
    Link {
        kind,
        code_type: code.code_type().code().to_owned(),
        code: other.to_owned(),
        key_type: code.key_type().to_owned(),
        key_code: other.to_owned(),
        outward,
        since,
    }
}

fn order(
    kind: LinkKind,
    code: &HolderCode,
    (old, ground): (&str, &str),
    since: Day,
    key: &SigningKey,
    place: &Place,
) -> Result<order::Signed> {
    let mut detail = Map::new();
    detail.insert("kind".into(), serde_json::to_value(kind).map_err(Error::internal)?);
    let terms = Terms {
        action: HolderAction::Link.into(),
        subject: Subject::Holder(code.key_type(), old),
        effective_on: since,
        ground: Some(ground),
        version: None,
        detail,
        other: None,
    };
    terms.naming("other", Subject::Holder(code.key_type(), code.key_code())).sign(key, place.at)
}
