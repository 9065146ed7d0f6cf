//! A record with its signature, and the rows that it becomes: the same for an issue, an action and an import.

use serde::{Deserialize, Serialize};

use crate::catalog::{Custody, Kind};
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::payload::Validity;
use crate::record::state::State;
use crate::record::{Digest, Record, Salt};
use crate::registry::access::entry::Touched;
use crate::registry::base::asked::holder_key;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::after_end::ToldOfDays;
use crate::registry::records::change::Whole;
use crate::registry::records::draft::Checked;
use crate::rule::Rule;
use crate::store::{RecordKey, RowBody, StoredRecord, Writer};
use crate::trust::{Envelope, EnvelopeBuf, HolderKey, IndexKey, SigningKey, Typ};

/// Whether something new was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IssueOutcome {
    /// A new record.
    Issued,
    /// The same record was there: this is the first one's answer.
    AlreadyThere,
}

/// One holder of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHolder {
    /// The key of its row.
    pub hk: HolderKey,
    /// Code type, 3 digits.
    pub code_type: String,
    /// The canonical code.
    pub code: String,
    /// The role.
    pub role: String,
}

/// A signed version of a record: everything that its rows, its event and its key rows need, except leaf and
/// time. Made without a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Certificate, proof, …
    pub kind: Kind,
    /// Type code.
    pub type_code: String,
    /// The identifier of this version.
    pub identifier: String,
    /// True if it must not be stored in the clear.
    pub secret_identifier: bool,
    /// The issuing agency.
    pub issuer: String,
    /// The certificate's own number, if it has one.
    pub number: Option<String>,
    /// From 1.
    pub version: u32,
    /// The state that its face says, if it says one.
    pub printed: Option<State>,
    /// The version that it replaces.
    pub replaces: Option<u32>,
    /// The day of issue.
    pub issued_on: Day,
    /// First valid day.
    pub valid_from: Option<Day>,
    /// Last valid day.
    pub valid_to: Option<Day>,
    /// The holders, in order.
    pub seats: Vec<SignedHolder>,
    /// SHA-256 of the content form.
    pub content: Digest,
    /// Keyed hashes it takes: identifier, then number or content.
    pub keys: Vec<[u8; 16]>,
    /// The stored envelope.
    pub envelope: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
}

impl Signed {
    /// Signs a checked record.
    pub fn new(checked: Checked, key: &SigningKey, index: &IndexKey) -> Result<Self> {
        let (payload, content) = checked.record.forms().map_err(Error::internal)?;
        let envelope = EnvelopeBuf::sign(Typ::Record, &payload, key)?;
        Ok(Self::of(checked, &envelope, &content, index))
    }

    /// Takes in a checked record with the envelope that its issuer signed.
    pub fn over(checked: Checked, envelope: &EnvelopeBuf, index: &IndexKey) -> Result<Self> {
        let content = checked.record.content_form().map_err(Error::internal)?;
        Ok(Self::of(checked, envelope, &content, index))
    }

    fn of(checked: Checked, envelope: &EnvelopeBuf, form: &[u8], index: &IndexKey) -> Self {
        let Checked { record, codes, printed, .. } = checked;
        let unique = match &record.number {
            Some(number) => {
                index.number_key(&record.issuer.code, &record.record_type.code, number, record.version)
            }
            None => index.content_key(form),
        };
        let keys = vec![index.identifier_key(&record.identifier), unique];
        let secret_identifier = record.identifier_is_secret();
        let seats = record.holders.into_iter().zip(&codes).map(|(holder, code)| SignedHolder {
            hk: holder_key(index, code),
            code_type: holder.code_type,
            code: holder.code,
            role: holder.role,
        });
        Self {
            kind: record.kind,
            type_code: record.record_type.code,
            identifier: record.identifier,
            secret_identifier,
            issuer: record.issuer.code,
            number: record.number,
            version: record.version,
            printed,
            replaces: record.replaces.map(|earlier| earlier.version),
            issued_on: record.issued_on,
            valid_from: record.valid_from,
            valid_to: record.valid_to.and_then(Validity::last_day),
            seats: seats.collect(),
            content: Digest::of(&[form]),
            keys,
            envelope: envelope.stored().to_vec(),
            digest: envelope.view().digest(),
        }
    }

    /// Whether stored content is that of this record: the same, or the same but for the version of its type. A newer
    /// version of a type that the face passes as it stands makes no other certificate of it.
    pub fn is_content(&self, snapshot: &Snapshot, stored: &[u8; 32]) -> bool {
        if self.content.0 == *stored {
            return true;
        }
        let payload = Envelope::parse_stored(&self.envelope).ok();
        let Some(mut record) = payload.and_then(|payload| Record::from_payload(payload.payload()).ok())
        else {
            return false;
        };
        snapshot.catalog.versions_of(&self.type_code).any(|version| {
            record.record_type.version = version;
            record.content_form().is_ok_and(|form| Digest::of(&[&form]).0 == *stored)
        })
    }

    /// The keys that the same face without a number has under the other versions of its type; none where it has a number,
    /// which is keyed without the type's version.
    pub fn twins(&self, snapshot: &Snapshot, index: &IndexKey) -> Vec<[u8; 16]> {
        let mut versions = snapshot.catalog.versions_of(&self.type_code);
        if self.number.is_some() || versions.nth(1).is_none() {
            return Vec::new();
        }
        let payload = Envelope::parse_stored(&self.envelope).ok();
        let Some(mut record) = payload.and_then(|payload| Record::from_payload(payload.payload()).ok())
        else {
            return Vec::new();
        };
        let own = record.record_type.version;
        let others = snapshot.catalog.versions_of(&self.type_code).filter(|version| *version != own);
        let key = |version: u32| {
            record.record_type.version = version;
            record.content_form().ok().map(|form| index.content_key(&form))
        };
        others.filter_map(key).collect()
    }

    /// The keys of the holders, in order.
    pub fn holders(&self) -> Vec<HolderKey> {
        self.seats.iter().map(|seat| seat.hk).collect()
    }

    /// The same under the keys of the rows that it replaces: a row may stand under a key of an earlier form.
    #[must_use]
    pub fn under(mut self, holders: impl Iterator<Item = HolderKey>) -> Self {
        self.seats.iter_mut().zip(holders).for_each(|(seat, hk)| seat.hk = hk);
        self
    }

    /// The state in which its record begins.
    pub fn begins(&self) -> State {
        self.printed.unwrap_or(State::Active)
    }

    /// What it tells of days, for the rules about the ends of its holders.
    pub(in crate::registry) fn told(&self) -> ToldOfDays<'_> {
        ToldOfDays {
            type_code: &self.type_code,
            version: self.version,
            issued_on: self.issued_on,
            corrects: false,
            seats: self.seats.iter().map(|seat| (seat.role.as_str(), seat.hk)).collect(),
            envelope: &self.envelope,
        }
    }

    /// On whose lists a use of it stands.
    pub fn touched(&self) -> Touched {
        let codes = self.seats.iter().map(|seat| (seat.code_type.as_str(), seat.code.as_str()));
        Touched::holders_of(codes, &self.holders())
    }

    /// The same, each holder for itself.
    pub fn touched_each(&self) -> Vec<Touched> {
        Touched::each(self.seats.iter().map(|seat| (&*seat.code_type, &*seat.code, seat.hk)))
    }

    /// Its event: that it came to be by this action.
    pub fn event(&self, action: Action, actor: &str, salt: Salt, at: Moment) -> Event {
        let subject = subject_hash(&salt, &self.identifier);
        Event::new(EventKind::Record, action, actor, salt, subject, at)
            .effective_on(self.issued_on)
            .record_version(Some(self.digest), self.version, self.replaces)
    }

    /// Its rows, one a holder in order, at an event's leaf; `as_of` for a copy, none for what is made here.
    pub(in crate::registry) fn rows(
        &self,
        record_id: [u8; 16],
        state: State,
        as_of: Option<Moment>,
        place: &Place,
    ) -> Result<Vec<StoredRecord>> {
        let version = i32::try_from(self.version).map_err(Error::internal)?;
        let row = |seat: &SignedHolder| StoredRecord {
            hk: seat.hk,
            type_code: self.type_code.clone(),
            record_id,
            kind: self.kind,
            custody: Custody::Hosted,
            version,
            identifier: (!self.secret_identifier).then(|| self.identifier.clone()),
            issuer: self.issuer.clone(),
            state,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            as_of: as_of.unwrap_or(place.at),
            disputed: false,
            log: place.log.clone(),
            leaf: place.first,
            row_seq: 1,
            body: RowBody {
                holder: (seat.code_type.clone(), seat.code.clone()),
                role: seat.role.clone(),
                identifier: self.identifier.clone(),
                logged_at: place.at,
                review_due: None,
                envelope: self.envelope.clone(),
                digest: self.digest,
                directory: Vec::new(),
            },
        };
        Ok(self.seats.iter().map(row).collect())
    }

    /// The rows, to be written together.
    pub(in crate::registry) fn whole(
        &self,
        record_id: [u8; 16],
        state: State,
        as_of: Option<Moment>,
        place: &Place,
    ) -> Result<Whole> {
        Whole::of(self.rows(record_id, state, as_of, place)?, &self.holders())
    }

    /// The rows of the keys that it takes.
    pub fn record_keys(&self, record_id: [u8; 16]) -> Result<Vec<RecordKey>> {
        let version = i32::try_from(self.version).map_err(Error::internal)?;
        let key = |key: &[u8; 16]| RecordKey {
            key: *key,
            record_id,
            version,
            holders: self.holders(),
            content: self.content.0,
        };
        Ok(self.keys.iter().map(key).collect())
    }

    /// The keyed hash of a directory entry with this number.
    pub fn listed_key(&self, index: &IndexKey) -> Option<[u8; 16]> {
        let number = self.number.as_ref()?;
        Some(index.number_key(&self.issuer, &self.type_code, number, 0))
    }

    /// Every keyed hash that it takes for its record. Its number is keyed as that of a first version, too:
    /// every issue and every correction looks there, for any version.
    pub fn taken_keys(&self, index: &IndexKey) -> Vec<[u8; 16]> {
        let first = self.number.as_ref().filter(|_| self.version > 1);
        let first = first.map(|number| index.number_key(&self.issuer, &self.type_code, number, 1));
        self.keys.iter().copied().chain(first).collect()
    }

    /// Takes its keys. A content that an earlier version of the same record had keeps its key.
    ///
    /// # Errors
    /// `number_clash` if another record has one.
    pub(in crate::registry) fn take_keys(&self, writer: &mut Writer<'_>, record_id: [u8; 16]) -> Result<()> {
        let version = i32::try_from(self.version).map_err(Error::internal)?;
        for key in self.taken_keys(writer.index()) {
            let Some(found) = writer.record_key(&key)? else {
                let (holders, content) = (self.holders(), self.content.0);
                writer.insert_record_key(&RecordKey { key, record_id, version, holders, content })?;
                continue;
            };
            if found.record_id != record_id {
                let taken = Error::new(Code::NumberClash, "another record has this number");
                return Err(taken.at("number").rule(Rule::NumberUnique));
            }
        }
        Ok(())
    }
}
