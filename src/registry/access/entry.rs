//! The access entry of whatever shows something of a holder (I2): its parts and its purpose.
//!
//! A use case that shows something notes its entry through [`AccessLog::note`] before it answers; one that
//! refuses an authenticated asker where a holder is known calls [`Registry::note_refusal`].

use crate::error::{Error, Result};
use crate::identity::HolderCode;
use crate::log::{LogMark, Submission};
use crate::policy::Actor;
use crate::record::Digest;
use crate::record::access::AccessEntry;
use crate::record::answer::{Answer, AnsweredRecord, Head as AnsweredHead};
use crate::record::event::holder_hash;
use crate::registry::Registry;
use crate::registry::base::asked::Purpose;
use crate::trust::{HolderKey, random};

/// What an access entry says beside the holder.
pub(in crate::registry) struct EntryParts<'a> {
    /// [`Actor::label`], or `public`.
    pub actor: &'a str,
    /// The door: `agency`, `window`, `public`, `cli`.
    pub channel: &'a str,
    /// What for, where the use case asks.
    pub purpose: Option<&'a Purpose>,
    /// The types asked for; none where all were.
    pub types: Option<Vec<&'a str>>,
    /// The fields asked for; none where all were.
    pub fields: Option<Vec<&'a str>>,
    /// The rule by which policy decided.
    pub decision: &'a str,
    /// What came of it.
    pub outcome: &'a str,
    /// Digest of the answer list.
    pub answer: Digest,
}

/// Whose entry it is: the holder that stands in it as a hash, and all on whose lists it stands.
#[derive(Clone)]
pub(in crate::registry) struct Touched {
    key_type: String,
    key_code: String,
    keys: Vec<HolderKey>,
}

impl Touched {
    /// The holder that was asked about.
    pub fn one(code: &HolderCode, key: HolderKey) -> Self {
        Self { key_type: code.key_type().to_owned(), key_code: code.key_code().to_owned(), keys: vec![key] }
    }

    /// Adds the other holders of joint records that were shown: the access stands on their lists too. Each
    /// holder once; the batch layout counts them in one byte.
    pub fn also(&mut self, keys: &[HolderKey]) {
        for key in keys {
            if !self.keys.contains(key) && self.keys.len() < 200 {
                self.keys.push(*key);
            }
        }
    }

    /// The holders of a record: the first stands in the entry, all see it on their lists.
    pub fn all_of(code_type: &str, code: &str, keys: Vec<HolderKey>) -> Self {
        let parsed = code_type.parse().ok().and_then(|kind| HolderCode::parse(kind, code).ok());
        let (key_type, key_code) = match &parsed {
            Some(parsed) => (parsed.code.key_type(), parsed.code.key_code()),
            None => (code_type, code),
        };
        Self { key_type: key_type.to_owned(), key_code: key_code.to_owned(), keys }
    }
}

impl EntryParts<'_> {
    /// The entry as it is handed to the access log.
    pub fn submission(&self, log: &str, touched: Touched) -> Result<Submission> {
        let salt = random::salt()?;
        let purpose = self.purpose;
        let entry = AccessEntry {
            actor: self.actor,
            answer: self.answer,
            case: purpose.and_then(|purpose| purpose.case.as_deref()),
            channel: self.channel,
            decision: self.decision,
            fields: self.fields.as_deref(),
            holder: holder_hash(&salt, &touched.key_type, &touched.key_code),
            item: purpose.map(|purpose| purpose.item.as_str()),
            log,
            outcome: self.outcome,
            presence: purpose.map(|purpose| purpose.presence.as_deref().unwrap_or("typed")),
            reason: purpose.map(|purpose| purpose.reason.as_str()),
            role: purpose.and_then(|purpose| purpose.role.as_deref()),
            salt,
            types: self.types.as_deref(),
        };
        let mut bytes = Vec::with_capacity(640);
        let at = entry.write(&mut bytes);
        Ok(Submission::new(bytes, at).map_err(Error::internal)?.beside(touched.keys))
    }
}

/// Digest of an answer that showed these records as of that head.
pub(in crate::registry) fn answer_digest(head: Option<&LogMark>, records: &[AnsweredRecord<'_>]) -> Digest {
    let heads: Vec<AnsweredHead<'_>> = head
        .iter()
        .map(|head| AnsweredHead { log: &head.log, root: Digest(head.root.0), size: head.size })
        .collect();
    Answer { absent: &[], heads: &heads, records }.digest(&mut Vec::with_capacity(512))
}

/// The digest of an answer that showed nothing.
pub(in crate::registry) fn nothing_shown() -> Digest {
    answer_digest(None, &[])
}

/// The door an actor comes through where nobody says more.
pub(in crate::registry) fn door(actor: &Actor) -> &'static str {
    match actor {
        Actor::Client { .. } => "agency",
        Actor::Account(_) => "window",
        Actor::Operator { .. } => "cli",
    }
}

impl Registry {
    /// Notes that an authenticated asker was refused where the holder was known. Blocks. The refusal goes out
    /// only when this returned.
    pub(in crate::registry) fn note_refusal(
        &self,
        actor: &Actor,
        touched: Touched,
        refusal: &Error,
    ) -> Result<()> {
        let access = self.access()?;
        let label = actor.label();
        let parts = EntryParts {
            actor: &label,
            channel: door(actor),
            purpose: None,
            types: None,
            fields: None,
            decision: refusal.rule.as_deref().unwrap_or_else(|| refusal.code.wire()),
            outcome: "refused",
            answer: nothing_shown(),
        };
        access.note_now(vec![parts.submission(access.name(), touched)?]).map(drop)
    }
}
