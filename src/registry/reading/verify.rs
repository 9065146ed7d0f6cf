//! Verify: the verdict on an envelope, an identifier or a receipt in someone's hand.
//!
//! * An **envelope** (compact JWS) is checked as a stranger would (layout, signature, key, type) and against
//!   the registry (the log, the state, newer versions, the holder's life).
//! * An **identifier** with face values tells field by field whether the printed value is the signed one.
//! * An **answer to a predicate** is an envelope too: whether the registry signed it, and whether it still counts.
//! * A **receipt** is checked against its log: entry, proof, checkpoint, and that the log still has that entry.
//!
//! A broken rule is an answer, never an error: the verdict is `invalid` with `malformed` and the rule. An
//! answer about a record kept here is noted as an access of its holders before it goes out (I2); a receipt is
//! about the log and is not. A caller who brings other bytes than the signed ones learns nothing of the
//! record.

mod envelope;
mod face;
mod receipt;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::bounds;
use crate::catalog::Custody;
use crate::clock::{Day, Moment};
use crate::closed::closed;
use crate::error::{Code, Error, Result};
use crate::log::LogMark;
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::access::{AllowedBy, DecisionReason, Outcome};
use crate::record::answer::AnsweredRecord;
use crate::record::payload::Issuer;
use crate::record::question::SourceWord;
use crate::record::{Digest, Judgement, Reason, Reasons, State, Verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched, answer_digest};
use crate::registry::base::asked::{Purpose, ReceiptForm, check_purpose};
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::{SignedWith, Snapshot};
use crate::registry::base::texts;
use crate::rule::Rule;

/// What is to be verified: exactly one of `envelope`, `identifier` and `receipt`.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyAsk {
    /// A record, or an answer to a predicate, as compact JWS.
    #[serde(default)]
    pub envelope: Option<String>,
    /// The identifier printed on a certificate.
    #[serde(default)]
    pub identifier: Option<String>,
    /// With an identifier: values of the face as printed, at least one; `number` is the certificate's own.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub face: Option<Map<String, Value>>,
    /// A `Receipt` as it was handed out. What is none is judged, as malformed, and not refused.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub receipt: Option<Map<String, Value>>,
    /// What for; may be left out for an envelope or a receipt.
    #[serde(default)]
    pub purpose: Option<Purpose>,
    /// How much of the receipt of this verification goes out.
    #[serde(default)]
    pub receipt_form: ReceiptForm,
}

impl std::fmt::Debug for VerifyAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match (&self.envelope, &self.identifier) {
            (Some(_), _) => "envelope",
            (None, Some(_)) => "identifier",
            (None, None) => "receipt",
        };
        write!(f, "VerifyAsk({what})")
    }
}

closed! {
    /// What was verified.
    VerifiedThing {
        Envelope, "envelope", "签名原文", "an envelope";
        Answer, "answer", "核验答复", "an answer to a predicate";
        Identifier, "identifier", "照面", "an identifier with values of the face";
        Receipt, "receipt", "查验回执", "a receipt";
    }
}

closed! {
    /// The comparison of a given value with the signed one; the worse comes later.
    FieldMatch {
        Match, "match", "一致", "the same";
        Variant, "variant", "异体", "the same name with another dot or another shape of a character";
        Mismatch, "mismatch", "不一致", "another";
        Absent, "absent", "无此项", "nothing was signed under that name";
        NotCompared, "not_compared", "未比对", "not compared: the field goes out masked, and the grant does not name it whole";
    }
}

/// What a document in hand is worth. Beside verdict and reasons it has what the document itself says, and of a record
/// kept here what became of it.
#[derive(Clone, Serialize, ToSchema)]
pub struct VerifyAnswer {
    /// The time of the access entry; where nothing of a record was told, of the verification.
    pub at: Moment,
    /// Of a receipt: number of leaves under its checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub checkpoint_size: Option<u64>,
    /// The true time, where the log's is later: an earlier entry was written by a clock that ran ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub clock: Option<Moment>,
    /// The present version of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub current_version: Option<i32>,
    /// Where the body is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub custody: Option<Custody>,
    /// Digest of the envelope.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub digest: Option<Digest>,
    /// Of a receipt: the access entry; null where it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub entry: Option<Value>,
    /// Of a printed face: each value that was brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fields: Option<Vec<ComparedField>>,
    /// The log of records, read before: the answer is at least as new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub head: Option<LogMark>,
    /// Of a receipt: its leaf.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub index: Option<u64>,
    /// The day of issue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issued_on: Option<Day>,
    /// Who issued: code and name of the day by the envelope, the code alone by the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issuer: Option<VerifiedIssuer>,
    /// The key that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub kid: Option<String>,
    /// Of a receipt: its log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub log: Option<String>,
    /// The event by which the envelope came to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub logged: Option<LoggedEvent>,
    /// Every reason, in the order of the list.
    #[schema(value_type = Vec<Reason>)]
    pub reasons: Reasons,
    /// The receipt of this access, where something of a record was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt: Option<HandedReceipt>,
    /// The rule of layout that failed, or by which the identifier is not the record's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rule: Option<Rule>,
    /// Of an answer to a predicate that the registry signed: what it says, also where it counts no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub said: Option<SaidAnswer>,
    /// Whose key signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub signed_with: Option<SignedWith>,
    /// The stored state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<State>,
    /// Type code.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub type_code: Option<String>,
    /// What the document is worth.
    pub verdict: Verdict,
    /// The version of the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub version: Option<u32>,
    /// What was verified.
    pub what: VerifiedThing,
}

/// What an answer to a predicate says. Of whom stands in it as a hash, and not here.
#[derive(Clone, Serialize, ToSchema)]
pub struct SaidAnswer {
    /// `yes` `no` `unknown`
    #[schema(value_type = String, example = "yes")]
    pub answer: SourceWord,
    /// The same in words.
    pub answer_zh: &'static str,
    /// When it was signed.
    pub at: Moment,
    /// 实施编码 of the item for which it was asked.
    pub item: String,
    /// Its name; left out where the registry has no such version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub item_name: Option<String>,
    /// Its version.
    pub item_version: u32,
    /// The question, member by member as the item has it: `内容`, and what belongs to it.
    pub predicate: BTreeMap<String, String>,
    /// The code of the role of whom it was asked; left out where the registry has no such version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub role: Option<String>,
    /// 编号 of the material.
    pub slot: String,
    /// Until when it counts.
    pub valid_until: Moment,
}

/// The issuer of a verified record.
#[derive(Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub enum VerifiedIssuer {
    /// By the row: the agency's code.
    Code(String),
    /// By the envelope.
    Named(Issuer),
}

/// A value of the face that was brought.
#[derive(Clone, Serialize, ToSchema)]
pub struct ComparedField {
    /// The field's name.
    pub field: String,
    /// How it stands to the signed one.
    pub is: FieldMatch,
}

/// Where an event stands in the log.
#[derive(Clone, Serialize, ToSchema)]
pub struct LoggedEvent {
    /// Its leaf.
    pub leaf: u64,
    /// The log.
    pub log: String,
    /// When.
    pub logged_at: Moment,
}

impl VerifyAnswer {
    fn new(what: VerifiedThing, judgement: Judgement, at: Moment) -> Self {
        Self {
            at,
            checkpoint_size: None,
            clock: None,
            current_version: None,
            custody: None,
            digest: None,
            entry: None,
            fields: None,
            head: None,
            index: None,
            issued_on: None,
            issuer: None,
            kid: None,
            log: None,
            logged: None,
            reasons: judgement.reasons,
            receipt: None,
            rule: None,
            said: None,
            signed_with: None,
            state: None,
            type_code: None,
            verdict: judgement.verdict,
            version: None,
            what,
        }
    }

    fn judgement(&self) -> Judgement {
        Judgement { verdict: self.verdict, reasons: self.reasons }
    }

    /// An answer with one reason and nothing about a record.
    fn bare(
        what: VerifiedThing,
        (verdict, reason): (Verdict, Reason),
        rule: Option<Rule>,
        at: Moment,
    ) -> Self {
        let judgement = Judgement { verdict, reasons: Reasons::NONE.with(reason) };
        Self { rule, ..Self::new(what, judgement, at) }
    }
}

/// The result of one of the three ways.
struct Finding {
    answer: VerifyAnswer,
    /// For a record kept here: the lists with the access, and the entry's digest of the answer.
    shown: Option<Shown>,
}

struct Shown {
    touched: Touched,
    identifier: String,
    version: u32,
    digest: Digest,
    type_code: String,
    head: LogMark,
    fields: Option<Vec<String>>,
    /// The asker sees the whole record.
    whole: bool,
}

impl From<VerifyAnswer> for Finding {
    fn from(answer: VerifyAnswer) -> Self {
        Self { answer, shown: None }
    }
}

impl Registry {
    /// Verifies. `actor` is none for the public, who may bring an envelope or a receipt; an identifier needs a
    /// grant for the type and the fields.
    ///
    /// # Errors
    /// `field_invalid` unless exactly one thing is brought; `purpose_missing`, `forbidden`; and the errors of
    /// noting an access.
    pub async fn verify(&self, actor: Option<&Actor>, ask: &VerifyAsk) -> Result<VerifyAnswer> {
        if let Some(purpose) = &ask.purpose {
            check_purpose(purpose)?;
        }
        let decision = match actor {
            // A refusal that names an identifier is noted where that is read.
            Some(actor) if ask.identifier.is_some() => decide_scope(actor, Scope::Verify).reason(),
            Some(actor) => decide_scope(actor, Scope::Verify).required()?,
            None => AllowedBy::Public.into(),
        };
        let snapshot = self.fresh_snapshot()?;
        let Finding { answer, shown } = self.finding(&snapshot, actor, ask).await?;
        match shown {
            Some(shown) => self.told(&snapshot, (actor, ask), (answer, shown), decision).await,
            None => Ok(answer),
        }
    }

    /// The answer about a record that is kept here, once its access is durable.
    async fn told(
        &self,
        snapshot: &Snapshot,
        (actor, ask): (Option<&Actor>, &VerifyAsk),
        (mut answer, shown): (VerifyAnswer, Shown),
        decision: DecisionReason,
    ) -> Result<VerifyAnswer> {
        let access = self.access()?;
        let others = match &ask.purpose {
            Some(purpose) => self.other_numbers(purpose, &shown.touched).await?,
            None => Vec::new(),
        };
        if let (Some(actor), Some(purpose), true) = (actor, &ask.purpose, shown.whole) {
            self.refuse_named(actor, purpose, (&shown.touched, &others)).await?;
        }
        let record = AnsweredRecord {
            identifier: &shown.identifier,
            version: shown.version,
            digest: shown.digest,
            judgement: answer.judgement(),
        };
        let came_to = CameTo::shown(Outcome::Verified, decision, answer_digest(Some(&shown.head), &[record]));
        if let Some(actor) = actor {
            let purpose = ask.identifier.as_ref().and(ask.purpose.as_ref());
            self.still_allowed(actor, snapshot, purpose).await?;
        }
        let accepted = Entry::of(actor)
            .purpose(ask.purpose.as_ref())
            .beside(&others)
            .types(Some([shown.type_code.as_str()]))
            .fields(shown.fields.as_ref().map(|fields| fields.iter().map(String::as_str)))
            .note(&access, shown.touched, came_to)
            .await?;
        answer.at = accepted.at;
        answer.clock = accepted.clock_behind();
        answer.head = Some(shown.head);
        answer.receipt = Some(HandedReceipt { accepted, form: ask.receipt_form });
        Ok(answer)
    }

    /// The facts about the thing that was brought.
    async fn finding(
        &self,
        snapshot: &Arc<Snapshot>,
        actor: Option<&Actor>,
        ask: &VerifyAsk,
    ) -> Result<Finding> {
        match (&ask.envelope, &ask.identifier, &ask.receipt) {
            (Some(compact), None, None) if ask.face.is_none() => {
                self.verify_envelope(snapshot, actor, compact).await
            }
            (None, Some(identifier), None) => {
                let face = ask.face.as_ref().filter(|face| !face.is_empty());
                let face = face.ok_or_else(|| {
                    let detail = "an identifier is verified with values of the face";
                    Error::new(Code::FieldInvalid, detail).at("face").rule(Rule::FaceMissing)
                })?;
                bounds::at_most(bounds::FIELDS, face.len(), "face")?;
                // They stand in the entry as they were asked for.
                face.keys().try_for_each(|name| texts::logged("face", name))?;
                let actor = actor.ok_or_else(|| {
                    Error::new(Code::Unauthenticated, "an identifier is verified for those who are signed in")
                })?;
                let purpose = ask.purpose.as_ref().ok_or_else(|| {
                    Error::new(Code::PurposeMissing, "say for which item and why").at("purpose")
                })?;
                self.verify_face(snapshot, actor, (identifier, face), purpose).await
            }
            (None, None, Some(receipt)) if ask.face.is_none() => self.verify_receipt(receipt).await,
            _ => {
                let detail = "exactly one of envelope, identifier and receipt";
                Err(Error::new(Code::FieldInvalid, detail).at("envelope").rule(Rule::OneOf))
            }
        }
    }
}

/// Whether the catalog has the type in that version.
fn type_known(snapshot: &Snapshot, code: &str, version: u32) -> bool {
    snapshot.catalog.type_version(code, version).is_some()
}
