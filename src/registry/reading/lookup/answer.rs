//! The writing half of a lookup: verdicts, the answer's digest, the answer's bytes.
//!
//! The answer is written once, in order, into one buffer; only an extract or an absence goes through a JSON
//! tree. The receipt is put at its end when the access is durable.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::{Custody, TypeEntry};
use crate::clock::{Day, Moment};
use crate::error::{Error, Result};
use crate::identity::Parsed;
use crate::log::Accepted;
use crate::policy::Fields;
use crate::record::answer::{Answer, AnsweredRecord, Head as AnsweredHead};
use crate::record::canonical::{self, write_base64url, write_integer};
use crate::record::extract::{self, Fields as Shown, Holders, Masks, View};
use crate::record::verdict::{Facts, Judgement, Reason, Seal};
use crate::record::{Digest, Record, verdict};
use crate::registry::access::entry::{Touched, receipt_json};
use crate::registry::base::asked::ReceiptForm;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::lookup::scan::{Found, FoundRow};
use crate::registry::reading::lookup::{Within, absent};
use crate::registry::records::draft::remark_json;
use crate::registry::records::{judge, kept};
use crate::store::{Opened, StoredRecord};
use crate::trust::{Envelope, IndexKey};

/// A finished answer.
pub struct Answered {
    /// The JSON that goes out.
    pub body: Vec<u8>,
    /// The access that it rests on.
    pub accepted: Accepted,
    /// How many records it shows.
    pub records: usize,
}

/// An answer on its way.
pub(super) struct Draft<'a> {
    pub(super) snapshot: &'a Snapshot,
    now: Moment,
    pub(super) found: &'a Found,
    parsed: &'a Parsed,
    body: Vec<u8>,
    listed: Vec<AnsweredRecord<'a>>,
    /// The rows of the records listed, as far as they open.
    shown: Vec<(&'a StoredRecord, &'a FoundRow)>,
    absent: Vec<(String, &'static str)>,
}

/// Appends a JSON string.
fn text(out: &mut Vec<u8>, value: &str) {
    canonical::write_text(value, out);
}

fn member(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    text(out, value);
}

fn number(out: &mut Vec<u8>, name: &str, value: u64) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
    write_integer(value, out);
}

fn date(out: &mut Vec<u8>, name: &str, day: Day) {
    match day.text() {
        Some(text) => member(out, name, std::str::from_utf8(&text).unwrap_or_default()),
        None => member(out, name, &day.to_string()),
    }
}

fn instant(out: &mut Vec<u8>, name: &str, at: Moment) {
    member(out, name, std::str::from_utf8(&at.text()).unwrap_or_default());
}

impl<'a> Draft<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, now: Moment, parsed: &'a Parsed, found: &'a Found) -> Self {
        let mut body = Vec::with_capacity(1024 + found.rows.len() * 2600);
        body.extend_from_slice(b"{\"records\":[");
        Self {
            snapshot,
            now,
            found,
            parsed,
            body,
            listed: Vec::with_capacity(found.rows.len()),
            shown: Vec::with_capacity(found.rows.len()),
            absent: Vec::new(),
        }
    }

    /// Adds all whose records are shown: linked codes under which any was found, then the holders of joint ones
    /// (practice: an access stands on the page of each). Only types with more than one seat are read for it.
    pub(super) fn touch(&self, touched: &mut Touched, index: &IndexKey) {
        for (record, _) in &self.shown {
            touched.found_under(&record.body.holder.0, &record.body.holder.1, record.hk);
        }
        for (record, row) in &self.shown {
            touched.also(&row.holders);
            if kept::is_joint(self.snapshot, &record.type_code) {
                touched.also(&kept::signed_holders(index, record));
            }
        }
    }

    /// True while no record was shown.
    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Adds a row with what policy lets out of it.
    pub(super) fn record(&mut self, row: &'a FoundRow, fields: &Fields) -> Result<()> {
        if !self.listed.is_empty() {
            self.body.push(b',');
        }
        match &row.opened {
            Opened::Record(record) => self.opened(record, row, fields),
            Opened::Damaged { type_code, .. } => {
                ::log::error!("a row of records does not open (type {type_code}): run `elicense fsck`");
                let judgement = verdict(
                    &Facts { seal: Seal::Damaged, ..Facts::good(crate::record::State::Active) },
                    self.now.day(),
                    self.now,
                );
                self.body.extend_from_slice(b"{\"type\":");
                text(&mut self.body, type_code);
                self.judged(judgement);
                self.body.push(b'}');
                self.listed.push(AnsweredRecord {
                    identifier: "",
                    version: 0,
                    digest: Digest([0; 32]),
                    judgement,
                });
                Ok(())
            }
        }
    }

    fn opened(&mut self, record: &'a StoredRecord, row: &'a FoundRow, fields: &Fields) -> Result<()> {
        let entry = self.snapshot.catalog.type_of(&record.type_code);
        let envelope = match record.custody {
            Custody::Hosted => Envelope::parse_stored(&record.body.envelope).ok(),
            Custody::AtIssuer | Custody::Paper | Custody::Elsewhere => None,
        };
        let life = self.found.lives.of(record);
        let mut facts = judge::facts(self.snapshot, record, envelope.as_ref(), life);
        let whole = matches!(fields, Fields::Whole);
        facts.fields_limited = !whole;
        let judgement = verdict(&facts, self.now.day(), self.now);

        let out = &mut self.body;
        out.extend_from_slice(b"{\"type\":");
        text(out, &record.type_code);
        if let Some(entry) = entry {
            member(out, "slug", &entry.def().slug);
            member(out, "name_zh", &entry.def().name.zh);
            member(out, "name_en", &entry.def().name.en);
        }
        // An identifier whose serial holds a number is shown with the whole only: it is the number. What is not
        // shown does not enter the answer list either, or nobody outside could rebuild it.
        let identifier = match record.identifier.is_some() || whole {
            true => record.body.identifier.as_str(),
            false => "",
        };
        if !identifier.is_empty() {
            member(out, "identifier", identifier);
        }
        number(out, "version", u64::try_from(record.version).map_err(Error::internal)?);
        member(out, "issuer", &record.issuer);
        member(out, "custody", record.custody.wire());
        member(out, "state", record.state.wire());
        if let Some(day) = record.valid_from {
            date(out, "valid_from", day);
        }
        if let Some(day) = record.valid_to {
            date(out, "valid_to", day);
        }
        instant(out, "as_of", record.as_of);
        member(out, "log", &record.log);
        number(out, "leaf", record.leaf);
        if let Some(path) = &row.proof {
            out.extend_from_slice(b",\"proof\":[");
            for (index, hash) in path.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_base64url(hash.as_bytes(), out);
            }
            out.push(b']');
        }
        self.judged(judgement);
        let digest = match (&envelope, whole) {
            (Some(envelope), true) => {
                let held = envelope.kid().is_ok_and(|kid| self.snapshot.held_here(&kid));
                member(&mut self.body, "vouched_by", "issuer");
                member(
                    &mut self.body,
                    "signed_with",
                    if held { "key_held_by_registry" } else { "issuers_own_key" },
                );
                self.body.extend_from_slice(b",\"envelope\":\"");
                envelope.write_compact(&mut self.body);
                self.body.push(b'"');
                record.body.digest
            }
            (Some(envelope), false) => self.extract(envelope, record, fields, entry)?,
            (None, _) => self.directory(record, fields, entry)?,
        };
        self.body.push(b'}');
        let version = u32::try_from(record.version).map_err(Error::internal)?;
        self.listed.push(AnsweredRecord { identifier, version, digest, judgement });
        self.shown.push((record, row));
        Ok(())
    }

    fn judged(&mut self, judgement: Judgement) {
        member(&mut self.body, "verdict", judgement.verdict.wire());
        self.body.extend_from_slice(b",\"reasons\":[");
        for (index, reason) in judgement.reasons.iter().enumerate() {
            if index > 0 {
                self.body.push(b',');
            }
            text(&mut self.body, reason.wire());
        }
        self.body.push(b']');
    }

    fn extract(
        &mut self,
        envelope: &Envelope<'_>,
        record: &StoredRecord,
        fields: &Fields,
        entry: Option<&Arc<TypeEntry>>,
    ) -> Result<Digest> {
        let full = Record::from_payload(envelope.payload()).map_err(Error::internal)?;
        let none = BTreeSet::new();
        let names = match fields {
            Fields::Whole => &none,
            Fields::Named(names) => names,
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
        member(&mut self.body, "vouched_by", "registry");
        self.body.extend_from_slice(b",\"extract\":");
        self.body.extend_from_slice(&extract.bytes);
        Ok(extract.digest)
    }

    /// The definitions by which a face is masked: the newest, then for fields it no longer has the face's own.
    fn types(&self, newest: Option<&Arc<TypeEntry>>, version: u32) -> Vec<Arc<TypeEntry>> {
        let own = newest.and_then(|newest| self.snapshot.catalog.type_version(&newest.def().code, version));
        newest
            .into_iter()
            .chain(own.filter(|own| newest.is_none_or(|newest| !Arc::ptr_eq(own, newest))))
            .cloned()
            .collect()
    }

    fn directory(
        &mut self,
        record: &StoredRecord,
        fields: &Fields,
        entry: Option<&Arc<TypeEntry>>,
    ) -> Result<Digest> {
        let said = match fields {
            _ if record.body.directory.is_empty() => Vec::new(),
            Fields::Whole => record.body.directory.clone(),
            Fields::Named(names) => {
                let said = serde_json::from_slice(&record.body.directory).map_err(Error::internal)?;
                let types = self.types(entry, 0);
                let limited =
                    extract::directory(&said, names, &Masks::OfType { types: &types, unmasked: names });
                canonical::to_vec(&limited).map_err(Error::internal)?
            }
        };
        if !said.is_empty() {
            self.body.extend_from_slice(b",\"directory\":");
            self.body.extend_from_slice(&said);
        }
        Ok(Digest::of(&[&said]))
    }

    /// Adds what the absence of each of these types means, unless a record of it was shown.
    pub(super) fn absences(&mut self, types: &[String], within: Option<&Within>) -> Result<()> {
        self.body.extend_from_slice(b"],\"absent\":[");
        let mut first = true;
        for type_code in types {
            if self.found.rows.iter().any(|row| row.type_code() == type_code) {
                continue;
            }
            let (absence, value) =
                absent::absence(self.snapshot, type_code, &self.parsed.code, within, self.now)?;
            if !first {
                self.body.push(b',');
            }
            first = false;
            self.body.extend_from_slice(value.to_string().as_bytes());
            self.absent.push((type_code.clone(), absence.wire()));
        }
        self.body.push(b']');
        Ok(())
    }

    /// The digest that the access entry carries: the checkpoint's signature signs the answer with it.
    pub(super) fn digest(&self) -> Digest {
        let head = &self.found.head;
        let heads = [AnsweredHead { log: &head.log, root: Digest(head.root.0), size: head.size }];
        let absent: Vec<(&str, &str)> =
            self.absent.iter().map(|(code, wire)| (code.as_str(), *wire)).collect();
        Answer { absent: &absent, heads: &heads, records: &self.listed }.digest(&mut Vec::with_capacity(1024))
    }

    /// All of the answer but what the log tells: its time and the receipt. Holds nothing of what was read, so
    /// that the rows need not wait for the log with it.
    pub(super) fn written(mut self) -> Written {
        self.tail();
        Written { records: self.listed.len(), body: self.body }
    }

    /// The answer without a receipt, for measuring what log and receipt cost.
    #[cfg(feature = "bench-routes")]
    pub(super) fn unlogged(mut self) -> Vec<u8> {
        self.tail();
        instant(&mut self.body, "at", self.now);
        self.body.push(b'}');
        self.body
    }

    /// The holder and the heads.
    fn tail(&mut self) {
        let head = &self.found.head;
        let mut notes: Vec<&str> = Vec::new();
        if self.found.conflict {
            notes.push(Reason::HolderCodeConflict.wire());
        }
        if self.found.holder_damaged {
            notes.push(Reason::RecordDamaged.wire());
        }
        let out = &mut self.body;
        out.extend_from_slice(b",\"holder\":{\"code_type\":");
        text(out, self.parsed.code.code_type().code());
        number(out, "linked_codes", self.found.linked as u64);
        member(out, "masked", &self.parsed.code.masked());
        out.extend_from_slice(b",\"notes\":[");
        for (index, note) in notes.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            text(out, note);
        }
        out.extend_from_slice(b"],\"remarks\":[");
        for (index, remark) in self.parsed.remarks.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(remark_json(remark).to_string().as_bytes());
        }
        out.push(b']');
        member(out, "state", self.found.state.wire());
        out.extend_from_slice(b"},\"heads\":[{\"log\":");
        text(out, &head.log);
        out.extend_from_slice(b",\"root\":");
        write_base64url(head.root.as_bytes(), out);
        number(out, "size", head.size);
        out.extend_from_slice(b"}]");
    }
}

/// An answer that waits for its access to be durable.
pub(super) struct Written {
    body: Vec<u8>,
    records: usize,
}

impl Written {
    /// The finished answer with its receipt.
    pub(super) fn finish(mut self, accepted: Accepted, form: ReceiptForm) -> Answered {
        instant(&mut self.body, "at", accepted.at);
        self.body.extend_from_slice(b",\"receipt\":");
        match form {
            ReceiptForm::Full => accepted.write_receipt(&mut self.body),
            ReceiptForm::Reference => {
                self.body.extend_from_slice(receipt_json(&accepted, form).as_bytes());
            }
        }
        self.body.push(b'}');
        Answered { body: self.body, accepted, records: self.records }
    }
}
