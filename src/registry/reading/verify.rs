//! Verify: what an envelope, an identifier or a receipt in someone's hand is worth.
//!
//! * An **envelope** (compact JWS) is checked as a stranger would (layout, signature, key, type) and against what
//!   is kept here (the log, the state, newer versions, the holder's life).
//! * An **identifier** with face values tells field by field whether what is printed is what was signed.
//! * A **receipt** is checked against its log: entry, proof, checkpoint, and that the log still has that entry.
//!
//! What breaks a rule is an answer, never an error: the verdict is `invalid` with `malformed` and the rule.
//! Whatever tells something of a record kept here is noted as an access of its holders before it is answered
//! (I2); a receipt is about the log and is not. Whoever brings other bytes than were signed is told nothing of it.

mod envelope;
mod face;
mod receipt;

use serde::Deserialize;
use serde_json::{Map, Value};

pub(in crate::registry) use crate::registry::reading::here::head_json;

use crate::error::{Code, Error, Result};
use crate::log::Head;
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::access::{AllowedBy, Outcome};
use crate::record::answer::AnsweredRecord;
use crate::record::{Digest, Judgement, Reason, Reasons, Verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched, answer_digest, receipt_value};
use crate::registry::base::asked::{Purpose, ReceiptForm, check_purpose};
use crate::registry::base::snapshot::Snapshot;
use crate::rule::Rule;

/// What is to be verified: exactly one of `envelope`, `identifier` and `receipt`.
#[derive(Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyAsk {
    /// A record as compact JWS.
    #[serde(default)]
    pub envelope: Option<String>,
    /// The identifier printed on a certificate.
    #[serde(default)]
    pub identifier: Option<String>,
    /// With an identifier: values of the face as printed, at least one; `number` is the certificate's own.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub face: Option<Map<String, Value>>,
    /// A receipt as it was handed out.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub receipt: Option<Value>,
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

/// A finished verification.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The answer that goes out.
    pub body: Value,
    /// Its verdict, for exit codes.
    pub verdict: Verdict,
}

/// What one of the three ways found.
struct Finding {
    judgement: Judgement,
    /// The rule of layout that failed, where one did.
    rule: Option<Rule>,
    /// Members of the answer beside verdict and reasons.
    about: Map<String, Value>,
    /// Of a record kept here: on whose lists the access stands, and what the entry says of the answer.
    shown: Option<Shown>,
}

struct Shown {
    touched: Touched,
    identifier: String,
    version: u32,
    digest: Digest,
    type_code: String,
    head: Head,
    fields: Option<Vec<String>>,
}

impl Finding {
    fn malformed(rule: Rule) -> Self {
        Self::bare(Verdict::Invalid, Reason::Malformed, Some(rule))
    }

    fn bare(verdict: Verdict, reason: Reason, rule: Option<Rule>) -> Self {
        let judgement = Judgement { verdict, reasons: Reasons::NONE.with(reason) };
        Self { judgement, rule, about: Map::new(), shown: None }
    }
}

impl Registry {
    /// Verifies. `actor` is none for the public, who may bring an envelope or a receipt; an identifier needs a
    /// grant for the type and the fields.
    ///
    /// # Errors
    /// `field_invalid` unless exactly one thing is brought; `purpose_missing`, `forbidden`; and what keeps an
    /// access from being noted.
    pub async fn verify(&self, actor: Option<&Actor>, ask: &VerifyAsk) -> Result<Verified> {
        let snapshot = self.fresh_snapshot()?;
        if let Some(purpose) = &ask.purpose {
            check_purpose(purpose)?;
        }
        let decision = match actor {
            Some(actor) => decide_scope(actor, Scope::Verify).required()?,
            None => AllowedBy::Public.into(),
        };
        let (what, finding) = match (&ask.envelope, &ask.identifier, &ask.receipt) {
            (Some(compact), None, None) if ask.face.is_none() => {
                ("envelope", self.verify_envelope(&snapshot, compact).await?)
            }
            (None, Some(identifier), None) => {
                let face = ask.face.as_ref().filter(|face| !face.is_empty());
                let face = face.ok_or_else(|| {
                    let detail = "an identifier is verified with values of the face";
                    Error::new(Code::FieldInvalid, detail).at("face").rule(Rule::FaceMissing)
                })?;
                let actor = actor.ok_or_else(|| {
                    Error::new(Code::Unauthenticated, "an identifier is verified for those who are signed in")
                })?;
                let purpose = ask.purpose.as_ref().ok_or_else(|| {
                    Error::new(Code::PurposeMissing, "say for which item and why").at("purpose")
                })?;
                let found = self.verify_face(&snapshot, actor, (identifier, face), purpose).await?;
                ("identifier", found)
            }
            (None, None, Some(receipt)) if ask.face.is_none() => {
                ("receipt", self.verify_receipt(receipt).await?)
            }
            _ => {
                return Err(Error::new(
                    Code::FieldInvalid,
                    "exactly one of envelope, identifier and receipt",
                )
                .at("envelope")
                .rule(Rule::OneOf));
            }
        };
        let Finding { judgement, rule, about, shown } = finding;
        let mut body = Map::new();
        body.insert("what".into(), what.into());
        body.insert("verdict".into(), judgement.verdict.wire().into());
        body.insert("reasons".into(), serde_json::to_value(judgement.reasons).map_err(Error::internal)?);
        if let Some(rule) = rule {
            body.insert("rule".into(), rule.wire().into());
        }
        body.extend(about);
        let mut at = self.now();
        if let Some(shown) = shown {
            let access = self.access()?;
            let record = AnsweredRecord {
                identifier: &shown.identifier,
                version: shown.version,
                digest: shown.digest,
                judgement,
            };
            let answer = answer_digest(Some(&shown.head), &[record]);
            let accepted = Entry::of(actor)
                .purpose(ask.purpose.as_ref())
                .types(Some([shown.type_code.as_str()]))
                .fields(shown.fields.as_ref().map(|fields| fields.iter().map(String::as_str)))
                .note(&access, shown.touched, CameTo::shown(Outcome::Verified, decision, answer))
                .await?;
            at = accepted.at;
            body.insert("head".into(), head_json(&shown.head));
            body.insert("receipt".into(), receipt_value(&accepted, ask.receipt_form)?);
        }
        body.insert("at".into(), at.to_string().into());
        Ok(Verified { body: body.into(), verdict: judgement.verdict })
    }
}

/// Whether the catalog has the type in that version.
fn type_known(snapshot: &Snapshot, code: &str, version: u32) -> bool {
    snapshot.catalog.type_version(code, version).is_some()
}
