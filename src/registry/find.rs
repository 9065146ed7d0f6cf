//! From an identifier to the rows of its record, and from one code of a holder to all its codes.

use super::Registry;
use super::issue::holder_key;
use super::lookup::AskedHolder;
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode, Parsed};
use crate::store::{Cost, HolderState, Opened, Reader, RecordKey, StoredHolder, StoredRecord};
use crate::trust::HolderKey;

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
    let mut found = Linked { keys: vec![(key, credit_code)], state: HolderState::Normal, damaged: false };
    let mut at = 0;
    while let Some(key) = found.keys.get(at).map(|(key, _)| *key) {
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
pub(super) fn matters(state: HolderState) -> u8 {
    match state {
        HolderState::Deceased => 3,
        HolderState::DeathReported => 2,
        HolderState::Deregistered | HolderState::Dissolved => 1,
        HolderState::Normal | HolderState::Provisional | HolderState::MergedInto | HolderState::SplitFrom => {
            0
        }
    }
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

    /// The key of a record's first holder; none where there is no such record.
    pub async fn first_holder(&self, identifier: &str) -> Result<Option<HolderKey>> {
        let identifier = identifier.to_owned();
        let read = move |reader: &mut Reader<'_>| {
            let key = reader.index().identifier_key(&identifier);
            Ok(reader.record_key(&key)?.and_then(|key| key.holders.first().copied()))
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
