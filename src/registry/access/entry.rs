//! The access entry of whatever shows something of a holder (I2): its parts, its purpose, its receipt.
//!
//! A use case that shows something notes its entry through [`AccessLog::note`] before it answers; one that
//! refuses an authenticated asker where a holder is known calls [`Registry::note_refusal`].

use crate::error::{Error, Result};
use crate::identity::HolderCode;
use crate::log::{Accepted, Head, Submission};
use crate::policy::Actor;
use crate::record::access::{AccessEntry, Seat, further_hash};
use crate::record::answer::{Answer, AnsweredRecord, Head as AnsweredHead};
use crate::record::event::holder_hash;
use crate::record::{Digest, Salt, ShortDigest};
use crate::registry::Registry;
use crate::registry::base::asked::{Purpose, ReceiptForm};
use crate::rule::Rule;
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

/// On how many lists one access stands at most: the batch layout counts them in one byte.
const MOST: usize = 200;

/// Another holder of a joint record: its key, and its code where it is known.
pub(in crate::registry) type CoHolder = (HolderKey, Option<HolderCode>);

/// Key type and key code: the form that stands hashed in entries.
type Canonical = (String, String);

/// Whose entry it is: the holder asked about and all others whose records were shown. Those whose codes are known
/// stand in the entry as hashes; the keys of all stand beside it, for their lists.
#[derive(Clone)]
pub(in crate::registry) struct Touched {
    asked: Canonical,
    linked: Vec<Canonical>,
    joint: Vec<Canonical>,
    keys: Vec<HolderKey>,
}

impl Touched {
    /// The holder that was asked about.
    pub fn one(code: &HolderCode, key: HolderKey) -> Self {
        Self { asked: canonical(code), linked: Vec::new(), joint: Vec::new(), keys: vec![key] }
    }

    /// The holders of one record, by their codes as far as they are known and by their keys. The first stands as
    /// the one asked about: by an identifier nobody is.
    pub fn holders_of<'c>(codes: impl IntoIterator<Item = (&'c str, &'c str)>, keys: &[HolderKey]) -> Self {
        let mut codes = codes.into_iter().map(|(code_type, code)| as_stored(code_type, code));
        let asked = codes.next().unwrap_or_default();
        let mut joint: Vec<Canonical> = Vec::new();
        for code in codes {
            if code != asked && !joint.contains(&code) {
                joint.push(code);
            }
        }
        Self { asked, linked: Vec::new(), joint, keys: keys.iter().take(MOST).copied().collect() }
    }

    /// Adds the holder under whose code a record was found, unless it is the asked one: a code linked to it. It
    /// sees the access on its list, also after the link was taken back.
    pub fn found_under(&mut self, code_type: &str, code: &str, key: HolderKey) {
        if self.adds(key) {
            self.linked.push(as_stored(code_type, code));
        }
    }

    /// Adds the other holders of a joint record that was shown: the access stands on their lists too.
    pub fn also(&mut self, holders: &[CoHolder]) {
        for (key, code) in holders {
            if self.adds(*key)
                && let Some(code) = code
            {
                self.joint.push(canonical(code));
            }
        }
    }

    /// Whether the key is new; each holder stands once.
    fn adds(&mut self, key: HolderKey) -> bool {
        let new = !self.keys.contains(&key) && self.keys.len() < MOST;
        if new {
            self.keys.push(key);
        }
        new
    }

    /// Hashes of a list under the salts of its places.
    fn hashes(codes: &[Canonical], list: Seat, salt: &Salt) -> Vec<ShortDigest> {
        let hash = |(place, (code_type, code)): (usize, &Canonical)| {
            further_hash(salt, list, place, code_type, code)
        };
        codes.iter().enumerate().map(hash).collect()
    }
}

fn canonical(code: &HolderCode) -> Canonical {
    (code.key_type().to_owned(), code.key_code().to_owned())
}

/// The form of a code as a record has it; one that breaks a rule of today stands as it is.
fn as_stored(code_type: &str, code: &str) -> Canonical {
    let parsed = code_type.parse().ok().and_then(|kind| HolderCode::parse(kind, code).ok());
    parsed.map_or_else(|| (code_type.to_owned(), code.to_owned()), |parsed| canonical(&parsed.code))
}

impl EntryParts<'_> {
    /// The entry as it is handed to the access log.
    pub fn submission(&self, log: &str, touched: Touched) -> Result<Submission> {
        let salt = random::salt()?;
        let purpose = self.purpose;
        let linked = Touched::hashes(&touched.linked, Seat::Linked, &salt);
        let joint = Touched::hashes(&touched.joint, Seat::Joint, &salt);
        let (code_type, code) = &touched.asked;
        let holders = touched.keys.len();
        let entry = AccessEntry {
            actor: self.actor,
            agency: None,
            answer: self.answer,
            article: None,
            case: purpose.and_then(|purpose| purpose.case.as_deref()),
            channel: self.channel,
            consent: None,
            decision: self.decision,
            evidence: None,
            fields: self.fields.as_deref(),
            holder: holder_hash(&salt, code_type, code),
            holders: (holders != 1).then(|| u32::try_from(holders).unwrap_or(u32::MAX)),
            item: purpose.map(|purpose| purpose.item.as_str()),
            item_version: None,
            joint: &joint,
            linked: &linked,
            log,
            mandate: None,
            outcome: self.outcome,
            presence: purpose.map(|purpose| purpose.presence.as_deref().unwrap_or("typed")),
            reason: purpose.map(|purpose| purpose.reason.as_str()),
            role: purpose.and_then(|purpose| purpose.role.as_deref()),
            salt,
            slots: None,
            ticket: None,
            types: self.types.as_deref(),
        };
        let mut bytes = Vec::with_capacity(640);
        let at = entry.write(&mut bytes);
        Ok(Submission::new(bytes, at).map_err(Error::internal)?.beside(touched.keys))
    }
}

/// Digest of an answer that showed these records as of that head.
pub(in crate::registry) fn answer_digest(head: Option<&Head>, records: &[AnsweredRecord<'_>]) -> Digest {
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

/// The receipt as it goes out: whole, or as a reference that can be fetched later.
pub(in crate::registry) fn receipt_json(accepted: &Accepted, form: ReceiptForm) -> String {
    match form {
        ReceiptForm::Full => accepted.receipt(),
        ReceiptForm::Reference => format!("{{\"index\":{},\"log\":\"{}\"}}", accepted.index, accepted.log),
    }
}

/// The same as a value, for answers that are made as one.
pub(in crate::registry) fn receipt_value(
    accepted: &Accepted,
    form: ReceiptForm,
) -> Result<serde_json::Value> {
    serde_json::from_str(&receipt_json(accepted, form)).map_err(Error::internal)
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
            decision: refusal.rule.map_or(refusal.code.wire(), Rule::wire),
            outcome: "refused",
            answer: nothing_shown(),
        };
        access.note_now(vec![parts.submission(access.name(), touched)?]).map(drop)
    }
}
