//! A signed record on its way from a parsing thread to the writer: all that its rows need but leaf and time.

use crate::catalog::{Custody, Kind};
use crate::clock::{Day, Moment};
use crate::error::{Error, Result};
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::payload::Validity;
use crate::record::state::State;
use crate::record::{Digest, Salt};
use crate::registry::base::ledger::Place;
use crate::registry::records::signed::Signed;
use crate::registry::records::submitted::Beginning;
use crate::store::{RecordKey, RowBody, StoredEvent, StoredRecord};
use crate::trust::{HolderKey, random};

/// Merge order: first holder's key, type, line. Two items never have the same.
pub(super) type SortKey = [u8; 48];

/// One holder of an item.
pub(super) struct ItemHolder {
    pub hk: HolderKey,
    pub code_type: String,
    pub code: String,
    pub role: String,
}

/// A record ready for the writer.
pub(super) struct Item {
    pub line: u64,
    pub beginning: Beginning,
    pub record_id: [u8; 16],
    pub salt: Salt,
    /// The key that signed it.
    pub kid: [u8; 32],
    pub kind: Kind,
    pub type_code: String,
    pub identifier: String,
    pub secret_identifier: bool,
    pub issuer: String,
    pub issued_on: Day,
    pub valid_from: Option<Day>,
    pub valid_to: Option<Day>,
    pub content: Digest,
    pub keys: Vec<[u8; 16]>,
    pub holders: Vec<ItemHolder>,
    pub envelope: Vec<u8>,
    pub envelope_digest: Digest,
    pub subject: Digest,
}

impl Item {
    /// Takes over a signed record that stood on `line`.
    pub fn of(signed: Signed, beginning: Beginning, line: u64) -> Result<Self> {
        let kid = *signed.envelope.view().kid()?.bytes();
        let Signed { record, envelope, holders, content, keys, secret_identifier } = signed;
        let salt = random::salt()?;
        let seats = record.holders.into_iter().zip(holders).map(|(holder, hk)| ItemHolder {
            hk,
            code_type: holder.code_type,
            code: holder.code,
            role: holder.role,
        });
        Ok(Self {
            line,
            beginning,
            record_id: random::pooled()?,
            salt,
            kid,
            kind: record.kind,
            type_code: record.record_type.code,
            subject: subject_hash(&salt, &record.identifier),
            identifier: record.identifier,
            secret_identifier,
            issuer: record.issuer.code,
            issued_on: record.issued_on,
            valid_from: record.valid_from,
            valid_to: record.valid_to.and_then(Validity::last_day),
            content,
            keys,
            holders: seats.collect(),
            envelope_digest: envelope.view().digest(),
            envelope: envelope.stored().to_vec(),
        })
    }

    /// Where it comes in the merge.
    pub fn sort_key(&self) -> SortKey {
        let mut key = [0; 48];
        let (holder, rest) = key.split_at_mut(16);
        if let Some(first) = self.holders.first() {
            holder.copy_from_slice(first.hk.bytes());
        }
        let (type_code, line) = rest.split_at_mut(24);
        type_code.iter_mut().zip(self.type_code.bytes()).for_each(|(place, byte)| *place = byte);
        line.copy_from_slice(&self.line.to_be_bytes());
        key
    }

    /// The event of its coming to be.
    pub fn event(&self, actor: &str, at: Moment) -> Event {
        Event::new(EventKind::Record, self.beginning.action().wire(), actor, self.salt, self.subject, at)
            .effective_on(self.issued_on)
            .record_version(Some(self.envelope_digest), 1, None)
    }

    /// Its rows of `records`, one a holder, as of a leaf.
    pub fn rows(&self, place: &Place, leaf: u64) -> impl Iterator<Item = StoredRecord> {
        self.holders.iter().map(move |holder| StoredRecord {
            hk: holder.hk,
            type_code: self.type_code.clone(),
            record_id: self.record_id,
            kind: self.kind,
            custody: Custody::Hosted,
            version: 1,
            identifier: (!self.secret_identifier).then(|| self.identifier.clone()),
            issuer: self.issuer.clone(),
            state: State::Active,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
            as_of: place.at,
            disputed: false,
            log: place.log.clone(),
            leaf,
            row_seq: 1,
            body: RowBody {
                holder: (holder.code_type.clone(), holder.code.clone()),
                role: holder.role.clone(),
                identifier: self.identifier.clone(),
                logged_at: place.at,
                review_due: None,
                envelope: self.envelope.clone(),
                directory: Vec::new(),
            },
        })
    }

    /// Its rows of `events`, one a holder.
    pub fn event_rows(&self, place: &Place, leaf: u64, event: &[u8]) -> impl Iterator<Item = StoredEvent> {
        self.holders.iter().map(move |holder| StoredEvent {
            hk: holder.hk,
            record_id: self.record_id,
            seq: 1,
            action: self.beginning.action().wire().to_owned(),
            effective_on: self.issued_on,
            logged_at: place.at,
            log: place.log.clone(),
            leaf,
            event: event.to_vec(),
            order: Vec::new(),
            ground: String::new(),
            intact: true,
        })
    }

    /// The keys it takes.
    pub fn record_keys(&self) -> impl Iterator<Item = RecordKey> {
        self.keys.iter().map(|key| RecordKey {
            key: *key,
            record_id: self.record_id,
            version: 1,
            holders: self.holders.iter().map(|holder| holder.hk).collect(),
            content: self.content.0,
        })
    }

    /// Appends the form in which it is spilled: sort key first.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(&self.sort_key());
        for fixed in [
            &self.record_id[..],
            &self.salt.0,
            &self.kid,
            &self.content.0,
            &self.envelope_digest.0,
            &self.subject.0,
        ] {
            out.extend_from_slice(fixed);
        }
        let none = i32::MIN;
        for day in [Some(self.issued_on), self.valid_from, self.valid_to] {
            out.extend_from_slice(&day.map_or(none, Day::number).to_be_bytes());
        }
        out.push(self.secret_identifier.into());
        out.push((self.beginning == Beginning::TransferIn).into());
        out.push(u8::try_from(self.keys.len()).map_err(Error::internal)?);
        out.push(u8::try_from(self.holders.len()).map_err(Error::internal)?);
        self.keys.iter().for_each(|key| out.extend_from_slice(key));
        let mut text = |part: &[u8]| -> Result<()> {
            out.extend_from_slice(&u32::try_from(part.len()).map_err(Error::internal)?.to_be_bytes());
            out.extend_from_slice(part);
            Ok(())
        };
        for part in [self.kind.wire(), &self.type_code, &self.identifier, &self.issuer] {
            text(part.as_bytes())?;
        }
        for holder in &self.holders {
            text(holder.hk.bytes())?;
            for part in [&holder.code_type, &holder.code, &holder.role] {
                text(part.as_bytes())?;
            }
        }
        text(&self.envelope)
    }

    /// Reads what [`Item::write`] wrote; none if a byte is missing or left over.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = Rest(bytes);
        let sort: SortKey = rest.fixed()?;
        let line = u64::from_be_bytes(*sort.last_chunk()?);
        let (record_id, salt, kid) = (rest.fixed()?, Salt(rest.fixed()?), rest.fixed()?);
        let (content, envelope_digest, subject) =
            (Digest(rest.fixed()?), Digest(rest.fixed()?), Digest(rest.fixed()?));
        let mut day = || Some(Day::from_number(i32::from_be_bytes(rest.fixed()?)));
        let (issued_on, valid_from, valid_to) = (day()??, day()?, day()?);
        let [secret, moved, keys, holders] = rest.fixed::<4>()?;
        let keys = (0..keys).map(|_| rest.fixed()).collect::<Option<Vec<_>>>()?;
        let kind = Kind::from_wire(&rest.text()?)?;
        let (type_code, identifier, issuer) = (rest.text()?, rest.text()?, rest.text()?);
        let mut seats = Vec::with_capacity(holders.into());
        for _ in 0..holders {
            seats.push(ItemHolder {
                hk: HolderKey::from_bytes(rest.part()?.try_into().ok()?),
                code_type: rest.text()?,
                code: rest.text()?,
                role: rest.text()?,
            });
        }
        let envelope = rest.part()?.to_vec();
        rest.0.is_empty().then_some(Self {
            line,
            beginning: if moved == 1 { Beginning::TransferIn } else { Beginning::Issue },
            record_id,
            salt,
            kid,
            kind,
            type_code,
            identifier,
            secret_identifier: secret == 1,
            issuer,
            issued_on,
            valid_from,
            valid_to,
            content,
            keys,
            holders: seats,
            envelope,
            envelope_digest,
            subject,
        })
    }
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (part, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*part)
    }

    fn part(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(u32::from_be_bytes(self.fixed()?)).ok()?;
        let (part, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(part)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.part()?.to_vec()).ok()
    }
}
