//! Receipts: the proof, handed out with an answer, that its access stands in the log.
//!
//! Written without a tree, its members in canonical order, since every lookup waits for one; read and checked as an
//! outsider would, with the log's verifier key and nothing else. `schema/bytes.md` §6.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::hash::{Hash, leaf_hash, sha256};
use super::note::{Checkpoint, LogVerifier, NoteFault};
use super::proof;
use crate::record::json;
use crate::rule::Rule;

/// The parts of a receipt. A receipt holds the salt of its entry: treat it like the answer itself.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The signed note.
    pub checkpoint: String,
    /// The access entry, base64url.
    pub entry: String,
    /// Its leaf's index.
    pub index: u64,
    /// The name of the log.
    pub log: String,
    /// The inclusion proof for the checkpoint's size, leaf to root, each base64url.
    pub proof: Vec<String>,
}

/// The one member of an entry that a receipt repeats.
#[derive(serde::Deserialize)]
struct EntryLog {
    log: String,
}

/// Why a receipt proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptFault {
    /// Not JSON of a receipt's shape, a member that is not base64url, or another log than its entry names.
    #[error("the receipt is malformed")]
    Malformed,
    /// Its checkpoint is not one of this log.
    #[error("the receipt's checkpoint does not hold")]
    Checkpoint(#[source] NoteFault),
    /// Its entry is not in the tree that the checkpoint signs.
    #[error("the receipt's entry is not in the log")]
    NotIncluded,
}

impl ReceiptFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        match self {
            Self::Malformed => Rule::ReceiptMalformed,
            Self::Checkpoint(fault) => fault.rule(),
            Self::NotIncluded => Rule::ReceiptNotIncluded,
        }
    }
}

/// The canonical JSON of a receipt.
pub fn write(log: &str, index: u64, entry: &[u8], proof: Vec<Hash>, checkpoint: &str) -> String {
    Handed { checkpoint: Some(checkpoint), entry: Some(entry), index, log, proof: Some(proof) }.text()
}

impl Handed<'_> {
    /// Its canonical JSON.
    pub fn text(&self) -> String {
        let mut out = Vec::with_capacity(2048);
        // Texts, bytes and an index: nothing in it could be refused.
        let _ = json::write(self, &mut out);
        String::from_utf8(out).unwrap_or_default()
    }
}

/// A receipt as it is handed out with an answer: whole, or as the reference by which the whole is fetched later.
#[derive(Clone, serde::Serialize, utoipa::ToSchema)]
#[schema(as = Receipt)]
pub struct Handed<'a> {
    /// The signed note; left out in a reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub checkpoint: Option<&'a str>,
    /// The access entry, base64url; left out in a reference.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "base64url")]
    #[schema(nullable = false, value_type = Option<String>)]
    pub entry: Option<&'a [u8]>,
    /// Its leaf's index.
    pub index: u64,
    /// The name of the log.
    pub log: &'a str,
    /// The inclusion proof for the checkpoint's size, leaf to root; left out in a reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub proof: Option<Vec<Hash>>,
}

fn base64url<S: serde::Serializer>(entry: &Option<&[u8]>, to: S) -> Result<S::Ok, S::Error> {
    json::base64url(entry.unwrap_or_default(), to)
}

impl Receipt {
    /// Reads a receipt; unknown members are refused.
    pub fn parse(text: &str) -> Result<Self, ReceiptFault> {
        serde_json::from_str(text).ok().ok_or(ReceiptFault::Malformed)
    }

    /// The access entry and the checkpoint it stands under, if the receipt holds for the log of `verifier`.
    pub fn verify(&self, verifier: &LogVerifier) -> Result<(Vec<u8>, Checkpoint), ReceiptFault> {
        let checkpoint = verifier.checkpoint(&self.checkpoint).map_err(ReceiptFault::Checkpoint)?;
        let entry = decode(&self.entry)?;
        let proof = self
            .proof
            .iter()
            .map(|hash| decode(hash).and_then(|hash| Hash::from_slice(&hash).ok_or(ReceiptFault::Malformed)));
        let proof: Vec<Hash> = proof.collect::<Result<_, _>>()?;
        let leaf = leaf_hash(&sha256(&entry));
        if !proof::includes(&checkpoint.root, checkpoint.size, self.index, &leaf, &proof) {
            return Err(ReceiptFault::NotIncluded);
        }
        // The signature covers the entry; the name beside it is only a copy.
        let named: EntryLog = serde_json::from_slice(&entry).ok().ok_or(ReceiptFault::Malformed)?;
        if named.log != self.log { Err(ReceiptFault::Malformed) } else { Ok((entry, checkpoint)) }
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Receipt({} {})", self.log, self.index)
    }
}

fn decode(text: &str) -> Result<Vec<u8>, ReceiptFault> {
    URL_SAFE_NO_PAD.decode(text).ok().ok_or(ReceiptFault::Malformed)
}
