//! The answer of a lookup as the description of the API tells it. The answer itself is written straight into bytes
//! (`registry/lookup/answer.rs`); a test holds the two together.
#![expect(dead_code, reason = "only described, never made")]

use serde_json::Value;
use utoipa::ToSchema;

/// What a lookup is answered.
#[derive(ToSchema)]
pub struct LookupAnswer {
    /// What is on file and policy allows, each with its verdict.
    records: Vec<LookedUpRecord>,
    /// What the absence of each type that was asked for and not found means.
    absent: Vec<AbsentType>,
    /// The holder as it was understood.
    holder: LookedUpHolder,
    /// Heads of the logs, read before the records: the answer is at least as new.
    #[schema(value_type = Vec<Object>)]
    heads: Vec<Value>,
    /// The time of the access entry.
    at: String,
    /// Entry, proof and checkpoint of this access, or its log and index.
    #[schema(value_type = Object)]
    receipt: Value,
}

/// One record of a lookup's answer. One that does not open has its type, verdict and reasons alone.
#[derive(ToSchema)]
pub struct LookedUpRecord {
    /// Type code.
    r#type: String,
    /// The type's short name.
    slug: Option<String>,
    /// The type's name.
    name_zh: Option<String>,
    /// The type's name.
    name_en: Option<String>,
    /// Identifier (GB/T 36904); left out where it holds a number and not the whole is shown.
    identifier: Option<String>,
    /// From 1.
    version: Option<u32>,
    /// The issuing agency's code.
    issuer: Option<String>,
    /// `hosted`, `at_issuer`, `paper`, `elsewhere`.
    custody: Option<String>,
    /// 01 to 07 or 99.
    state: Option<String>,
    /// First valid day.
    valid_from: Option<String>,
    /// Last valid day; left out where there is none.
    valid_to: Option<String>,
    /// The feed or instant the copy came with.
    as_of: Option<String>,
    /// The log of its last event.
    log: Option<String>,
    /// The leaf there.
    leaf: Option<u64>,
    /// With `proofs`: the leaf's inclusion under the head.
    proof: Option<Vec<String>>,
    /// `valid`, `invalid`, `undetermined`.
    verdict: String,
    /// Every reason, from the closed list.
    reasons: Vec<String>,
    /// `issuer` beside an envelope, `registry` beside an extract.
    vouched_by: Option<String>,
    /// `key_held_by_registry` or `issuers_own_key`.
    signed_with: Option<String>,
    /// The record as it was signed, compact JWS, where policy lets the whole out.
    envelope: Option<String>,
    /// The fields that policy lets out.
    #[schema(value_type = Option<Object>)]
    extract: Option<Value>,
    /// Of an entry without a body: office, number, note, day of issue.
    #[schema(value_type = Option<Object>)]
    directory: Option<Value>,
}

/// What the absence of a type means.
#[derive(ToSchema)]
pub struct AbsentType {
    /// Type code.
    r#type: String,
    /// `none_within_coverage`, `not_covered`, `feed_late`.
    absence: String,
    /// The same as a sentence that may be shown.
    text: String,
    /// The statements it rests on, and what lies outside them.
    #[schema(value_type = Object)]
    coverage: Value,
}

/// The holder of a lookup's answer.
#[derive(ToSchema)]
pub struct LookedUpHolder {
    /// Code type, 3 digits.
    code_type: String,
    /// The number, masked.
    masked: String,
    /// What is known of its life.
    state: String,
    /// Further codes of the same holder that were looked up.
    linked_codes: u64,
    /// `holder_code_conflict`, `record_damaged`.
    notes: Vec<String>,
    /// How the number was read, where that is worth saying.
    #[schema(value_type = Vec<Object>)]
    remarks: Vec<Value>,
}
