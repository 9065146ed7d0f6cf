//! From an identifier to the rows of its record, and from one code of a holder to all its codes.

use std::sync::Arc;

use super::issue::holder_key;
use super::life::Life;
use super::lookup::AskedHolder;
use super::{Registry, Snapshot};
use crate::catalog::{Custody, TypeEntry};
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode, Parsed};
use crate::record::payload::holder_codes;
use crate::store::{Cost, HolderState, Opened, Reader, RecordKey, StoredHolder, StoredRecord};
use crate::trust::{Envelope, HolderKey, IndexKey};

/// Codes of one holder that are followed at most: the asked one and three links.
pub(super) const MAX_KEYS: usize = 4;

/// A record as it stands under all its holders.
pub(super) struct Kept {
    /// What the identifier led to; its version may be older than that of the rows.
    pub key: RecordKey,
    /// The current rows, one a holder, in the order of the holders; without those that do not open.
    pub rows: Vec<StoredRecord>,
    /// A row does not open or is missing.
    pub damaged: bool,
}

impl Kept {
    /// The first holder's row; `record_damaged` unless every row opened.
    pub fn first(&self) -> Result<&StoredRecord> {
        let damaged = || Error::new(Code::RecordDamaged, "a row of this record does not open");
        if self.damaged { Err(damaged()) } else { self.rows.first().ok_or_else(damaged) }
    }
}

/// The record of an identifier, of its present version or an older one.
///
/// # Errors
/// `record_damaged` where the identifier is taken and its key row does not open.
pub(super) fn by_identifier(reader: &mut Reader<'_>, identifier: &str) -> Result<Option<Kept>> {
    let key = reader.index().identifier_key(identifier);
    let Some(key) = reader.record_key(&key)? else { return Ok(None) };
    let (mut rows, mut damaged) = (Vec::with_capacity(key.holders.len()), false);
    for holder in &key.holders {
        match reader.record(holder, &key.record_id)? {
            Some(Opened::Record(row)) => rows.push(*row),
            Some(Opened::Damaged { .. }) | None => damaged = true,
        }
    }
    Ok(Some(Kept { key, rows, damaged }))
}

/// The same for whoever walks over many rows and passes by what is damaged: none where the key row is.
pub(super) fn readable(reader: &mut Reader<'_>, identifier: &str) -> Result<Option<Kept>> {
    match by_identifier(reader, identifier) {
        Err(error) if error.code == Code::RecordDamaged => Ok(None),
        kept => kept,
    }
}

/// All codes of one holder, and what is known of its life under any of them.
pub(super) struct Linked {
    /// The asked key first; beside each the full credit code where one is known, since a credit code and the
    /// organisation code inside it have one key.
    pub keys: Vec<(HolderKey, Option<String>)>,
    /// The state that weighs most.
    pub state: HolderState,
    /// A row of the holder does not open.
    pub damaged: bool,
}

/// Follows `same_person` and `same_entity` links from a key.
pub(super) fn linked(reader: &mut Reader<'_>, key: HolderKey, credit_code: Option<String>) -> Result<Linked> {
    linked_within(reader, key, credit_code, MAX_KEYS)
}

/// The same, reading the rows of `most` codes at most: where there are more, what they say is not known.
pub(super) fn linked_within(
    reader: &mut Reader<'_>,
    key: HolderKey,
    credit_code: Option<String>,
    most: usize,
) -> Result<Linked> {
    let mut found = Linked { keys: vec![(key, credit_code)], state: HolderState::Normal, damaged: false };
    let mut at = 0;
    while let Some(key) = found.keys.get(at).map(|(key, _)| *key) {
        if at == most {
            found.damaged = true;
            break;
        }
        at += 1;
        match reader.holder(&key) {
            Ok(Some(holder)) => follow(&holder, reader, &mut found),
            Ok(None) => {}
            Err(error) if error.code == Code::RecordDamaged => found.damaged = true,
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

impl Linked {
    /// What is known of the holder's life.
    pub fn life(&self) -> Life {
        Life { state: self.state, damaged: self.damaged }
    }
}

fn follow(holder: &StoredHolder, reader: &Reader<'_>, found: &mut Linked) {
    if matters(holder.state) > matters(found.state) {
        found.state = holder.state;
    }
    for link in holder.body.links.iter().filter(|link| link.kind.is_followed()) {
        let next = reader.index().holder_key(&link.key_type, &link.key_code);
        if found.keys.len() < MAX_KEYS && !found.keys.iter().any(|(key, _)| *key == next) {
            let full = link.code_type == CodeType::CreditCode.code() && link.code.len() == 18;
            found.keys.push((next, full.then(|| link.code.clone())));
        }
    }
}

/// Which of two states a verdict must know of.
fn matters(state: HolderState) -> u8 {
    match state {
        HolderState::Deceased => 3,
        HolderState::DeathReported => 2,
        HolderState::Deregistered | HolderState::Dissolved => 1,
        HolderState::Normal | HolderState::Provisional | HolderState::MergedInto | HolderState::SplitFrom => {
            0
        }
    }
}

/// All holders of a joint record, from one holder's row: the envelope names them, and of a directory entry, which
/// has none, the key row of its identifier. Empty where the type has one seat only.
pub(super) fn joint_holders(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    record: &StoredRecord,
) -> Result<Vec<HolderKey>> {
    if !is_joint(snapshot, &record.type_code) {
        return Ok(Vec::new());
    }
    if record.custody == Custody::Hosted {
        return Ok(signed_holders(reader.index(), record));
    }
    let key = reader.index().identifier_key(&record.body.identifier);
    match reader.record_key(&key) {
        Ok(found) => Ok(found.map(|found| found.holders).unwrap_or_default()),
        Err(error) if error.code == Code::RecordDamaged => {
            ::log::error!("the key row of a directory entry does not open: run `elicense fsck`");
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// Whether records of a type may have more than one holder.
pub(super) fn is_joint(snapshot: &Snapshot, type_code: &str) -> bool {
    let seats =
        |entry: &Arc<TypeEntry>| entry.def().holders.iter().map(|role| u64::from(role.max)).sum::<u64>() > 1;
    snapshot.catalog.type_of(type_code).is_some_and(seats)
}

/// The holders that the envelope of a row names.
pub(super) fn signed_holders(index: &IndexKey, record: &StoredRecord) -> Vec<HolderKey> {
    let Ok(envelope) = Envelope::parse_stored(&record.body.envelope) else { return Vec::new() };
    let parse = |(code_type, code): (String, String)| {
        HolderCode::parse(code_type.parse().ok()?, &code).ok().map(|parsed| holder_key(index, &parsed.code))
    };
    holder_codes(envelope.payload()).into_iter().filter_map(parse).collect()
}

/// A credit code and the organisation code inside it give one key: another full code is another holder.
pub(super) fn other_code(opened: &Opened, credit_code: Option<&str>) -> bool {
    match (opened, credit_code) {
        (Opened::Record(record), Some(asked)) => {
            let stored = record.body.holder.1.as_str();
            stored.len() == 18 && stored != asked && record.body.holder.0 == "001"
        }
        _ => false,
    }
}

impl Registry {
    /// The key of a holder that is asked for: what a budget counts, before anything is read.
    ///
    /// # Errors
    /// `field_invalid` or `holder_code_invalid` at `holder`.
    pub fn key_of(&self, asked: &AskedHolder) -> Result<HolderKey> {
        self.asked_holder(asked, "holder").map(|(_, key)| key)
    }

    /// The key of a record's first holder; none where there is no such record, or its key row does not open.
    pub async fn first_holder(&self, identifier: &str) -> Result<Option<HolderKey>> {
        let identifier = identifier.to_owned();
        let read = move |reader: &mut Reader<'_>| {
            let key = reader.index().identifier_key(&identifier);
            match reader.record_key(&key) {
                // Whose it is cannot be told; what is read next says so in its own words (I5).
                Err(error) if error.code == Code::RecordDamaged => Ok(None),
                found => Ok(found?.and_then(|key| key.holders.first().copied())),
            }
        };
        self.store().read(Cost::Point, read).await
    }

    /// Checks a holder's number and gives its key; `field` is where the request has it.
    pub(super) fn asked_holder(&self, asked: &AskedHolder, field: &str) -> Result<(Parsed, HolderKey)> {
        let code_type: CodeType = asked.code_type.parse().map_err(|fault| {
            Error::new(Code::FieldInvalid, "no such holder code type")
                .at(format!("{field}.type"))
                .rule("code_type_unknown")
                .caused_by(fault)
        })?;
        let today = self.now().day();
        let parsed = HolderCode::parse_with(code_type, &asked.code, Some(today), self.regions())
            .map_err(|fault| Error::from(fault).at(format!("{field}.code")))?;
        let key = holder_key(self.store().vault().index(), &parsed.code);
        Ok((parsed, key))
    }
}
