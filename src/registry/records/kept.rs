//! From an identifier to the rows of its record, and whose an identifier is: its type and issuer parts are those of its record
//! (GB/T 36904), asked when a record comes in, on every path that judges one, and by `fsck`.

use std::sync::Arc;

use crate::catalog::{Custody, TypeEntry};
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::record::Identifier;
use crate::record::identifier::ROOT;
use crate::record::payload::holder_codes;
use crate::registry::access::entry::{CoHolder, Touched};
use crate::registry::access::named::Named;
use crate::registry::base::asked::holder_key;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::records::change::Whole;
use crate::rule::Rule;
use crate::store::{Opened, Reader, RecordKey, StoredRecord};
use crate::trust::{Envelope, IndexKey};

/// A record as it stands under all its holders.
pub(in crate::registry) struct Kept {
    /// The row that the identifier led to; its version may be older than that of the rows.
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

    /// All rows, to be changed together; `record_damaged` unless every row opened.
    pub fn whole(&self) -> Result<Whole> {
        self.first()?;
        Whole::of(self.rows.clone(), &self.key.holders)
    }
}

/// The record of an identifier that was charged for, of its present version or an older one.
///
/// # Errors
/// `record_damaged` where the identifier is taken and its key row does not open.
pub(in crate::registry) fn by_identifier(reader: &mut Reader<'_>, named: &Named) -> Result<Option<Kept>> {
    by_key(reader, named.key())
}

/// The record to which a keyed hash leads: that of an identifier, a number or a content.
///
/// # Errors
/// `record_damaged` if the key is taken and its row does not open.
pub(in crate::registry) fn by_key(reader: &mut Reader<'_>, key: &[u8; 16]) -> Result<Option<Kept>> {
    let Some(key) = reader.record_key(key)? else { return Ok(None) };
    let (mut rows, mut damaged) = (Vec::with_capacity(key.holders.len()), false);
    for holder in &key.holders {
        match reader.record(holder, &key.record_id)? {
            Some(Opened::Record(row)) => rows.push(*row),
            Some(Opened::Damaged { .. }) | None => damaged = true,
        }
    }
    Ok(Some(Kept { key, rows, damaged }))
}

/// The same for a walk over many rows, which passes by damaged ones: none if the key row is damaged.
pub(in crate::registry) fn readable(reader: &mut Reader<'_>, identifier: &str) -> Result<Option<Kept>> {
    let key = reader.index().identifier_key(identifier);
    match by_key(reader, &key) {
        Err(error) if error.code == Code::RecordDamaged => Ok(None),
        kept => kept,
    }
}

/// All holders of a joint record, from one holder's row. The envelope names them. A directory entry has no
/// envelope: the key row of its identifier names them, by their keys alone. Empty if the type has one seat
/// only.
pub(in crate::registry) fn joint_holders(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    record: &StoredRecord,
) -> Result<Vec<CoHolder>> {
    if !is_joint(snapshot, &record.type_code) {
        return Ok(Vec::new());
    }
    if record.custody == Custody::Hosted {
        return Ok(signed_holders(reader.index(), record));
    }
    let key = reader.index().identifier_key(&record.body.identifier);
    match reader.record_key(&key) {
        Ok(found) => {
            let keys = found.map(|found| found.holders).unwrap_or_default();
            Ok(keys.into_iter().map(|key| (key, None)).collect())
        }
        Err(error) if error.code == Code::RecordDamaged => {
            ::log::error!("the key row of a directory entry does not open: run `elicense fsck`");
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

/// Whether records of a type may have more than one holder.
pub(in crate::registry) fn is_joint(snapshot: &Snapshot, type_code: &str) -> bool {
    let seats =
        |entry: &Arc<TypeEntry>| entry.def().holders.iter().map(|role| u64::from(role.max)).sum::<u64>() > 1;
    snapshot.catalog.type_of(type_code).is_some_and(seats)
}

/// The holders that the envelope of a row names.
pub(in crate::registry) fn signed_holders(index: &IndexKey, record: &StoredRecord) -> Vec<CoHolder> {
    let Ok(envelope) = Envelope::parse_stored(&record.body.envelope) else { return Vec::new() };
    let codes = holder_codes(envelope.payload());
    codes.into_iter().filter_map(|(code_type, code)| co_holder(index, &code_type, &code)).collect()
}

/// A holder as a record names it; none if its code breaks a rule of today.
pub(in crate::registry) fn co_holder(index: &IndexKey, code_type: &str, code: &str) -> Option<CoHolder> {
    let code = HolderCode::parse(code_type.parse().ok()?, code).ok()?.code;
    Some((holder_key(index, &code), Some(code)))
}

impl Kept {
    /// The holders whose lists get an access to this record.
    pub(in crate::registry) fn touched(&self) -> Touched {
        let codes = self.rows.iter().map(|row| (row.body.holder.0.as_str(), row.body.holder.1.as_str()));
        Touched::holders_of(codes, &self.key.holders)
    }
}

/// Of which type and which issuer a record is, for the decision about an identifier that somebody names. Where nothing is
/// kept under it, or that does not open, it is what the identifier itself says: whoever has no right is answered alike,
/// whether there is such a record or not.
pub(in crate::registry) struct About {
    pub type_code: String,
    pub issuer: String,
}

impl About {
    /// None where the text is no identifier: nothing is ever kept under it.
    pub fn of(kept: Option<&Kept>, identifier: &str) -> Option<Self> {
        if let Some(row) = kept.and_then(|kept| kept.rows.first()) {
            return Some(Self { type_code: row.type_code.clone(), issuer: row.issuer.clone() });
        }
        let named = Identifier::parse(identifier).ok()?;
        Some(Self { type_code: named.type_code().to_owned(), issuer: named.issuer().to_owned() })
    }
}

/// On whose lists an access to what an identifier leads to stands.
pub(in crate::registry) fn touched(kept: Option<&Kept>) -> Touched {
    kept.map_or_else(Touched::nobody, Kept::touched)
}

/// The answer where nothing is kept under an identifier.
pub(in crate::registry) fn none_there() -> Error {
    Error::new(Code::NotFound, "no record of that identifier").at("identifier")
}

/// The rule by which an identifier is not the record's own; none where it is, and where it is no identifier at all:
/// another rule says that. An issuer keeps the identifiers of the agency from which it took over.
pub(in crate::registry) fn foreign(
    snapshot: &Snapshot,
    identifier: &str,
    type_code: &str,
    issuer: &str,
) -> Option<Rule> {
    // Each row of a lookup comes here, and nearly each leaves here, without a copy.
    if begins_with(identifier, [ROOT, type_code, issuer]) {
        return None;
    }
    let identifier = Identifier::parse(identifier).ok()?;
    if identifier.type_code() != type_code {
        return Some(Rule::IdentifierOfType);
    }
    let own = snapshot.catalog.issuers().agencies().stands_for(identifier.issuer(), issuer);
    (!own).then_some(Rule::IdentifierOfIssuer)
}

/// Whether a text begins with these parts, each with a dot behind it.
fn begins_with(text: &str, parts: [&str; 3]) -> bool {
    let rest = parts.into_iter().try_fold(text, |rest, part| rest.strip_prefix(part)?.strip_prefix('.'));
    rest.is_some()
}
