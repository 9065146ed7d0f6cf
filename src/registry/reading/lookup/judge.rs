//! The judging half of a lookup: rows in; out comes the part that the asker may see, each record with its
//! verdict.
//!
//! Rows are taken apart and not copied: an envelope stays in the buffer in which its row was opened.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use crate::catalog::{Custody, TypeEntry};
use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::policy::Fields;
use crate::record::extract::{self, Extract, Fields as Shown, Holders, Masks, View};
use crate::record::verdict::{Facts, NamedFiles, Seal};
use crate::record::{Digest, Judgement, Record, State, canonical, verdict};
use crate::registry::access::entry::{CoHolder, Touched};
use crate::registry::access::withheld::Withheld;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::life::Lives;
use crate::registry::holders::linked::Related;
use crate::registry::reading::lookup::looked_up::{FoundRecord, LeafProof, OpenedRecord, ShownBody};
use crate::registry::reading::lookup::scan::FoundRow;
use crate::registry::records::{judge, kept};
use crate::store::{Opened, StoredRecord};
use crate::trust::{Envelope, EnvelopeBuf, HolderKey, IndexKey};

/// All holders whose records are shown: an access stands on the list of each (practice R15).
#[derive(Default)]
pub(super) struct SeenBy {
    /// Codes under which a record was found, linked ones among them.
    found: Vec<(String, String, HolderKey)>,
    /// The holders of joint records.
    joint: Vec<CoHolder>,
}

impl SeenBy {
    /// Adds them, linked codes first.
    pub fn touch(&self, touched: &mut Touched) {
        for (code_type, code, key) in &self.found {
            touched.found_under(code_type, code, *key);
        }
        touched.also(&self.joint);
    }

    fn note(&mut self, record: &StoredRecord) {
        if self.found.last().is_none_or(|(_, _, key)| *key != record.hk) {
            let (code_type, code) = &record.body.holder;
            self.found.push((code_type.clone(), code.clone(), record.hk));
        }
    }
}

/// The basis of the judgement.
pub(super) struct Judge<'a> {
    pub snapshot: &'a Snapshot,
    pub lives: &'a Lives,
    pub index: &'a IndexKey,
    pub now: Moment,
    /// Charges other holders of whom one thing tells, all or none; false where it must not be shown.
    pub may_show: &'a dyn Fn(&[HolderKey]) -> bool,
    /// Codes that were followed, with the reason.
    pub related: &'a [Related],
}

impl Judge<'_> {
    /// One row as far as `fields` lets it out. All its holders are added to `seen_by`. Only types with more
    /// than one seat are read for it.
    pub fn row(&self, row: FoundRow, fields: &Fields, seen_by: &mut SeenBy) -> Result<FoundRecord> {
        let FoundRow { key, opened, proof, holders, files } = row;
        let record = match opened {
            Opened::Record(record) => record,
            Opened::Damaged { type_code, .. } => return Ok(self.damaged(type_code)),
        };
        seen_by.note(&record);
        seen_by.joint.extend(holders);
        let mut others = Vec::new();
        if kept::is_joint(self.snapshot, &record.type_code) {
            let signed = kept::signed_holders(self.index, &record);
            others.extend(signed.iter().map(|(holder, _)| *holder).filter(|holder| *holder != key));
            seen_by.joint.extend(signed);
        }
        let linked = self.related.iter().find(|related| related.key == key && related.is_followed()).cloned();
        Ok(FoundRecord { linked, ..self.opened(*record, proof, (fields, files), &others)? })
    }

    /// What a row is worth, before anything of it is shown.
    pub fn judgement(&self, row: &FoundRow) -> Judgement {
        let Opened::Record(record) = &row.opened else { return self.of_damaged() };
        let envelope = match record.custody {
            Custody::Hosted => Envelope::parse_stored(&record.body.envelope).ok(),
            Custody::AtIssuer | Custody::Paper | Custody::Elsewhere => None,
        };
        let facts = judge::facts(self.snapshot, record, envelope.as_ref(), self.lives.of(record), self.now);
        verdict(&Facts { files: row.files, ..facts }, self.now.day(), self.now)
    }

    fn of_damaged(&self) -> Judgement {
        let facts = Facts { seal: Seal::Damaged, ..Facts::good(State::Active) };
        verdict(&facts, self.now.day(), self.now)
    }

    fn damaged(&self, type_code: String) -> FoundRecord {
        ::log::error!("a row of records does not open (type {type_code}): run `elicense fsck`");
        let judgement = self.of_damaged();
        let entry = self.snapshot.catalog.type_of(&type_code).cloned();
        FoundRecord { type_code, entry, judgement, opened: None, withheld: None, linked: None }
    }

    fn opened(
        &self,
        mut record: StoredRecord,
        proof: Option<LeafProof>,
        (fields, files): (&Fields, NamedFiles),
        others: &[HolderKey],
    ) -> Result<FoundRecord> {
        let entry = self.snapshot.catalog.type_of(&record.type_code);
        let envelope = match record.custody {
            Custody::Hosted => EnvelopeBuf::from_stored(std::mem::take(&mut record.body.envelope)).ok(),
            Custody::AtIssuer | Custody::Paper | Custody::Elsewhere => None,
        };
        let view = envelope.as_ref().map(EnvelopeBuf::view);
        let facts = judge::facts(self.snapshot, &record, view.as_ref(), self.lives.of(&record), self.now);
        let whole = matches!(fields, Fields::Whole);
        let facts = Facts { fields_limited: !whole, files, ..facts };
        let judgement = verdict(&facts, self.now.day(), self.now);
        let mut withheld = None;
        let (body, digest) = match (envelope, whole) {
            (Some(_), true) if !(self.may_show)(others) => {
                withheld = Some(Withheld::Whole);
                (ShownBody::Withheld, Digest([0; 32]))
            }
            (Some(envelope), true) => {
                let signed_with = self.snapshot.signed_with(&envelope.view());
                (ShownBody::Envelope { envelope, signed_with }, record.body.digest)
            }
            (Some(envelope), false) => {
                let extract = self.extract(&envelope.view(), &record, fields, (entry, others))?;
                let (extract, left_out) = extract;
                withheld = left_out;
                let digest = extract.digest;
                (ShownBody::Extract(Box::new(extract)), digest)
            }
            (None, _) => {
                let said = self.said(&mut record, fields, entry)?;
                let digest = Digest::of(&[&said]);
                (ShownBody::Directory(said), digest)
            }
        };
        // An identifier whose serial holds a number is shown with the whole only: it is the number.
        let shown = (record.identifier.is_some() || whole) && !record.body.identifier.is_empty();
        let opened = OpenedRecord {
            identifier: shown.then_some(record.body.identifier),
            version: u32::try_from(record.version).map_err(Error::internal)?,
            issuer: record.issuer,
            custody: record.custody,
            state: record.state,
            valid_from: record.valid_from,
            valid_to: record.valid_to,
            as_of: record.as_of,
            log: record.log,
            leaf: record.leaf,
            proof: proof.map(|proof| proof.shown(whole && withheld.is_none())),
            body,
            digest,
        };
        let (entry, type_code) = (entry.cloned(), record.type_code);
        Ok(FoundRecord { type_code, entry, judgement, opened: Some(opened), withheld, linked: None })
    }

    fn extract(
        &self,
        envelope: &Envelope<'_>,
        record: &StoredRecord,
        fields: &Fields,
        (entry, others): (Option<&Arc<TypeEntry>>, &[HolderKey]),
    ) -> Result<(Extract, Option<Withheld>)> {
        let unread = || Error::internal("a stored envelope is no record");
        let full = Record::from_stored(envelope.payload()).ok_or_else(unread)?;
        let none = BTreeSet::new();
        let granted = match fields {
            Fields::Whole => &none,
            Fields::Named(names) => names,
        };
        let about_others = about_others(&full, &record.body.holder, granted);
        let withheld = !about_others.is_empty() && !(self.may_show)(others);
        let names = match withheld {
            true => &granted.difference(&about_others).cloned().collect(),
            false => granted,
        };
        let types = self.types(entry, full.record_type.version);
        let holders = if names.contains("holders") {
            Holders::All
        } else {
            Holders::Only(&record.body.holder.0, &record.body.holder.1)
        };
        let view = View {
            fields: Shown::Only(names),
            holders,
            masks: Masks::OfType { types: &types, unmasked: names },
            mask_codes: !names.contains("holder_code"),
        };
        let extract = extract::extract(&full, &view).map_err(Error::internal)?;
        Ok((extract, withheld.then_some(Withheld::CoHolders)))
    }

    /// The definitions that mask a face: the newest, then the face's own for fields that the newest no longer
    /// has.
    fn types(&self, newest: Option<&Arc<TypeEntry>>, version: u32) -> Vec<Arc<TypeEntry>> {
        let own = newest.and_then(|newest| self.snapshot.catalog.type_version(&newest.def().code, version));
        newest
            .into_iter()
            .chain(own.filter(|own| newest.is_none_or(|newest| !Arc::ptr_eq(own, newest))))
            .cloned()
            .collect()
    }

    /// The issuer's statement about a certificate whose body is elsewhere.
    fn said(
        &self,
        record: &mut StoredRecord,
        fields: &Fields,
        entry: Option<&Arc<TypeEntry>>,
    ) -> Result<Vec<u8>> {
        let said = std::mem::take(&mut record.body.directory);
        let Fields::Named(names) = fields else { return Ok(said) };
        if said.is_empty() {
            return Ok(said);
        }
        let said = serde_json::from_slice(&said).map_err(Error::internal)?;
        let types = self.types(entry, 0);
        let limited = extract::directory(&said, names, &Masks::OfType { types: &types, unmasked: names });
        canonical::to_vec(&limited).map_err(Error::internal)
    }
}

/// The granted names under which a record tells of other holders than its own: the list of all holders, and each field
/// of the face in which a name or a number of another stands.
fn about_others(record: &Record, own: &(String, String), granted: &BTreeSet<String>) -> BTreeSet<String> {
    let others = record.holders.iter().filter(|one| (&one.code_type, &one.code) != (&own.0, &own.1));
    let told: Vec<&str> = others.flat_map(|other| [other.name.as_str(), other.code.as_str()]).collect();
    if told.is_empty() {
        return BTreeSet::new();
    }
    let tells = |name: &&String| match record.face.get(*name) {
        Some(value) => told.iter().any(|text| stands_in(value, text)),
        None => *name == "holders",
    };
    granted.iter().filter(tells).cloned().collect()
}

fn stands_in(value: &Value, text: &str) -> bool {
    match value {
        Value::String(found) => found.contains(text),
        Value::Array(items) => items.iter().any(|item| stands_in(item, text)),
        Value::Object(members) => members.values().any(|member| stands_in(member, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
