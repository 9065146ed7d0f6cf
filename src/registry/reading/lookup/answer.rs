//! The answer of a lookup as it goes out: its members stand here and nowhere else. Bytes and the description
//! of the API both come from these structs.
//!
//! The found records are written before the access is durable, the log's part after them: the rows need not
//! wait for the log.

use serde::{Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::catalog::Custody;
use crate::clock::{Day, Moment};
use crate::error::{Error, Result};
use crate::identity::{CodeType, Remark, RemarkKind};
use crate::log::{Accepted, Hash, LogMark};
use crate::record::event::Event;
use crate::record::extract::{DirectorySaid, Extract, ExtractBody, VouchedBy};
use crate::record::json::{self, Stored};
use crate::record::secret::mask;
use crate::record::{Reason, Reasons, State, Verdict};
use crate::registry::access::withheld::Withheld;
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::SignedWith;
use crate::registry::holders::linked::{Related, Relation};
use crate::registry::reading::lookup::absent::{AbsentAnswer, AbsentType, Conclusion};
use crate::registry::reading::lookup::ask::Cursor;
use crate::registry::reading::lookup::looked_up::{FoundHolder, FoundRecord, Judged, LookedUp, ShownBody};
use crate::store::HolderState;
use crate::trust::Envelope;

/// Bytes of an answer beside its records, and of one record: the first size of a buffer.
const ROOM: (usize, usize) = (1024, 2600);

/// A finished answer.
pub struct Answered {
    /// The JSON that goes out.
    pub body: Vec<u8>,
    /// The access that it rests on.
    pub accepted: Accepted,
    /// How many records it shows.
    pub records: usize,
}

/// An answer that waits for its access to be durable.
pub(super) struct Written {
    body: Vec<u8>,
    records: usize,
}

/// What a lookup is answered.
pub struct LookupAnswer;

/// The first half of a lookup's answer.
#[derive(Serialize, ToSchema)]
struct JudgedAnswer<'a> {
    /// What is on file and policy allows, each with its verdict.
    #[schema(value_type = Vec<RecordAnswer>)]
    records: &'a [FoundRecord],
    /// What the absence of each type that was asked for and not found means; where no type was named, of each that
    /// policy allows and that applies to the holder.
    #[schema(value_type = Vec<AbsentAnswer>)]
    absent: &'a [AbsentType],
    /// Where nothing is shown: all absences in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    conclusion: Option<Conclusion>,
    /// The holder as it was understood.
    holder: HolderAnswer<'a>,
    /// Heads of the logs, read before the records: the answer is at least as new.
    heads: [&'a LogMark; 1],
    /// Where there are more records: what `after` of the next page says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    next: Option<String>,
    /// `linked_numbers` where records under linked numbers were left out, since the day's budget of holders is spent;
    /// `absent` is then empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    withheld: Option<Withheld>,
}

/// The second half, when the access is durable.
#[derive(Serialize, ToSchema)]
struct LoggedAnswer<'a> {
    /// The time of the access entry.
    at: Moment,
    /// The true time, where the log's is later: an earlier entry was written by a clock that ran ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    clock: Option<Moment>,
    /// Entry, proof and checkpoint of this access, or its log and index.
    receipt: &'a HandedReceipt,
}

/// One record of a lookup's answer. One that does not open has its type, verdict and reasons alone.
#[derive(Serialize, ToSchema)]
#[schema(as = LookedUpRecord)]
pub struct RecordAnswer<'a> {
    /// Type code.
    r#type: &'a str,
    /// The type's short name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    slug: Option<&'a str>,
    /// The type's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name_zh: Option<&'a str>,
    /// The type's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    name_en: Option<&'a str>,
    /// Identifier (GB/T 36904); left out where it holds a number and not the whole is shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    identifier: Option<&'a str>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    version: Option<u32>,
    /// The issuing agency's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    issuer: Option<&'a str>,
    /// Where the body is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    custody: Option<Custody>,
    /// The stored state; that a record has expired is told by the verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    state: Option<State>,
    /// First valid day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    valid_from: Option<Day>,
    /// Last valid day; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    valid_to: Option<Day>,
    /// The feed or instant the copy came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    as_of: Option<Moment>,
    /// The log of its last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    log: Option<&'a str>,
    /// The leaf there. It is made of the event: entry = SHA-256(event), leaf = SHA-256(0x00 ‖ entry).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    leaf: Option<u64>,
    /// With `proofs`, where policy lets the whole out: the event at that leaf, in its canonical form. Its `subject` is
    /// SHA-256(`salt` ‖ identifier), its `envelope` the digest of the envelope that it brought in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Event>)]
    event: Option<Stored<'a>>,
    /// With `proofs`: the inclusion of SHA-256(0x00 ‖ SHA-256(event)) under the head.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Vec<Hash>>)]
    proof: Option<&'a [Hash]>,
    /// What the record is worth.
    verdict: Verdict,
    /// Every reason, in the order of the list.
    #[schema(value_type = Vec<Reason>)]
    reasons: Reasons,
    /// `issuer` beside an envelope, `registry` beside an extract.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vouched_by: Option<VouchedBy>,
    /// Beside an envelope: whose key signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    signed_with: Option<SignedWith>,
    /// The record as it was signed, compact JWS, where policy lets the whole out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    envelope: Option<Envelope<'a>>,
    /// The fields that policy lets out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<ExtractBody>)]
    extract: Option<&'a Extract>,
    /// Of an entry without a body: what its issuer says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<DirectorySaid>)]
    directory: Option<Stored<'a>>,
    /// What of it is not shown, since the day's budget of holders is spent: `co_holders`, or the `whole`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    withheld: Option<Withheld>,
    /// Where it stands under another code of the holder than the asked one: which, and why it is shown. The code is masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    linked: Option<RelatedAnswer>,
}

/// Another code that a holder belongs to.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = RelatedCode)]
pub struct RelatedAnswer {
    /// The code.
    code: String,
    /// Its type, three digits.
    code_type: String,
    /// Why, in English.
    en: &'static str,
    /// Why.
    relation: Relation,
    /// Since when.
    since: Day,
    /// Why, in Chinese.
    zh: &'static str,
}

impl RelatedAnswer {
    /// With the code as it stands, where somebody must ask for it next; else masked.
    pub fn of(related: &Related, whole: bool) -> Self {
        let relation = related.relation;
        Self {
            code: if whole { related.code.clone() } else { mask(&related.code) },
            code_type: related.code_type.clone(),
            en: relation.en(),
            relation,
            since: related.since,
            zh: relation.zh(),
        }
    }
}

/// The holder of a lookup's answer.
#[derive(Serialize, ToSchema)]
#[schema(as = LookedUpHolder)]
pub struct HolderAnswer<'a> {
    /// The type under which the number was given.
    code_type: CodeType,
    /// Further codes of the same holder that were looked up.
    linked_codes: u64,
    /// The number, masked.
    masked: &'a str,
    /// What must be known beside: `holder_code_conflict`, `record_damaged`.
    notes: &'a [Reason],
    /// Who took over from it, and from whom it took over, with the code: their records are looked up under that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<RelatedAnswer>,
    /// How the number was read, where that is worth saying.
    remarks: Vec<RemarkAnswer>,
    /// What is known of its life.
    state: HolderState,
}

/// Something that was noticed about a number.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberRemark)]
struct RemarkAnswer {
    /// In English.
    en: String,
    /// Its name.
    remark: RemarkKind,
    /// In Chinese.
    zh: String,
}

impl Serialize for FoundRecord {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        RecordAnswer::from(self).serialize(to)
    }
}

impl<'a> From<&'a FoundRecord> for RecordAnswer<'a> {
    fn from(found: &'a FoundRecord) -> Self {
        let opened = found.opened.as_ref();
        let def = opened.and(found.entry.as_ref()).map(|entry| entry.def());
        let body = opened.map(|opened| &opened.body);
        let proof = opened.and_then(|opened| opened.proof.as_ref());
        let (vouched_by, signed_with, envelope) = match body {
            Some(ShownBody::Envelope { envelope, signed_with }) => {
                (Some(VouchedBy::Issuer), Some(*signed_with), Some(envelope.view()))
            }
            Some(ShownBody::Extract(_)) => (Some(VouchedBy::Registry), None, None),
            Some(ShownBody::Directory(_) | ShownBody::Withheld) | None => (None, None, None),
        };
        Self {
            r#type: &found.type_code,
            slug: def.map(|def| def.slug.as_str()),
            name_zh: def.map(|def| def.name.zh.as_str()),
            name_en: def.map(|def| def.name.en.as_str()),
            identifier: opened.and_then(|opened| opened.identifier.as_deref()),
            version: opened.map(|opened| opened.version),
            issuer: opened.map(|opened| opened.issuer.as_str()),
            custody: opened.map(|opened| opened.custody),
            state: opened.map(|opened| opened.state),
            valid_from: opened.and_then(|opened| opened.valid_from),
            valid_to: opened.and_then(|opened| opened.valid_to),
            as_of: opened.map(|opened| opened.as_of),
            log: opened.map(|opened| opened.log.as_str()),
            leaf: opened.map(|opened| opened.leaf),
            event: proof.and_then(|proof| proof.event.as_deref()).map(|event| Stored(event.into())),
            proof: proof.map(|proof| proof.path.as_slice()),
            verdict: found.judgement.verdict,
            reasons: found.judgement.reasons,
            vouched_by,
            signed_with,
            envelope,
            extract: match body {
                Some(ShownBody::Extract(extract)) => Some(extract),
                _ => None,
            },
            directory: match body {
                Some(ShownBody::Directory(said)) if !said.is_empty() => Some(Stored(said.into())),
                _ => None,
            },
            withheld: found.withheld,
            linked: found.linked.as_ref().map(|related| RelatedAnswer::of(related, false)),
        }
    }
}

impl<'a> From<&'a FoundHolder> for HolderAnswer<'a> {
    fn from(found: &'a FoundHolder) -> Self {
        let remark = |remark: &Remark| RemarkAnswer {
            en: remark.text_en(),
            remark: remark.kind(),
            zh: remark.text_zh(),
        };
        Self {
            code_type: found.code_type,
            linked_codes: found.linked_codes,
            masked: &found.masked,
            notes: &found.notes,
            related: found.related.iter().map(|related| RelatedAnswer::of(related, true)).collect(),
            remarks: found.remarks.iter().map(remark).collect(),
            state: found.state,
        }
    }
}

/// Both halves as one object.
impl PartialSchema for LookupAnswer {
    fn schema() -> RefOr<Schema> {
        let mut whole = ObjectBuilder::new().description(Some("What a lookup is answered."));
        for half in [JudgedAnswer::schema(), LoggedAnswer::schema()] {
            let RefOr::T(Schema::Object(half)) = half else { continue };
            for (name, property) in half.properties {
                whole = whole.property(name, property);
            }
            for name in half.required {
                whole = whole.required(name);
            }
        }
        whole.into()
    }
}

impl ToSchema for LookupAnswer {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        JudgedAnswer::schemas(schemas);
        LoggedAnswer::schemas(schemas);
    }
}

impl Judged {
    /// All of the answer except the log's part.
    pub(super) fn written(&self) -> Result<Written> {
        let mut body = Vec::with_capacity(ROOM.0 + self.records.len() * ROOM.1);
        let answer = JudgedAnswer {
            records: &self.records,
            absent: &self.absent,
            conclusion: self.conclusion(),
            holder: (&self.holder).into(),
            heads: [&self.head],
            next: self.next.as_ref().map(Cursor::to_string),
            withheld: self.withheld,
        };
        json::write_open(&answer, &mut body).map_err(Error::internal)?;
        Ok(Written { body, records: self.records.len() })
    }
}

impl Written {
    /// The finished answer with its receipt.
    pub(super) fn finish(mut self, receipt: HandedReceipt) -> Result<Answered> {
        let logged = LoggedAnswer {
            at: receipt.accepted.at,
            clock: receipt.accepted.clock_behind(),
            receipt: &receipt,
        };
        json::write_more(&logged, &mut self.body).map_err(Error::internal)?;
        Ok(Answered { body: self.body, accepted: receipt.accepted, records: self.records })
    }

    /// The answer without a receipt, for measuring the cost of log and receipt.
    #[cfg(feature = "bench-routes")]
    pub(super) fn unlogged(mut self, at: Moment) -> Result<Vec<u8>> {
        json::write_more(&std::collections::BTreeMap::from([("at", at)]), &mut self.body)
            .map_err(Error::internal)?;
        Ok(self.body)
    }
}

impl LookedUp {
    /// The answer as it goes out.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let written = self.judged.written()?;
        written.finish(self.receipt.clone()).map(|answered| answered.body)
    }
}
