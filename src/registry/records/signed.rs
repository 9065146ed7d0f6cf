//! A record with its signature, and the rows that it becomes: the same for an issue, an action and an import.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::payload::Validity;
use crate::record::state::State;
use crate::record::{Digest, Record};
use crate::registry::base::asked::holder_key;
use crate::registry::records::draft::Checked;
use crate::store::{RowBody, StoredRecord};
use crate::trust::{EnvelopeBuf, HolderKey, IndexKey, SigningKey, Typ};

/// Whether something new was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueOutcome {
    /// A new record.
    Issued,
    /// The same record was there: this is the first one's answer.
    AlreadyThere,
}

/// A record with its signature and the keys it will stand under: all that needs no database.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The record.
    pub record: Record,
    /// Its stored envelope.
    pub envelope: EnvelopeBuf,
    /// One for each holder, in order.
    pub holders: Vec<HolderKey>,
    /// SHA-256 of the content form.
    pub content: Digest,
    /// Keyed hashes it takes: identifier, then number or content.
    pub keys: Vec<[u8; 16]>,
    /// True if the identifier must not stand in the clear.
    pub secret_identifier: bool,
}

impl Signed {
    /// Signs a checked record.
    pub fn new(checked: Checked, key: &SigningKey, index: &IndexKey) -> Result<Self> {
        let (payload, content) = checked.record.forms().map_err(Error::internal)?;
        let envelope = EnvelopeBuf::sign(Typ::Record, &payload, key)?;
        Ok(Self::of(checked, envelope, &content, index))
    }

    /// Takes in a checked record with the envelope that its issuer signed.
    pub fn over(checked: Checked, envelope: EnvelopeBuf, index: &IndexKey) -> Result<Self> {
        let content = checked.record.content_form().map_err(Error::internal)?;
        Ok(Self::of(checked, envelope, &content, index))
    }

    fn of(checked: Checked, envelope: EnvelopeBuf, form: &[u8], index: &IndexKey) -> Self {
        let Checked { record, codes, .. } = checked;
        let content = Digest::of(&[form]);
        let holders = codes.iter().map(|code| holder_key(index, code)).collect();
        let unique = match &record.number {
            Some(number) => {
                index.number_key(&record.issuer.code, &record.record_type.code, number, record.version)
            }
            None => index.content_key(form),
        };
        let keys = vec![index.identifier_key(&record.identifier), unique];
        let secret_identifier = record.identifier_is_secret();
        Self { record, envelope, holders, content, keys, secret_identifier }
    }

    /// The rows of this record, one a holder, as of an event's leaf.
    pub fn rows(
        &self,
        record_id: [u8; 16],
        state: State,
        log: &str,
        leaf: u64,
        at: Moment,
    ) -> Result<Vec<StoredRecord>> {
        let record = &self.record;
        let version = i32::try_from(record.version).map_err(Error::internal)?;
        let envelope = self.envelope.stored().to_vec();
        let rows = record.holders.iter().zip(&self.holders).map(|(holder, hk)| StoredRecord {
            hk: *hk,
            type_code: record.record_type.code.clone(),
            record_id,
            kind: record.kind,
            custody: crate::catalog::Custody::Hosted,
            version,
            identifier: (!self.secret_identifier).then(|| record.identifier.clone()),
            issuer: record.issuer.code.clone(),
            state,
            valid_from: record.valid_from,
            valid_to: record.valid_to.and_then(Validity::last_day),
            as_of: at,
            disputed: false,
            log: log.to_owned(),
            leaf,
            row_seq: 1,
            body: RowBody {
                holder: (holder.code_type.clone(), holder.code.clone()),
                role: holder.role.clone(),
                identifier: record.identifier.clone(),
                logged_at: at,
                review_due: None,
                envelope: envelope.clone(),
                directory: Vec::new(),
            },
        });
        Ok(rows.collect())
    }

    /// The event of this record's coming to be.
    pub fn event(&self, action: Action, actor: &str, at: Moment, salt: crate::record::Salt) -> Event {
        let subject = subject_hash(&salt, &self.record.identifier);
        let replaces = self.record.replaces.as_ref().map(|earlier| earlier.version);
        Event::new(EventKind::Record, action.wire(), actor, salt, subject, at)
            .effective_on(self.record.issued_on)
            .record_version(Some(self.envelope.view().digest()), self.record.version, replaces)
    }
}
